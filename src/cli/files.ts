import { open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
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

/** A file's bytes, read once into one buffer (readFile stops at 2 GiB). @throws OpnormError `file`, one sentence */
export async function readBytes(name: string, what = 'a model file'): Promise<NamedBytes> {
  try {
    const file = await open(name, 'r')
    try {
      const info = await file.stat()
      if (info.isDirectory()) fail('file', name, what, 'a directory', 'Name a file in it, or a pattern')
      const bytes = new Uint8Array(info.size)
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, 2 ** 30), at)
        if (bytesRead === 0) return { name, bytes: bytes.subarray(0, at) }
        at += bytesRead
      }
      return { name, bytes }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw error instanceof OpnormError ? error : unreadable(name, what, error as NodeJS.ErrnoException)
  }
}

/** Text of a file that an option names. @throws OpnormError `usage`: such files are arguments, not models */
export async function readArgument(name: string, what: string): Promise<string> {
  try {
    return new TextDecoder().decode((await readBytes(name, what)).bytes)
  } catch (cause) {
    throw new OpnormError('usage', (cause as Error).message, { cause })
  }
}

/** What a JSON file that an option names holds. @throws OpnormError `usage` */
export async function readJson(name: string, what: string): Promise<unknown> {
  const text = await readArgument(name, what)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new OpnormError('usage', `${name}: expected ${what}, got no JSON (${(cause as Error).message}). Check the file`, {
      cause,
    })
  }
}

/** Writes beside the target and renames: an interrupted run leaves the old file or the new one, never half of one. */
export async function writeWhole(name: string, text: string): Promise<void> {
  const beside = join(dirname(name), `.${process.pid}.${Date.now().toString(36)}.part`)
  try {
    await writeFile(beside, text)
    await rename(beside, name)
  } catch (error) {
    await rm(beside, { force: true })
    fail('usage', name, 'a place that can be written', String((error as NodeJS.ErrnoException).code), 'Check folder and rights')
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
