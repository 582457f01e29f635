import { open, readdir, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { fail, OpnormError } from '../errors.ts'
import type { NamedBytes } from '../formats/model.ts'

/** Names and patterns (`*`, `?`, `**`) as file names, in a fixed order; a pattern that matches nothing stays, to be reported as missing. */
export async function expand(patterns: readonly string[]): Promise<string[]> {
  const names: string[] = []
  for (const pattern of patterns) {
    const matches = /[*?]/.test(pattern) ? await glob(pattern) : []
    names.push(...(matches.length > 0 ? matches : [pattern]))
  }
  return [...new Set(names)]
}

/** The part of a pattern before its first wildcard is a folder; everything below it is matched. */
async function glob(pattern: string): Promise<string[]> {
  const parts = pattern.split('/')
  const fixed = parts.findIndex(part => /[*?]/.test(part))
  const base = parts.slice(0, fixed).join('/')
  const expression = patternOf(parts.slice(fixed))
  const deep = parts.slice(fixed).length > 1 || parts.includes('**')
  const folder = base || (pattern.startsWith('/') ? '/' : '.')
  const entries = await readdir(folder, { recursive: deep, withFileTypes: true }).catch(() => [])
  return entries
    .filter(entry => !entry.isDirectory())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => expression.test(relativeTo(folder, path)))
    .sort()
}

function relativeTo(folder: string, path: string): string {
  const prefix = folder === '.' ? '' : join(folder, '/')
  return path.slice(prefix.length).split(sep).join('/')
}

function patternOf(parts: readonly string[]): RegExp {
  const source = parts.map((part, i) => {
    if (part === '**') return '(?:[^/]+/)*'
    const one = part
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')
    return i < parts.length - 1 ? one + '/' : one
  })
  return new RegExp(`^${source.join('')}$`)
}

/** A pipe does not say how long it is; what is longer than this is asked for as a file. */
const LONGEST_PIPE = 2 ** 32

export interface Reading {
  /** aborted, reading from a pipe ends: nobody may ever write to it */
  readonly signal?: AbortSignal
  /** bytes of a pipe, at most */
  readonly longest?: number
}

/** A file's bytes, read once into one buffer (readFile stops at 2 GiB), or a pipe's, to its end. @throws OpnormError `file`, one sentence */
export async function readBytes(name: string, what = 'a model file', reading: Reading = {}): Promise<NamedBytes> {
  try {
    const info = await stat(name)
    if (info.isDirectory()) fail('file', name, what, 'a directory', 'Name a file in it, or a pattern')
    // Files that the system makes up as they are read say they are empty.
    if (info.isFile() && info.size > 0) return { name, bytes: await bytesOf(name, info.size) }
    return { name, bytes: await unlessAborted(streamOf(name, what, reading.longest ?? LONGEST_PIPE), name, what, reading.signal) }
  } catch (error) {
    throw error instanceof OpnormError ? error : unreadable(name, what, error as NodeJS.ErrnoException)
  }
}

async function bytesOf(name: string, size: number): Promise<Uint8Array> {
  const file = await open(name, 'r')
  try {
    const bytes = new Uint8Array(size)
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(size - at, 2 ** 30), at)
      if (bytesRead === 0) return bytes.subarray(0, at)
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function streamOf(name: string, what: string, longest: number): Promise<Uint8Array> {
  const file = await open(name, 'r')
  try {
    let bytes = new Uint8Array(2 ** 16)
    for (let at = 0; ; ) {
      if (at > longest) fail('file', name, what, `more than ${longest} bytes from a pipe`, 'Save it as a file')
      if (at === bytes.length) {
        const longer = new Uint8Array(2 * at)
        longer.set(bytes)
        bytes = longer
      }
      const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, 2 ** 30), null)
      if (bytesRead === 0) return bytes.subarray(0, at)
      at += bytesRead
    }
  } finally {
    await file.close()
  }
}

/** A pipe nobody writes to blocks as it is opened, and cannot be asked to stop. */
async function unlessAborted<T>(work: Promise<T>, name: string, what: string, signal?: AbortSignal): Promise<T> {
  if (!signal) return work
  let stop = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new OpnormError('file', `${name}: expected ${what}, got an interrupt before its end. Run it again`))
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
  })
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', stop))
}

/** Text of a file that an option names. @throws OpnormError `usage`: such files are arguments, not models */
export async function readArgument(name: string, what: string, reading?: Reading): Promise<string> {
  try {
    return new TextDecoder().decode((await readBytes(name, what, reading)).bytes)
  } catch (cause) {
    throw new OpnormError('usage', (cause as Error).message, { cause })
  }
}

/** What a JSON file that an option names holds. @throws OpnormError `usage` */
export async function readJson(name: string, what: string, reading?: Reading): Promise<unknown> {
  const text = await readArgument(name, what, reading)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new OpnormError('usage', `${name}: expected ${what}, got no JSON (${(cause as Error).message}). Check the file`, {
      cause,
    })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing of that name',
  EISDIR: 'a directory',
  EACCES: 'a file that may not be read',
  EPERM: 'a file that may not be read',
}

function unreadable(name: string, what: string, error: NodeJS.ErrnoException): OpnormError {
  const given = REASONS[error.code ?? ''] ?? error.message
  return new OpnormError('file', `${name}: expected ${what}, got ${given}. Check the path`, { cause: error })
}
