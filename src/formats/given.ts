import { fail, show } from '../errors.ts'
import type { ModelFile, NamedBytes } from './model.ts'

/**
 * The files a caller gave, as bytes with names.
 *
 * @throws OpnormError `file` for anything else, saying what to pass
 */
export function filesGiven(files: ModelFile | readonly ModelFile[]): NamedBytes[] {
  const given = Array.isArray(files) ? (files as readonly ModelFile[]) : [files as ModelFile]
  if (given.length === 0) fail('file', 'files', 'at least one file', 'none', 'Give the model file first')
  return given.map(fileGiven)
}

function fileGiven(file: ModelFile): NamedBytes {
  const { name, bytes } = isObject(file) ? (file as Partial<ModelFile>) : {}
  if (typeof name !== 'string' || bytes === undefined)
    fail(
      'file',
      'files',
      '{ name, bytes }, or an array of such',
      spoken(file),
      'Read the file first, and give its name with its bytes',
    )
  if (ArrayBuffer.isView(bytes)) {
    const { buffer, byteOffset, byteLength } = bytes
    return { name, bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(buffer, byteOffset, byteLength) }
  }
  // By its tag, as one from another frame is an instance of another class.
  if (Object.prototype.toString.call(bytes) === '[object ArrayBuffer]') return { name, bytes: new Uint8Array(bytes) }
  return fail(
    'file',
    `${name}: bytes`,
    'a Uint8Array or an ArrayBuffer',
    spoken(bytes),
    'Of a Blob or a Response, await arrayBuffer() gives one',
  )
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function spoken(value: unknown): string {
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  return ArrayBuffer.isView(value) || (isObject(value) && kind !== 'Object' && kind !== 'Array') ? `a ${kind} alone` : show(value)
}
