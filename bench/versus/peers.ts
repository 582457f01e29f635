/**
 * Singular values of one complex matrix by other JavaScript libraries. None but numpy-ts takes complex ones; the others get the real matrix
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
