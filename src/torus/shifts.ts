import type { TrigonometricPolynomial } from '../symbol.ts'
import { identity, type Spot } from './lattice-basis.ts'

/**
 * Shifts of rows and columns against each other, F′_ij(θ) = e^{−ix_i·θ} F_ij(θ) e^{iy_j·θ}, as one list of D numbers a node: x_i of the rows, then y_j of the
 * columns, whose nodes follow those of the rows.
 */

/** q − x_i + y_j */
export function shifted(shift: Int32Array, q: readonly number[], row: number, column: number): number[] {
  const axes = q.length
  return q.map((x, d) => x - shift[row * axes + d] + shift[column * axes + d])
}

/**
 * B = Σ|K_e||K_f|(q_e − q_f)(q_e − q_f)ᵀ over all pairs of weights e, f in the same row. uᵀBu is an upper bound of Σ(u·q)²‖G_q‖₂ over all taps of G = FᴴF, since
 * entry (j, k) of G_q sums products of two weights of one row, in columns j and k, that lie q apart.
 */
export function bendForm(
  { rows: m, columns: n, taps }: TrigonometricPolynomial,
  places: readonly (readonly number[])[],
  shift?: Int32Array,
): number[][] {
  const axes = places[0].length
  // Σ|K|, Σ|K|q and Σ|K|qqᵀ of each row
  const size = 1 + axes + axes * axes
  const sums = new Float64Array(m * size)
  const q = new Array<number>(axes)
  for (let at = 0; at < taps.length; at++) {
    const weight = Math.abs(taps[at])
    if (weight === 0) continue
    const row = at % m
    const column = m + (Math.floor(at / m) % n)
    const place = places[Math.floor(at / (m * n))]
    for (let d = 0; d < axes; d++) q[d] = place[d] + (shift ? shift[column * axes + d] - shift[row * axes + d] : 0)
    sums[row * size] += weight
    for (let d = 0; d < axes; d++) {
      sums[row * size + 1 + d] += weight * q[d]
      for (let e = 0; e < axes; e++) sums[row * size + 1 + axes + d * axes + e] += weight * q[d] * q[e]
    }
  }
  const form = identity(axes).map(row => row.map(() => 0))
  for (let from = 0; from < sums.length; from += size)
    for (let d = 0; d < axes; d++)
      for (let e = 0; e < axes; e++)
        form[d][e] += 2 * (sums[from] * sums[from + 1 + axes + d * axes + e] - sums[from + 1 + d] * sums[from + 1 + e])
  return form
}

/** The largest weight of each pair of channels, largest first, joins a row to a column unless they are joined already (Kruskal 1956). */
export function forestShifts(
  { rows: m, columns: n, taps }: TrigonometricPolynomial,
  places: readonly (readonly number[])[],
): Int32Array {
  const axes = places[0].length
  const plane = m * n
  const largest = new Float64Array(plane)
  const place = new Int32Array(plane)
  for (let at = 0; at < taps.length; at++) {
    const e = at % plane
    if (Math.abs(taps[at]) <= largest[e]) continue
    largest[e] = Math.abs(taps[at])
    place[e] = Math.floor(at / plane)
  }
  const order = Array.from(largest.keys()).filter(e => largest[e] > 0)
  order.sort((a, b) => largest[b] - largest[a])
  const shift = new Int32Array((m + n) * axes)
  const trees = Array.from({ length: m + n }, (_, node) => [node])
  for (const e of order) {
    const [row, column] = [e % m, m + Math.floor(e / m)]
    if (trees[row] === trees[column]) continue
    // q − x_i + y_j = 0, brought about by moving the smaller of the two trees
    const rowMoves = trees[row].length < trees[column].length
    const [from, to] = rowMoves ? [trees[row], trees[column]] : [trees[column], trees[row]]
    const sign = rowMoves ? 1 : -1
    const off = shifted(shift, places[place[e]], row, column).map(q => sign * q)
    for (const node of from) {
      for (let d = 0; d < axes; d++) shift[node * axes + d] += off[d]
      trees[node] = to
      to.push(node)
    }
  }
  return shift
}

/** The positions that have weights once rows and columns are shifted. */
export function spotsOf(
  { rows: m, columns: n, taps }: TrigonometricPolynomial,
  places: readonly (readonly number[])[],
  shift: Int32Array,
): Spot[] {
  const found = new Map<string, { at: number[]; weight: number }>()
  for (let at = 0; at < taps.length; at++) {
    if (taps[at] === 0) continue
    const to = shifted(shift, places[Math.floor(at / (m * n))], at % m, m + (Math.floor(at / m) % n))
    const name = to.join()
    const spot = found.get(name)
    const weight = Math.max(taps[at] * taps[at], Number.MIN_VALUE)
    if (spot) spot.weight += weight
    else found.set(name, { at: to, weight })
  }
  return [...found.values()]
}
