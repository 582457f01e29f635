/** A position and the weight of what is there. */
export interface Spot {
  readonly at: readonly number[]
  readonly weight: number
}

/** Rows of an integer matrix of determinant ±1. */
export type Basis = readonly (readonly number[])[]

/** Σ w(q − q̄)(q − q̄)ᵀ */
export function covarianceOf(spots: readonly Spot[]): number[][] {
  const total = spots.reduce((sum, { weight }) => sum + weight, 0)
  const mean = spots[0].at.map((_, d) => spots.reduce((sum, { at, weight }) => sum + weight * at[d], 0) / total)
  return mean.map((a, d) =>
    mean.map((b, e) => spots.reduce((sum, { at, weight }) => sum + weight * (at[d] - a) * (at[e] - b), 0)),
  )
}

/** uᵀCu */
export function variance(covariance: readonly (readonly number[])[], u: readonly number[]): number {
  return covariance.reduce((sum, row, d) => sum + u[d] * row.reduce((inner, c, e) => inner + c * u[e], 0), 0)
}

/** Of a positive semidefinite matrix, by elimination; 0 where rounding leaves less. */
export function determinant(matrix: readonly (readonly number[])[]): number {
  const rows = matrix.map(row => [...row])
  let product = 1
  for (let k = 0; k < rows.length; k++) {
    const pivot = rows[k][k]
    if (!(pivot > 0)) return 0
    product *= pivot
    for (let i = k + 1; i < rows.length; i++)
      for (let j = rows.length - 1; j >= k; j--) rows[i][j] -= (rows[i][k] / pivot) * rows[k][j]
  }
  return product
}

export function identity(axes: number): number[][] {
  return Array.from({ length: axes }, (_, d) => Array.from({ length: axes }, (_, e) => (d === e ? 1 : 0)))
}

export function isIdentity(basis: Basis): boolean {
  return basis.every((row, d) => row.every((u, e) => u === (d === e ? 1 : 0)))
}

/** What shortens a vector by less than this part is rounding. */
const SHORTER = 1 - 1e-9

/**
 * A basis of ℤ^D, D ≤ 3, of integer vectors u with small uᵀCu, C positive semidefinite: the directions in which positions vary least. Lagrange and Gauss for two
 * axes; for three every sum and difference with the others is tried as well, which is Minkowski's condition.
 */
export function reducedBasis(covariance: readonly (readonly number[])[]): Basis {
  const axes = covariance.length
  const basis = identity(axes)
  const others = combinations(axes - 1)
  const size = (u: readonly number[]) => variance(covariance, u)
  const reach = 1e-12 * covariance.reduce((sum, row, d) => sum + row[d], 0)
  for (let shortened = true, rounds = 0; shortened && rounds < 64; rounds++) {
    shortened = false
    for (let d = 0; d < axes; d++) {
      const rest = basis.filter((_, e) => e !== d)
      for (const signs of others) {
        const w = basis[d].map((_, e) => rest.reduce((sum, u, k) => sum + signs[k] * u[e], 0))
        const square = size(w)
        // the multiple of w whose difference is shortest; a w of no length serves once, since all multiples do
        const product = basis[d].reduce((sum, a, e) => sum + a * covariance[e].reduce((inner, c, f) => inner + c * w[f], 0), 0)
        const times = square > reach ? Math.round(product / square) : 0
        const next = basis[d].map((a, e) => a - times * w[e])
        if (times === 0 || !(size(next) < SHORTER * size(basis[d]) - 1e-15 * reach)) continue
        basis[d] = next
        shortened = true
      }
    }
  }
  return basis
}

/** All lists of −1, 0 and 1, one of each pair of opposites, without the zeros. */
function combinations(length: number): number[][] {
  let lists: number[][] = [[]]
  for (let k = 0; k < length; k++) lists = lists.flatMap(list => [-1, 0, 1].map(x => [...list, x]))
  return lists.filter(list => (list.find(x => x !== 0) ?? -1) > 0)
}
