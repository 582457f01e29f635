export interface Written {
  dtype: string
  shape: number[]
  bytes: Uint8Array
}

/** A safetensors file of the tensors given; `header` edits the header before it is written. */
export function writeSafetensors(
  tensors: Record<string, Written>,
  {
    metadata,
    header = h => h,
    pad = 0,
  }: { metadata?: object; header?: (header: Record<string, Record<string, unknown>>) => unknown; pad?: number } = {},
): Uint8Array {
  const entries: Record<string, unknown> = metadata ? { __metadata__: metadata } : {}
  let at = 0
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    entries[name] = { dtype, shape, data_offsets: [at, at + bytes.length] }
    at += bytes.length
  }
  const text = new TextEncoder().encode(
    JSON.stringify(header(entries as Record<string, Record<string, unknown>>)) + ' '.repeat(pad),
  )
  const file = new Uint8Array(8 + text.length + at)
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true)
  file.set(text, 8)
  at = 8 + text.length
  for (const { bytes } of Object.values(tensors)) {
    file.set(bytes, at)
    at += bytes.length
  }
  return file
}

export function f32(shape: number[], values: ArrayLike<number>): Written {
  return { dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.from(values).buffer) }
}
