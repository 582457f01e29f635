import { fail, show } from '../errors.ts'
import { sizeOf } from '../tensor.ts'
import type { Model, NamedBytes, ReadOptions, Skipped, Weights } from './model.ts'
import { type NamedTensor, stateDict } from './state-dict.ts'
import { checkShape, type Dtype, strided, weights, widthOf } from './weights.ts'
import { openZip } from './zip.ts'

const DTYPES: Readonly<Record<string, Dtype>> = {
  f8: 'float64',
  f4: 'float32',
  f2: 'float16',
  i8: 'int64',
  u8: 'uint64',
  i4: 'int32',
  u4: 'uint32',
  i2: 'int16',
  u2: 'uint16',
  i1: 'int8',
  u1: 'uint8',
  b1: 'bool',
}

// NumPy itself refuses to parse longer headers from strangers.
const MAX_HEADER = 10_000

export function isNpy(bytes: Uint8Array): boolean {
  return bytes.length >= 6 && bytes[0] === 0x93 && bytes[1] === 0x4e && bytes[2] === 0x55 && bytes[3] === 0x4d
}

/** One array in a file of its own: taken for a layer whatever its name. */
export function readNpy({ name, bytes }: NamedBytes, options: ReadOptions): Model {
  const read = array(bytes, name)
  if (typeof read === 'string') fail('file', name, 'an array of real numbers', read, 'Save it as float32 or float64')
  const tensor = name.slice(name.lastIndexOf('/') + 1).replace(/\.npy$/i, '')
  return stateDict({ name, format: 'npy', tensors: [{ name: tensor, weights: read }], options })
}

/** An archive of arrays (`np.savez`, `np.savez_compressed`). */
export function readNpz({ name, bytes }: NamedBytes, options: ReadOptions): Model {
  const tensors: NamedTensor[] = []
  const skipped: Skipped[] = []
  const members = openZip(bytes, name)
  if (members.size === 0) fail('file', name, 'an archive of arrays', 'an empty one', 'Check that it was written completely')
  for (const member of members.values()) {
    const tensor = member.name.replace(/\.npy$/i, '')
    if (!/\.npy$/i.test(member.name)) {
      skipped.push({ name: member.name, why: 'not an array' })
      continue
    }
    const read = array(member.read(), `${name}: ${tensor}`)
    if (typeof read === 'string') skipped.push({ name: tensor, why: `${read}, not real numbers` })
    else tensors.push({ name: tensor, weights: read })
  }
  return stateDict({ name, format: 'npz', tensors, skipped, options })
}

/**
 * The array of an .npy file: magic, version, a Python dict with descr, fortran_order and shape, then the numbers.
 *
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * @returns the array, or what else the file holds: objects are pickles and are never opened
 */
function array(bytes: Uint8Array, what: string): Weights | string {
  const { text, end } = header(bytes, what)
  const descr = /'descr'\s*:\s*'([<>|=]?)([A-Za-z])(\d*)/.exec(text)
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)
  const sides = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)
  if (!order || !sides) fail('file', what, 'descr, fortran_order and shape', show(text.trim()), 'The file is damaged')
  if (!descr) return 'records'
  const [, endian, letter, width] = descr
  if (letter === 'O') return 'Python objects'
  const dtype = Object.hasOwn(DTYPES, letter + width) ? DTYPES[letter + width] : undefined
  if (!dtype) return letter === 'c' ? 'complex numbers' : `elements of type ${letter}${width}`
  const shape = checkShape(
    sides[1]
      .split(',')
      .filter(side => side.trim() !== '')
      .map(side => Number.parseInt(side, 10)),
    what,
  )
  const length = sizeOf(shape) * widthOf[dtype]
  if (bytes.length - end !== length)
    fail(
      'file',
      what,
      `${length} bytes for ${dtype} ${show(shape)}`,
      String(bytes.length - end),
      bytes.length - end < length ? 'The file is damaged or cut short' : 'Save one array a file, or all of them with np.savez',
    )
  const read = weights(bytes.subarray(end), dtype, shape, what, endian === '>')
  return order[1] === 'True' && shape.length > 1 ? strided(read, shape, columnMajor(shape)) : read
}

function header(bytes: Uint8Array, what: string): { text: string; end: number } {
  const version = bytes[6]
  const start = version === 1 ? 10 : 12
  if (!isNpy(bytes) || bytes.length < start || version < 1 || version > 3)
    fail('file', what, 'an .npy header of version 1, 2 or 3', 'other bytes', 'The file is damaged or cut short')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER || start + length > bytes.length)
    fail('file', what, 'an .npy header within the file', `one of ${length} bytes`, 'The file is damaged or cut short')
  return { text: new TextDecoder().decode(bytes.subarray(start, start + length)), end: start + length }
}

function columnMajor(shape: readonly number[]): number[] {
  const strides: number[] = []
  let step = 1
  for (const side of shape) {
    strides.push(step)
    step *= side
  }
  return strides
}
