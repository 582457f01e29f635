import { absoluteSquares, countSmall } from '../runtime/weights.ts'
import { groupTaps, type TrigonometricPolynomial } from '../symbol.ts'
import type { Maximiser } from './ray.ts'

/** Some rows and columns of a group, which have no weight in common with the others. */
export interface Piece {
  /** One group, rows ≥ columns. */
  readonly symbol: TrigonometricPolynomial
  /** What the whole group has there. */
  back(found: Maximiser): Maximiser
}

export interface Pieces {
  readonly pieces: readonly Piece[]
  /** The norm of the group is that of its largest piece, give or take this. */
  readonly rest: number
}

/**
 * Takes a group apart: ‖F(θ)‖₂ of a matrix whose rows and columns fall into blocks is the largest of the blocks' norms. Weights too small to matter are
 * left out first; without them ‖F(θ)‖₂ changes by their absolute sum at most. A group that is all one piece comes back as it is, and one of nothing but such weights.
 *
 * @param negligible the rest may be this part of the largest weight of all groups
 */
export function piecesOf(whole: TrigonometricPolynomial, group: number, negligible: number): Pieces {
  const { symbol } = wholePiece(whole, group)
  const { taps, rest } = thinned(symbol.taps, negligible)
  const left = { ...symbol, taps }
  const blocks = blocksOf(left)
  if (blocks.length === 0) return { pieces: [wholePiece(whole, group)], rest: 0 }
  const pieces = blocks.length === 1 && blocks[0].rows.length + blocks[0].columns.length === symbol.rows + symbol.columns
  return { pieces: pieces ? [{ symbol: left, back: found => found }] : blocks.map(block => extract(left, block)), rest }
}

/** A group as it is. */
export function wholePiece(symbol: TrigonometricPolynomial, group: number): Piece {
  const { rows, columns, offsets } = symbol
  return { symbol: { groups: 1, rows, columns, offsets, taps: groupTaps(symbol, group) }, back: found => found }
}

/** ‖Σ_p|A_p|‖_F ≥ ‖F(θ)‖₂ at every θ, rounded up; 0 only for zeros. */
export function cheapCeiling({ rows, columns, taps }: TrigonometricPolynomial): number {
  const squares = absoluteSquares(taps, rows * columns)
  return (
    Math.sqrt(squares) * (1 + (rows * columns + taps.length) * 2 ** -52) + (squares === 0 && taps.some(x => x !== 0) ? 1e-150 : 0)
  )
}

/** Weights without the smallest, and a bound of the sum of what was left out. The largest of all groups is at least ½. */
function thinned(taps: Float64Array, negligible: number): { taps: Float64Array; rest: number } {
  const small = (0.5 * negligible) / taps.length
  const count = countSmall(taps, small)
  return count === 0
    ? { taps, rest: 0 }
    : { taps: taps.map(x => (Math.abs(x) <= small ? 0 : x)), rest: count * small * (1 + 2 ** -50) }
}

interface Block {
  readonly rows: readonly number[]
  readonly columns: readonly number[]
}

/** Connected components of the bipartite graph of rows and columns with an edge for every weight; those without any edge are left out. */
function blocksOf({ rows: m, columns: n, taps }: TrigonometricPolynomial): Block[] {
  if (m * n === 1) return taps.some(x => x !== 0) ? [{ rows: [0], columns: [0] }] : []
  const joined = (i: number, j: number) => {
    for (let at = j * m + i; at < taps.length; at += m * n) if (taps[at] !== 0) return true
    return false
  }
  const rowsLeft = new Set(Array.from({ length: m }, (_, i) => i))
  const columnsLeft = new Set(Array.from({ length: n }, (_, j) => j))
  const blocks: Block[] = []
  for (const start of columnsLeft) {
    columnsLeft.delete(start)
    const rows: number[] = []
    const columns = [start]
    for (let seenRows = 0, seenColumns = 0; seenRows < rows.length || seenColumns < columns.length; ) {
      if (seenColumns < columns.length) {
        const j = columns[seenColumns++]
        for (const i of rowsLeft) {
          if (!joined(i, j)) continue
          rowsLeft.delete(i)
          rows.push(i)
        }
      } else {
        const i = rows[seenRows++]
        for (const j of columnsLeft) {
          if (!joined(i, j)) continue
          columnsLeft.delete(j)
          columns.push(j)
        }
      }
      if (rowsLeft.size === 0 && columnsLeft.size === 0) break
    }
    if (rows.length > 0) blocks.push({ rows, columns })
  }
  return blocks
}

/** A block on its own, transposed where it is wide. */
function extract({ rows: m, columns: n, offsets, taps }: TrigonometricPolynomial, { rows, columns }: Block): Piece {
  const wide = columns.length > rows.length
  const [down, across] = wide ? [columns, rows] : [rows, columns]
  const own = new Float64Array((taps.length / (m * n)) * rows.length * columns.length)
  let to = 0
  for (let plane = 0; plane < taps.length; plane += m * n)
    for (const a of across) for (const d of down) own[to++] = taps[plane + (wide ? d * m + a : a * m + d)]
  return {
    symbol: { groups: 1, rows: down.length, columns: across.length, offsets, taps: own },
    back(found) {
      // Fᵀv = σu and Fū = σv̄ are the same
      const { image, v } = wide ? swapped(found) : found
      return { ...found, image: spread(image, rows, m), v: spread(v, columns, n) }
    },
  }
}

function swapped({ image, v, value }: Maximiser): { image: Float64Array; v: Float64Array } {
  const sigma = Math.sqrt(value)
  const conjugate = (x: Float64Array, factor: number) => x.map((part, k) => (k % 2 ? -part : part) * factor)
  return { image: conjugate(v, sigma), v: conjugate(image, 1 / sigma) }
}

/** Complex numbers at the given places of a longer vector of zeros. */
function spread(x: Float64Array, places: readonly number[], length: number): Float64Array {
  const out = new Float64Array(2 * length)
  for (let k = 0; k < places.length; k++) out.set(x.subarray(2 * k, 2 * k + 2), 2 * places[k])
  return out
}
