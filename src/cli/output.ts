import { writeFile as writeDescriptor } from 'node:fs'
import { chmod, chown, lstat, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { fail } from '../errors.ts'
import type { Command } from './options.ts'

/** Whether reports would be written over what is read, or over each other: by any name and any link. @throws OpnormError `usage` */
export async function keepApart({ output, html }: Pick<Command, 'output' | 'html'>, read: readonly string[]): Promise<void> {
  const targets = Object.entries({ '--output': output, '--html': html }).filter(entry => entry[1] !== undefined)
  const places = await Promise.all(targets.map(([, name]) => identityOf(name!)))
  const [one, other] = places
  if (output !== undefined && html !== undefined && one === other && (one !== undefined || resolve(output) === resolve(html)))
    fail('usage', '--html', 'another file than --output', `'${html}'`, 'Name two')
  if (places.every(place => place === undefined)) return
  for (const file of read) {
    const place = await identityOf(file)
    const at = place === undefined ? -1 : places.indexOf(place)
    if (at >= 0) fail('usage', targets[at][0], 'a file of its own', `'${targets[at][1]}', which is read`, 'Name another')
  }
}

/** A regular file by its place on the disk; pipes and devices may be read and written. */
async function identityOf(name: string): Promise<string | undefined> {
  const there = await stat(name, { bigint: true }).catch(() => undefined)
  return there?.isFile() ? `${there.dev}:${there.ino}` : undefined
}

/**
 * Writes beside the target and renames: an interrupted run leaves the old file or the new one, never half of one. What the name leads to is
 * written, not the link; its mode stays. What is no file (a device, a pipe) cannot be replaced and is written to as it is.
 *
 * @throws OpnormError `usage`
 */
export async function writeWhole(name: string, text: string): Promise<void> {
  try {
    const there = await stat(name).catch(absent)
    const opened = descriptorOf(name)
    if (there && !there.isFile()) await writeFile(name, text)
    else if (opened !== undefined) await promisify(writeDescriptor)(opened, text)
    else await replace(there ? await realpath(name) : await destination(name), text, there)
  } catch (error) {
    fail('usage', name, 'a place that can be written', String((error as NodeJS.ErrnoException).code), 'Check folder and rights')
  }
}

/** A name for what the shell has opened already: a log that is appended to would be lost if it were replaced. */
function descriptorOf(name: string): number | undefined {
  const number = { '/dev/stdout': '1', '/dev/stderr': '2' }[name] ?? /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}

async function replace(target: string, text: string, there?: { mode: number; uid: number; gid: number }): Promise<void> {
  const beside = join(dirname(target), `.${process.pid}.${Date.now().toString(36)}.part`)
  try {
    // Never with more rights than the file has that it becomes.
    await writeFile(beside, text, { flag: 'wx', ...(there && { mode: there.mode & 0o600 }) })
    if (there) {
      await chown(beside, there.uid, there.gid).catch(() => {})
      await chmod(beside, there.mode & 0o7777)
    }
    await rename(beside, target)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

/** Where a link leads that leads to nothing yet. */
async function destination(name: string, links = 40): Promise<string> {
  const here = await lstat(name).catch(absent)
  if (!here?.isSymbolicLink() || links === 0) return name
  return destination(resolve(dirname(name), await readlink(name)), links - 1)
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
