import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '../../src/cli/main.ts'
import type { Report } from '../../src/report.ts'

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

interface Settings {
  readonly env?: Record<string, string>
  readonly tty?: boolean
  readonly signal?: AbortSignal
}

/** Runs a command line in this process and keeps what it wrote. */
export async function run(args: readonly string[], { env = {}, tty = false, signal }: Settings = {}): Promise<Outcome> {
  let out = ''
  let err = ''
  const stream = (keep: (text: string) => void) =>
    ({
      isTTY: tty,
      columns: 120,
      write(text: string) {
        keep(text)
        return true
      },
    }) as unknown as NodeJS.WriteStream
  const code = await main(args, {
    stdout: stream(text => (out += text)),
    stderr: stream(text => (err += text)),
    env,
    signal: signal ?? new AbortController().signal,
  })
  return { code, out, err }
}

/** The report of `--json`. */
export async function report(args: readonly string[]): Promise<Report> {
  return JSON.parse((await run([...args, '--json'])).out)
}

export function folder(): string {
  return mkdtempSync(join(tmpdir(), 'opnorm-cli-'))
}

export function put(place: string, name: string, bytes: Uint8Array | string): string {
  const path = join(place, name)
  writeFileSync(path, bytes)
  return path
}

/** Seeded numbers in [−1, 1): the tests' own generator. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed >>> 0
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

interface Entry {
  readonly shape: number[]
  readonly data?: Float32Array
  readonly dtype?: string
  readonly offsets?: readonly [number, number]
}

/** A safetensors file written by hand, right or wrong as the entries say. */
export function safetensors(tensors: Readonly<Record<string, Entry>>, headerLength?: number): Uint8Array {
  const header: Record<string, unknown> = {}
  const data: Uint8Array[] = []
  let at = 0
  for (const [name, entry] of Object.entries(tensors)) {
    const values =
      entry.data ??
      numbers(
        entry.shape.reduce((size, side) => size * side, 1),
        at + 1,
      )
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    header[name] = { dtype: entry.dtype ?? 'F32', shape: entry.shape, data_offsets: entry.offsets ?? [at, at + bytes.length] }
    data.push(bytes)
    at += bytes.length
  }
  const json = JSON.stringify(header)
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8))
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true)
  return new Uint8Array(Buffer.concat([length, text, ...data]))
}

/** Two convolutions and a dense layer. */
export const SMALL = { 'a.weight': { shape: [4, 3, 3, 3] }, 'b.weight': { shape: [5, 4, 3, 3] }, 'fc.weight': { shape: [3, 5] } }
