import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

export interface Timed {
  seconds: number
  answer: Float64Array
}

/** Runs native.py on the data with /usr/bin/python3; undefined where there is no NumPy. */
export function native(task: string, data: Float64Array, ...sides: number[]): Timed | undefined {
  const folder = mkdtempSync(`${tmpdir()}/versus-`)
  const file = `${folder}/data`
  try {
    writeFileSync(file, data)
    const script = fileURLToPath(new URL('native.py', import.meta.url))
    const { status, stdout } = spawnSync('/usr/bin/python3', [script, task, file, ...sides.map(String)], { encoding: 'utf8' })
    if (status !== 0) return undefined
    const bytes = readFileSync(`${file}.out`)
    return {
      seconds: Number(stdout),
      answer: new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
