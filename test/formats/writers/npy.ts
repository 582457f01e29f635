import { zipSync } from 'fflate'

/** An .npy file: `descr` as NumPy writes it ('<f4', '>f8'), numbers in file order. */
export function writeNpy(
  descr: string,
  shape: number[],
  values: ArrayLike<number>,
  { fortran = false, version = 1, header }: { fortran?: boolean; version?: number; header?: string } = {},
): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = header ?? `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sides}), }`
  const start = version === 1 ? 10 : 12
  const padded = text + ' '.repeat(63 - ((start + text.length) % 64)) + '\n'
  const data = encode(descr, values)
  const file = new Uint8Array(start + padded.length + data.length)
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0])
  const view = new DataView(file.buffer)
  if (version === 1) view.setUint16(8, padded.length, true)
  else view.setUint32(8, padded.length, true)
  file.set(new TextEncoder().encode(padded), start)
  file.set(data, start + padded.length)
  return file
}

function encode(descr: string, values: ArrayLike<number>): Uint8Array {
  const little = descr[0] !== '>'
  const width = Number(descr.slice(2)) || 1
  const view = new DataView(new ArrayBuffer(values.length * width))
  for (let i = 0; i < values.length; i++) {
    const at = i * width
    const value = values[i]
    if (descr[1] === 'f' && width === 8) view.setFloat64(at, value, little)
    else if (descr[1] === 'f' && width === 4) view.setFloat32(at, value, little)
    else if (width === 8) view.setBigInt64(at, BigInt(value), little)
    else if (width === 4) view.setInt32(at, value, little)
    else if (width === 2) view.setInt16(at, value, little)
    else view.setInt8(at, value)
  }
  return new Uint8Array(view.buffer)
}

/** An archive of files, each stored or deflated. */
export function writeZip(files: Record<string, Uint8Array>, deflate = false): Uint8Array {
  return zipSync(files, { level: deflate ? 6 : 0, mtime: new Date(1980, 0, 2) })
}
