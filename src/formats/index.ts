import { fail, OpnormError, show } from '../errors.ts'
import { geometryTable } from './geometry.ts'
import { filesGiven } from './given.ts'
import type { Model, ModelFile, NamedBytes, ReadOptions } from './model.ts'
import { isNpy, readNpy, readNpz } from './npy.ts'
import { isOnnx, onnxCompanions, readOnnx } from './onnx/index.ts'
import { isCheckpoint, isPickle, readPytorch } from './pytorch/index.ts'
import { isSafetensors, readSafetensors, shardsIndexed } from './safetensors.ts'
import { isJson, readTfjs, tfjsCompanions } from './tfjs/index.ts'
import { isZip, openZip } from './zip.ts'

export type * from './model.ts'

/**
 * A model from its bytes. The format is told by the content, never by the name.
 *
 * Nothing in a file is executed, every length is checked before memory is taken, and tensors stay views of the bytes given.
 *
 * @param files the model file first; then what belongs to it (external data, shards), see `companions`
 * @throws OpnormError `file` for what is no file, and for bytes that are no model, damaged, or not to be trusted; `option` for a table of geometries that is none
 */
export function readModel(files: ModelFile | readonly ModelFile[], options: ReadOptions = {}): Model {
  const given = filesGiven(files)
  const [file] = given
  if (options.geometry !== undefined) geometryTable(options.geometry, 'geometry')
  return clearly(file, () => readerOf(file)(given, options))
}

/**
 * Names of the files a model keeps its numbers in, besides itself: external data of ONNX, shards of TensorFlow.js. They lie in the same
 * folder; whatever path a file asks for, only its last component is taken, so that no model can reach out of its folder.
 *
 * @throws OpnormError `file`
 */
export function companions(given: ModelFile): string[] {
  const [file] = filesGiven(given)
  return clearly(file, () => {
    const reader = readerOf(file)
    if (reader === readOnnx) return onnxCompanions(file)
    return reader === readTfjs ? tfjsCompanions(file) : []
  })
}

type FormatReader = (files: readonly NamedBytes[], options: ReadOptions) => Model

/** What a file is, by its first bytes. The order matters where beginnings overlap: safetensors may begin with any byte. */
function readerOf({ name, bytes }: NamedBytes): FormatReader {
  if (bytes.length === 0) fail('file', name, 'a model', 'an empty file', 'Check that it was written or downloaded completely')
  if (isNpy(bytes)) return alone(readNpy)
  if (isZip(bytes)) return alone(readArchive)
  if (isSafetensors(bytes)) return alone(readSafetensors)
  if (isPickle(bytes)) return alone(readPytorch)
  if (isJson(bytes)) {
    const shards = shardsIndexed(bytes)
    if (!shards) return readTfjs
    const some = shards.slice(0, 2).map(show).join(', ') + (shards.length > 2 ? ', …' : '')
    fail(
      'file',
      name,
      'a model',
      `an index of ${shards.length} shards: ${some}`,
      'Give the shards instead: each holds whole tensors',
    )
  }
  if (isOnnx(bytes)) return readOnnx
  if (isTar(bytes))
    fail(
      'file',
      name,
      'a model',
      'a tar archive (of models, or from before PyTorch 0.1.10)',
      'Unpack it, or save it again with torch.save',
    )
  fail(
    'file',
    name,
    'safetensors, ONNX, TensorFlow.js, PyTorch, .npy or .npz',
    'bytes of another kind',
    'Check that it is the right file',
  )
}

/** A format that is one file. What else was given is named, since nobody looks at it. */
function alone(read: (file: NamedBytes, options: ReadOptions) => Model): FormatReader {
  return ([file, ...others], options) => {
    const model = read(file, options)
    if (others.length === 0) return model
    const named = others.slice(0, 5).map(({ name }) => name)
    const more = others.length > 5 ? ` and ${others.length - 5} more` : ''
    return { ...model, notes: [...model.notes, `not read, since this format is one file: ${named.join(', ')}${more}`] }
  }
}

/** POSIX tar: its name stands in the first header, at byte 257. */
function isTar(bytes: Uint8Array): boolean {
  return bytes.length > 262 && [0x75, 0x73, 0x74, 0x61, 0x72].every((byte, i) => bytes[257 + i] === byte)
}

/** A ZIP archive is PyTorch's or NumPy's. */
function readArchive(file: NamedBytes, options: ReadOptions): Model {
  return isCheckpoint(openZip(file.bytes, file.name)) ? readPytorch(file, options) : readNpz(file, options)
}

/** Whatever a reader stumbles over in a damaged file is said as one sentence about the file. */
function clearly<T>({ name }: NamedBytes, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof OpnormError) throw error
    const given = error instanceof Error ? error.message : String(error)
    throw new OpnormError('file', `${name}: expected an undamaged file, got ${given}. Check that it is complete`, {
      cause: error,
    })
  }
}
