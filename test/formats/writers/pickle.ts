import { writeZip } from './npy.ts'

/** Python values a pickle can be written of; the last three are instructions rather than data. */
export type Python =
  | null
  | boolean
  | number
  | string
  | Python[]
  | { dict: [Python, Python][] }
  | { tuple: Python[] }
  | { global: string }
  | { call: string; args: Python[]; state?: Python }
  | { persistent: Python }

/** A pickle of protocol 2. */
export function pickle(value: Python): Uint8Array {
  const out: number[] = [0x80, 2]
  write(value, out)
  out.push(0x2e)
  return Uint8Array.from(out)
}

const ascii = (text: string) => [...new TextEncoder().encode(text)]
const word = (n: number) => [...new Uint8Array(Int32Array.of(n).buffer)]

function write(value: Python, out: number[]): void {
  if (value === null) out.push(0x4e)
  else if (typeof value === 'boolean') out.push(value ? 0x88 : 0x89)
  else if (typeof value === 'number' && Number.isInteger(value)) out.push(0x4a, ...word(value))
  else if (typeof value === 'number') out.push(0x47, ...new Uint8Array(Float64Array.of(value).buffer).reverse())
  else if (typeof value === 'string') out.push(0x58, ...word(new TextEncoder().encode(value).length), ...ascii(value))
  else if (Array.isArray(value)) {
    out.push(0x5d, 0x28)
    for (const item of value) write(item, out)
    out.push(0x65)
  } else if ('dict' in value) {
    out.push(0x7d, 0x28)
    for (const [key, held] of value.dict) {
      write(key, out)
      write(held, out)
    }
    out.push(0x75)
  } else if ('tuple' in value) {
    out.push(0x28)
    for (const item of value.tuple) write(item, out)
    out.push(0x74)
  } else if ('global' in value) {
    const cut = value.global.lastIndexOf('.')
    out.push(0x63, ...ascii(`${value.global.slice(0, cut)}\n${value.global.slice(cut + 1)}\n`))
  } else if ('call' in value) {
    write({ global: value.call }, out)
    write({ tuple: value.args }, out)
    out.push(0x52)
    if (value.state !== undefined) {
      write(value.state, out)
      out.push(0x62)
    }
  } else {
    write(value.persistent, out)
    out.push(0x51)
  }
}

export interface TorchTensor {
  type?: string
  key: string
  count: number
  offset?: number
  shape: number[]
  strides?: number[]
}

/** A tensor as torch.save describes it. */
export function torchTensor({ type = 'FloatStorage', key, count, offset = 0, shape, strides }: TorchTensor): Python {
  const steps = strides ?? shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1))
  const id: Python = { tuple: ['storage', { global: `torch.${type}` }, key, 'cpu', count] }
  return {
    call: 'torch._utils._rebuild_tensor_v2',
    args: [{ persistent: id }, offset, { tuple: shape }, { tuple: steps }, false, { call: 'collections.OrderedDict', args: [] }],
  }
}

/** A checkpoint as PyTorch ≥ 1.6 writes it. */
export function writeTorchZip(value: Python, storages: Record<string, Uint8Array>, deflate = false): Uint8Array {
  const files: Record<string, Uint8Array> = { 'model/data.pkl': pickle(value), 'model/version': new Uint8Array([0x33, 0x0a]) }
  for (const [key, bytes] of Object.entries(storages)) files[`model/data/${key}`] = bytes
  return writeZip(files, deflate)
}

/** A checkpoint as PyTorch < 1.6 wrote it. */
export function writeTorchLegacy(value: Python, storages: Record<string, { count: number; bytes: Uint8Array }>): Uint8Array {
  const magic = Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e)
  const system: Python = {
    dict: [
      ['protocol_version', 1001],
      ['little_endian', true],
    ],
  }
  const parts = [magic, pickle(1001), pickle(system), pickle(value), pickle(Object.keys(storages))]
  for (const { count, bytes } of Object.values(storages))
    parts.push(new Uint8Array(BigInt64Array.of(BigInt(count)).buffer), bytes)
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    file.set(part, at)
    at += part.length
  }
  return file
}
