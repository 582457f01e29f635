import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Definition, seeded } from '../oracle.ts'

/** Where the golden cases and the models lie: beside a checkout, never inside it. */
const shared = fileURLToPath(new URL('../../../shared/', import.meta.url))
export const present = existsSync(shared + 'conformance/cases.json')
export const absent = 'skip: ../shared/conformance is not beside this checkout'

export type Values = number | string | readonly Values[] | { readonly [key: string]: Values }
interface Tolerance {
  rel?: number
  abs?: number
  absOverTop?: number
  relToNorm?: number
}

interface KernelSource {
  shape: number[]
  seed?: number
  std?: number
  data?: number[] | { inFile: string; key: string }
  formula?: 'ones' | 'zeros' | 'delta' | 'checkerboard'
  at?: number[]
  value?: number
  file?: string
  tensor?: string
  bnFold?: { gamma: string; var: string; eps: number }
  rowScale?: number[]
  colScale?: number[]
  scale?: number
  set?: [number, string][]
  fnv1a?: string
}

interface GeometrySource {
  padding: 'zero' | 'circular'
  pads?: number[] | 'same' | 'valid'
  inputSize: number[]
  stride?: number | number[]
  dilation?: number | number[]
  outputPadding?: number | number[]
  groups?: number
  transposed?: boolean
}

export interface Network {
  activation: 'softplus' | 'sigmoid' | 'tanh'
  weights: KernelSource[]
  y: number
  t: number
  margin: number
  gradientNorm: number
}

export interface Case {
  id: string
  type: 'conv' | 'dense' | 'curvature'
  what: string
  kernel: KernelSource
  geometry: GeometrySource
  network: Network
  // biome-ignore lint/suspicious/noExplicitAny: what a key holds is said by conformance/README.md, key by key
  expect: Record<string, any>
  tolerance: Record<string, Tolerance>
}

export function loadCases(): Case[] {
  return JSON.parse(readFileSync(shared + 'conformance/cases.json', 'utf8')).map((entry: Case) => ({
    ...entry,
    expect: entry.expect.error ? entry.expect : resolve(entry.expect),
  }))
}

/** Replaces `{inFile, key}` by what it names. */
function resolve(expect: Case['expect']): Case['expect'] {
  return Object.fromEntries(
    Object.entries(expect).map(([key, value]) => [key, value?.inFile ? sideFile(value.inFile)[value.key] : value]),
  )
}

function sideFile(name: string) {
  return JSON.parse(readFileSync(`${shared}conformance/${name}`, 'utf8'))
}

/** The final kernel, checked against its fingerprint. */
export function kernelOf(source: KernelSource): { data: Float64Array; shape: number[] } {
  const { shape } = source
  const size = shape.reduce((a, b) => a * b, 1)
  const data = rawKernel(source, size)
  const perRow = size / shape[0]
  const perColumn = perRow / shape[1]
  if (source.rowScale) for (let i = 0; i < size; i++) data[i] *= source.rowScale[Math.floor(i / perRow)]
  if (source.colScale) for (let i = 0; i < size; i++) data[i] *= source.colScale[Math.floor(i / perColumn) % shape[1]]
  if (source.scale !== undefined) for (let i = 0; i < size; i++) data[i] *= source.scale
  for (const [at, word] of source.set ?? []) data[at] = Number(word)
  if (source.fnv1a && fnv1a(data) !== source.fnv1a) throw new Error(`kernel does not match its fingerprint ${source.fnv1a}`)
  return { data, shape }
}

function rawKernel(source: KernelSource, size: number): Float64Array {
  if (source.seed !== undefined) return seeded(source.seed, size, source.std)
  if (source.file) return weights(source)
  if (source.data)
    return Float64Array.from(Array.isArray(source.data) ? source.data : sideFile(source.data.inFile)[source.data.key])
  const data = new Float64Array(size)
  if (source.formula === 'ones') data.fill(1)
  if (source.formula === 'delta') data[source.at!.reduce((at, i, d) => at * source.shape[d] + i, 0)] = source.value!
  if (source.formula === 'checkerboard') {
    const sides = source.shape.slice(2)
    for (let i = 0; i < size; i++) {
      let rest = i
      let sum = 0
      for (let d = sides.length - 1; d >= 0; d--) {
        sum += rest % sides[d]
        rest = Math.floor(rest / sides[d])
      }
      data[i] = sum % 2 ? -1 : 1
    }
  }
  return data
}

function weights({ file, tensor, bnFold, shape }: KernelSource): Float64Array {
  const data = safetensor(file!, tensor!)
  if (!bnFold) return data
  const gamma = safetensor(file!, bnFold.gamma)
  const variance = safetensor(file!, bnFold.var)
  const perRow = data.length / shape[0]
  return data.map((x, i) => {
    const o = Math.floor(i / perRow)
    return x * (gamma[o] / Math.sqrt(variance[o] + bnFold.eps))
  })
}

/** One float32 tensor of a safetensors file: 8 bytes of header length, a JSON header, the bytes. */
export function safetensor(file: string, name: string): Float64Array {
  const bytes = readFileSync(`${shared}models/${file}`)
  const header = Number(bytes.readBigUInt64LE(0))
  const { dtype, data_offsets } = JSON.parse(bytes.toString('utf8', 8, 8 + header))[name]
  if (dtype !== 'F32') throw new Error(`${name} is ${dtype}`)
  const [begin, end] = data_offsets
  return Float64Array.from({ length: (end - begin) / 4 }, (_, i) => bytes.readFloatLE(8 + header + begin + 4 * i))
}

function fnv1a(data: Float64Array): string {
  let hash = 0x811c9dc5
  for (const byte of new Uint8Array(data.buffer)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(16).padStart(8, '0')
}

/** The case as the oracle takes it. */
export function definitionOf({ kernel, geometry }: Case): Definition {
  const { data, shape } = kernelOf(kernel)
  const axes = shape.length - 2
  const each = (value: number | number[] | undefined, otherwise: number) =>
    Array.isArray(value) ? value : new Array<number>(axes).fill(value ?? otherwise)
  const stride = each(geometry.stride, 1)
  const dilation = each(geometry.dilation, 1)
  return {
    kernel: data,
    shape,
    inputSize: geometry.inputSize,
    padding: geometry.padding,
    pads: pads(geometry, shape, stride, dilation),
    stride,
    dilation,
    groups: geometry.groups ?? 1,
    transposed: geometry.transposed ?? false,
    outputPadding: each(geometry.outputPadding, 0),
  }
}

function pads(geometry: GeometrySource, shape: number[], stride: number[], dilation: number[]): number[] {
  const axes = shape.length - 2
  if (Array.isArray(geometry.pads)) return geometry.pads
  if (geometry.pads !== 'same') return new Array<number>(2 * axes).fill(0)
  const totals = geometry.inputSize.map((n, d) =>
    Math.max((Math.ceil(n / stride[d]) - 1) * stride[d] + dilation[d] * (shape[2 + d] - 1) + 1 - n, 0),
  )
  const before = totals.map(total => Math.floor(total / 2))
  return [...before, ...totals.map((total, d) => total - before[d])]
}

/** Why a number misses what is expected, or undefined. Meeting one of several tolerances is enough. */
export function mismatch(got: ArrayLike<number> | number, want: Values, tolerance: Tolerance = {}): string | undefined {
  const a = typeof got === 'number' ? [got] : Array.from(got)
  const b = (Array.isArray(want) ? want : [want]).map(Number)
  if (a.length !== b.length) return `${a.length} numbers instead of ${b.length}`
  const top = b.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0)
  if (tolerance.relToNorm !== undefined) {
    const scaleBy = top || 1
    const off = Math.hypot(...a.map((x, i) => (x - b[i]) / scaleBy)) / Math.max(Math.hypot(...b.map(x => x / scaleBy)), 1e-300)
    return off <= tolerance.relToNorm ? undefined : `off by ${off.toExponential(2)} of its norm`
  }
  let worst: string | undefined
  a.forEach((x, i) => {
    if (Object.is(x, b[i]) || x === b[i]) return
    const off = Math.abs(x - b[i])
    const meets =
      off <= (tolerance.rel ?? -1) * Math.abs(b[i]) || off <= (tolerance.abs ?? -1) || off / top <= (tolerance.absOverTop ?? -1)
    if (!meets) worst ??= `[${i}] is ${x} instead of ${b[i]} (${(off / Math.abs(b[i])).toExponential(2)})`
  })
  return worst
}
