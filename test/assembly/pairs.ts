import { type Arena, borrow } from '../../src/runtime/arena.ts'

/** A complex matrix for the tests: column-major, [re, im] per entry. Plain, slow, and sharing no code with the routines. */
export interface Complex {
  rows: number
  columns: number
  re: Float64Array
  im: Float64Array
}

/** Sides on both sides of every vector width, microkernel and block boundary. */
export const SIDES = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64]

/** Uniform numbers in [−1, 1), the same in every run. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

export function zeros(rows: number, columns: number): Complex {
  return { rows, columns, re: new Float64Array(rows * columns), im: new Float64Array(rows * columns) }
}

export function randomMatrix(rows: number, columns: number, seed: number): Complex {
  const next = random(seed)
  const a = zeros(rows, columns)
  for (let i = 0; i < rows * columns; i++) {
    a.re[i] = next()
    a.im[i] = next()
  }
  return a
}

/** AᴴB. */
export function adjointTimes(a: Complex, b: Complex): Complex {
  const c = zeros(a.columns, b.columns)
  for (let j = 0; j < b.columns; j++) {
    for (let i = 0; i < a.columns; i++) {
      for (let k = 0; k < a.rows; k++) {
        const p = i * a.rows + k
        const q = j * b.rows + k
        c.re[j * c.rows + i] += a.re[p] * b.re[q] + a.im[p] * b.im[q]
        c.im[j * c.rows + i] += a.re[p] * b.im[q] - a.im[p] * b.re[q]
      }
    }
  }
  return c
}

/** Matrices in pair layout; an odd batch repeats its last in the second lane. */
export function pack(matrices: Complex[]): Float64Array {
  const size = matrices[0].re.length
  const pairs = Math.ceil(matrices.length / 2)
  const out = new Float64Array(pairs * size * 4)
  for (let l = 0; l < 2 * pairs; l++) {
    const { re, im } = matrices[Math.min(l, matrices.length - 1)]
    const base = (l >> 1) * size * 4 + (l & 1)
    for (let i = 0; i < size; i++) {
      out[base + 4 * i] = re[i]
      out[base + 4 * i + 2] = im[i]
    }
  }
  return out
}

/** Matrix `index` of a batch in pair layout. */
export function unpack(numbers: Float64Array, index: number, rows: number, columns: number): Complex {
  const a = zeros(rows, columns)
  const base = (index >> 1) * rows * columns * 4 + (index & 1)
  for (let i = 0; i < rows * columns; i++) {
    a.re[i] = numbers[base + 4 * i]
    a.im[i] = numbers[base + 4 * i + 2]
  }
  return a
}

const FENCE = 1234.5678

/**
 * Runs a routine with fenced outputs: `sizes` are the doubles each output has. Guards on both sides of every output must survive.
 * Outputs begin as NaN, so that what is not written shows.
 */
export function fenced(sizes: number[], run: (arena: Arena, ...at: number[]) => void): Float64Array[] {
  return borrow(arena => {
    const starts = sizes.map(size => arena.alloc((size + 8) * 8))
    starts.forEach((at, i) => {
      arena.f64(at, sizes[i] + 8).fill(FENCE)
      arena.f64(at + 32, sizes[i]).fill(Number.NaN)
    })
    run(arena, ...starts.map(at => at + 32))
    return starts.map((at, i) => {
      const all = arena.f64(at, sizes[i] + 8).slice()
      const guards = [...all.subarray(0, 4), ...all.subarray(sizes[i] + 4)]
      if (guards.some(x => x !== FENCE)) throw new Error(`fence of output ${i} broken: ${guards}`)
      return all.subarray(4, sizes[i] + 4)
    })
  })
}

/** Bits as text, so that −0 and 0 differ and NaN payloads show. */
export function bits(numbers: Float64Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64')
}

/** Q·diag(eigenvalues)·Qᴴ, Q a product of three random reflectors: Hermitian with a spectrum that is known to rounding. */
export function withSpectrum(eigenvalues: readonly number[], seed: number): Complex {
  const n = eigenvalues.length
  let g = zeros(n, n)
  for (const [i, value] of eigenvalues.entries()) g.re[i * n + i] = value
  for (let turn = 0; turn < 3; turn++) {
    const v = randomMatrix(n, 1, seed + turn)
    const square = v.re.reduce((s, x, i) => s + x * x + v.im[i] * v.im[i], 0)
    const h = zeros(n, n)
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < n; i++) {
        const at = j * n + i
        h.re[at] = (i === j ? 1 : 0) - (2 * (v.re[i] * v.re[j] + v.im[i] * v.im[j])) / square
        h.im[at] = (-2 * (v.im[i] * v.re[j] - v.re[i] * v.im[j])) / square
      }
    }
    g = adjointTimes(h, adjointTimes(g, h)) // H and G are Hermitian
  }
  return g
}

/** Spectra that trouble eigenvalue routines, largest first, the largest about 1. */
export function spectra(n: number): { name: string; values: number[] }[] {
  const make = (value: (i: number) => number) => Array.from({ length: n }, (_, i) => value(i))
  return [
    { name: 'spread', values: make(i => 1 - i / (n + 1)) },
    { name: 'all equal', values: make(() => 0.75) },
    { name: 'zero', values: make(() => 0) },
    { name: 'half repeated', values: make(i => (2 * i < n ? 1 : 0.25)) },
    { name: 'a pair on top', values: make(i => (i < 2 ? 1 : 0.5 / i)) },
    { name: 'close on top', values: make(i => (i < 3 ? 1 - i * 1e-9 : 0.9 - i / (2 * n))) },
    { name: 'graded', values: make(i => 2 ** (-4 * i)) },
    { name: 'rank one', values: make(i => (i === 0 ? 1 : 0)) },
  ]
}
