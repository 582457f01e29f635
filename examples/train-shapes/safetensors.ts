/** A tensor to store; the numbers are written as float32. */
export interface Stored {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/**
 * The bytes of a safetensors file: 8 bytes of header length, a JSON header padded with spaces to a multiple of 8, then the tensors one
 * after another in the order given, little endian.
 */
export function toSafetensors(tensors: Readonly<Record<string, Stored>>, metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let end = 0
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, (end += data.length * 4)] }
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const start = 8 + Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(start - 8), true)
  bytes.set(json, 8)
  let at = start
  for (const { data } of Object.values(tensors)) {
    for (let i = 0; i < data.length; i++, at += 4) view.setFloat32(at, data[i], true)
  }
  return bytes
}
