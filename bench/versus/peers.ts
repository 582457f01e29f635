/**
 * Other JavaScript libraries. Singular values of one complex matrix: None but numpy-ts takes complex ones; the others get the real matrix
 * [[Re, −Im], [Im, Re]] of twice the side, whose values are the same, each twice.
 */
import { Matrix, SVD } from 'ml-matrix'
import numeric from 'numeric'
import * as np from 'numpy-ts'

export interface Peer {
  name: string
  /** Column-major parts of an n×n matrix → its values, descending. */
  values(re: Float64Array, im: Float64Array, n: number): number[]
}

export const peers: Peer[] = [
  {
    name: 'ml-matrix',
    values: (re, im, n) =>
      once(
        new SVD(new Matrix(real(re, im, n)), { computeLeftSingularVectors: false, computeRightSingularVectors: false }).diagonal,
      ),
  },
  { name: 'numeric', values: (re, im, n) => once(numeric.svd(real(re, im, n)).S) },
  { name: 'numpy-ts (real, twice the side)', values: (re, im, n) => once(list(np.linalg.svdvals(np.array(real(re, im, n))))) },
  {
    name: 'numpy-ts (complex)',
    values: (re, im, n) => {
      const rows = Array.from({ length: n }, (_, i) =>
        Array.from({ length: n }, (_, j) => new np.Complex(re[j * n + i], im[j * n + i])),
      )
      return list(np.linalg.svdvals(np.array(rows)))
    },
  },
]

function real(re: Float64Array, im: Float64Array, n: number): number[][] {
  return Array.from({ length: 2 * n }, (_, i) =>
    Array.from({ length: 2 * n }, (_, j) => {
      const at = (j % n) * n + (i % n)
      if (i < n === j < n) return re[at]
      return i < n ? -im[at] : im[at]
    }),
  )
}

const list = (values: { tolist(): unknown }) => (values.tolist() as number[]).map(Number)

/** Every second one. */
const once = (values: number[]) =>
  Array.from(values)
    .sort((a, b) => b - a)
    .filter((_, i) => i % 2 === 0)

/** AᵀB of n×n matrices by columns; what is measured is `multiply` alone, on the library's own arrays. */
export interface Multiplier {
  name: string
  open(a: Float64Array, b: Float64Array, n: number): { multiply(): void; result(): ArrayLike<number> }
}

const columns = (x: Float64Array, n: number) => Array.from({ length: n }, (_, j) => Array.from(x.subarray(j * n, (j + 1) * n)))
const byRows = (x: Float64Array, n: number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => x[j * n + i]))
const flat = (rows: number[][]) =>
  Float64Array.from({ length: rows.length ** 2 }, (_, at) => rows[at % rows.length][Math.floor(at / rows.length)])

export const multipliers: Multiplier[] = [
  {
    name: 'plain JavaScript, 4×2 sums at a time',
    open(a, b, n) {
      const c = new Float64Array(n * n)
      return { multiply: () => plainProduct(a, b, c, n), result: () => c }
    },
  },
  {
    name: 'ml-matrix',
    open(a, b, n) {
      const [x, y] = [new Matrix(columns(a, n)), new Matrix(byRows(b, n))]
      let c = x
      return { multiply: () => void (c = x.mmul(y)), result: () => flat(c.to2DArray()) }
    },
  },
  {
    name: 'numeric',
    open(a, b, n) {
      const [x, y] = [columns(a, n), byRows(b, n)]
      let c = x
      return { multiply: () => void (c = numeric.dot(x, y) as number[][]), result: () => flat(c) }
    },
  },
  {
    name: 'numpy-ts',
    open(a, b, n) {
      const [x, y] = [np.array(columns(a, n)), np.array(byRows(b, n))]
      let c = x
      return { multiply: () => void (c = np.matmul(x, y) as typeof x), result: () => flat(c.tolist() as number[][]) }
    },
  },
]

/** n a multiple of four. */
function plainProduct(a: Float64Array, b: Float64Array, c: Float64Array, n: number): void {
  for (let j = 0; j < n; j += 2) {
    for (let i = 0; i < n; i += 4) {
      const at = i * n
      let p = 0
      let q = 0
      let r = 0
      let s = 0
      let t = 0
      let u = 0
      let v = 0
      let w = 0
      for (let k = 0; k < n; k++) {
        const x = b[j * n + k]
        const y = b[j * n + n + k]
        const d = a[at + k]
        const e = a[at + n + k]
        const f = a[at + 2 * n + k]
        const g = a[at + 3 * n + k]
        p += d * x
        q += e * x
        r += f * x
        s += g * x
        t += d * y
        u += e * y
        v += f * y
        w += g * y
      }
      const to = j * n + i
      c[to] = p
      c[to + 1] = q
      c[to + 2] = r
      c[to + 3] = s
      c[to + n] = t
      c[to + n + 1] = u
      c[to + n + 2] = v
      c[to + n + 3] = w
    }
  }
}

/** The Fourier transform of one n×n complex signal (re, im). */
export interface Transformer {
  name: string
  open(signal: Float64Array, n: number): { transform(): void; result(): ArrayLike<number> }
}

export const transformers: Transformer[] = [
  {
    name: 'numpy-ts fft2',
    open(signal, n) {
      const rows = Array.from({ length: n }, (_, i) =>
        Array.from({ length: n }, (_, j) => new np.Complex(signal[2 * (i * n + j)], signal[2 * (i * n + j) + 1])),
      )
      const x = np.array(rows)
      let y = x
      return {
        transform: () => void (y = np.fft.fft2(x) as typeof x),
        result: () => (y.tolist() as { re: number; im: number }[][]).flat().flatMap(({ re, im }) => [re, im]),
      }
    },
  },
]
