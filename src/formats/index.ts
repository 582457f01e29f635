import { fail, OpnormError } from '../errors.ts'
import type { Model, NamedBytes, ReadOptions } from './model.ts'
import { isNpy, readNpy, readNpz } from './npy.ts'
import { isOnnx, readOnnx } from './onnx/index.ts'
import { isCheckpoint, isPickle, readPytorch } from './pytorch/index.ts'
import { isSafetensors, readSafetensors } from './safetensors.ts'
import { isJson, readTfjs } from './tfjs/index.ts'
import { isZip, openZip } from './zip.ts'

export type * from './model.ts'

/**
 * A model from its bytes. The format is told by the content, never by the name.
 *
 * Nothing in a file is executed, every length is checked before memory is taken, and tensors stay views of the bytes given.
 *
 * @param files the model file first; then what belongs to it (external data, shards)
 * @throws OpnormError `file` for bytes that are no model, damaged, or not to be trusted
 */
export function readModel(files: NamedBytes | readonly NamedBytes[], options: ReadOptions = {}): Model {
  const given = Array.isArray(files) ? (files as readonly NamedBytes[]) : [files as NamedBytes]
  const [file] = given
  if (file === undefined) fail('file', 'files', 'at least one file', 'none', 'Give the model file first')
  const { name, bytes } = file
  if (bytes.length === 0) fail('file', name, 'a model', 'an empty file', 'Check that it was written or downloaded completely')
  try {
    if (isNpy(bytes)) return readNpy(file, options)
    if (isZip(bytes)) return isCheckpoint(openZip(bytes, name)) ? readPytorch(file, options) : readNpz(file, options)
    if (isPickle(bytes)) return readPytorch(file, options)
    if (isSafetensors(bytes)) return readSafetensors(file, options)
    if (isJson(bytes)) return readTfjs(given, options)
    if (isOnnx(bytes)) return readOnnx(given, options)
  } catch (error) {
    throw clear(error, name)
  }
  fail('file', name, KNOWN, 'bytes of another kind', 'Convert it, or check that it is the right file')
}

const KNOWN = 'safetensors, ONNX, TensorFlow.js, PyTorch, .npy or .npz'

/** Whatever a reader stumbles over in a damaged file is said as one sentence about the file. */
function clear(error: unknown, name: string): OpnormError {
  if (error instanceof OpnormError) return error
  const given = error instanceof Error ? error.message : String(error)
  return new OpnormError('file', `${name}: expected an undamaged file, got ${given}. Check that it is complete`, { cause: error })
}
