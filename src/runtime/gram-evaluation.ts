/** G at many frequencies in turn from its planes, in double precision and in single. */
import { gamma } from '../rounding.ts'
import { countOf, type Frequencies } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'
import { SINGLE_UNIT } from './cholesky-tests.ts'
import { planesBytes } from './gram-taps.ts'
import { putPhasesAt } from './phases.ts'

/** What is done with G at `size` frequencies from the given one of a list, at address g. */
export type Batch = (arena: Arena, g: number, first: number, size: number) => void

type Positions = readonly (readonly number[])[]

/** Bytes of matrices and phases evaluated together: enough to stream the taps once for many, few enough that they stay in the second-level cache. */
const CACHE = 2 ** 19

/** fl(G(θ)) for blocks of frequencies in turn, in pair layout. */
export function inPairs(n: number, positions: Positions, planes: number, frequencies: Frequencies, work: Batch): void {
  inBlocks(n, positions, frequencies, 2, work, (arena, phase, pairs, g) =>
    arena.routines.hermitianSymbol(pairs, n, positions.length, planes, phase, g),
  )
}

/** The same in single precision, in quad layout: half the bytes and half the time. */
export function inQuads(n: number, positions: Positions, planes: number, frequencies: Frequencies, work: Batch): void {
  const row = positions.length * 32
  inBlocks(n, positions, frequencies, 4, work, (arena, phase, quads, g, pairs) => {
    const rounded = arena.alloc(Math.max(1, quads * row))
    for (let q = 0; q < quads; q++) {
      const [one, other] = [2 * q, Math.min(2 * q + 1, pairs - 1)]
      arena.routines.phasesSingle(positions.length, phase + one * row, phase + other * row, rounded + q * row)
    }
    arena.routines.hermitianSymbolSingle(quads, n, positions.length, planes, rounded, g)
  })
}

/** Blocks of so many matrices, `lanes` to a vector, that the taps are streamed once for; two vectors at least, since evaluation takes two at once, at 1.4 times the rate of one. */
function inBlocks(
  n: number,
  positions: Positions,
  frequencies: Frequencies,
  lanes: number,
  work: Batch,
  evaluate: (arena: Arena, phase: number, vectors: number, g: number, pairs: number) => void,
): void {
  const count = countOf(frequencies)
  const block = lanes * Math.max(2, Math.floor(CACHE / (n * n * 32 + lanes * positions.length * 16)))
  for (let first = 0; first < count; first += block) {
    const size = Math.min(block, count - first)
    const vectors = Math.ceil(size / lanes)
    borrow(arena => {
      const g = arena.alloc(vectors * n * n * 32)
      evaluate(arena, putPhasesAt(arena, positions, frequencies, first, size), vectors, g, (size + 1) >> 1)
      work(arena, g, first, size)
    })
  }
}

/**
 * The planes of `hermitianSymbol` in single precision, and a bound of what evaluation with them errs by, u = 2⁻²⁴ (docs/rounding.md, "Tests in
 * single precision"): entries, phases and products are rounded once and summed, and by Cauchy–Schwarz and Minkowski
 * ‖|G₀| + Σ_q(|G_q + G_qᵀ| + i|G_q − G_qᵀ|)‖_F ≤ √(1 + H)·√(twice the squares of all that the planes hold).
 */
export function singlePlanes(arena: Arena, planes: number, n: number, half: number): { planes: number; error: number } {
  const length = planesBytes(n, half) / 8
  const single = arena.alloc(length * 4)
  arena.routines.demote(length, planes, single)
  const spread = Math.sqrt((1 + half) * 2) * arena.routines.norm(length, planes) * (1 + gamma(length + 8))
  const part = (half + 4) * SINGLE_UNIT
  return { planes: single, error: ((part * 1.0001) / (1 - part)) * spread }
}

/** Some of a list of frequencies. */
export function pick({ turns, points }: Frequencies, indices: readonly number[]): Frequencies {
  const axes = turns.length
  const own = new Float64Array(indices.length * axes)
  for (const [to, from] of indices.entries()) own.set(points.subarray(from * axes, (from + 1) * axes), to * axes)
  return { turns, points: own }
}
