import { gamma } from '../rounding.ts'
import { circularFrequencies, type Frequencies, mirrorPlaces, type TrigonometricPolynomial } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { packedBytes, planesBytes, tileSide } from './gram-taps.ts'
import { PHASE_ERROR, putPhases, putPhasesAt } from './phases.ts'

/**
 * Frequencies at which values of G determine its taps: 2L − 1 an axis of L taps, one of each conjugate pair. None where taps do not lie at
 * equal distances.
 */
export function tapFrequencies(offsets: TrigonometricPolynomial['offsets']): Frequencies | undefined {
  const steps = offsets.map(q => (q.length > 1 ? q[1] - q[0] : 1))
  if (offsets.some((q, d) => q.some((x, i) => x !== q[0] + i * steps[d]))) return undefined
  const sides = offsets.map(q => 2 * q.length - 1)
  return { turns: sides.map((side, d) => side * steps[d]), points: circularFrequencies(sides).points }
}

/** Channels from which values cost less than products of taps, which outnumber them; below, those are more accurate. */
const WIDE = 96

/** True where taps are cheaper by way of values: 4mn² operations each, against 2mn² for a product of two taps. */
export function worthInterpolating(n: number, frequencies: Frequencies, products: number): boolean {
  const values = 2 * (sizeOf(frequencies.turns) >> 1) + 2
  return products > 2 * values * (n < WIDE ? 3 : 0.8) && n >= 32
}

/** Bytes of values held at a time. */
const ROOM = 2 ** 25

/**
 * The taps of G, in the planes of `hermitianSymbol`, by an inverse Fourier transform of its values (docs/rounding.md, "Interpolated taps").
 *
 * @param a address of the taps of F      @param planes where those of G go
 * @returns a bound of ‖G′(θ) − G(θ)‖_F, G′ the exact sum over the computed taps
 */
export function interpolateTaps(
  arena: Arena,
  symbol: TrigonometricPolynomial,
  a: number,
  frequencies: Frequencies,
  positions: readonly (readonly number[])[],
  weight: number,
  planes: number,
): number {
  const { rows: m, columns: n, offsets } = symbol
  const { routines } = arena
  const count = frequencies.points.length / offsets.length
  const taps = sizeOf(offsets.map(q => q.length))
  const held = Math.max(1, Math.min((count + 1) >> 1, Math.floor(ROOM / (n * n * 32))))
  const g = arena.alloc(held * n * n * 32)
  const f = arena.alloc(m * n * 32)
  const squares = arena.alloc(held * 16)
  const shares = sharesOf(mirrorPlaces(frequencies))
  const spread = Math.sqrt(weight) * (gamma(taps + 2) + PHASE_ERROR * offsets.length)
  let [errors, values] = [0, 0]
  arena.f64(planes, planesBytes(n, positions.length) / 8).fill(0)
  for (let first = 0, size = 1; first < count; first += size) {
    size = first === 0 ? 1 : Math.min(2 * held, count - first)
    const pairs = (size + 1) >> 1
    if (first === 0) writeOrigin(a, m, n, taps, g)
    for (let p = 0; first > 0 && p < pairs; p++) {
      const at = g + p * n * n * 32
      borrow(inner => {
        const phases = putPhases(inner, offsets, frequencies, first + 2 * p, Math.min(2, size - 2 * p))
        routines.symbol(1, taps, m * n, a, phases, f)
      })
      routines.gram(1, m, n, f, at)
    }
    routines.frobeniusSquared(pairs, n, g, squares)
    for (let i = 0; i < size; i++) {
      const square = arena.f64(squares, size)[i] * 1.0001
      const trace = traceOf(arena, g + (i >> 1) * n * n * 32, n, i & 1) * 1.0001
      const error = Math.SQRT2 * gamma(m + 4) * trace + (2 * Math.sqrt(Math.sqrt(square) + trace * 1e-9) + spread) * spread
      const twice = first + i === 0 ? 1 : 2
      errors += twice * error * error
      values += twice * square
    }
    borrow(inner =>
      routines.addHalfPlanes(
        pairs,
        n,
        positions.length,
        g,
        putWeights(inner, positions.length, putPhasesAt(inner, positions, frequencies, first, size), shares, first, size),
        planes,
        inner.alloc(pairs * 32),
      ),
    )
  }
  const points = 2 * count - 1
  const sums = gamma(count + 8) + PHASE_ERROR * offsets.length
  return (Math.sqrt(errors) + sums * (3 * positions.length + 1) * Math.sqrt(values / points)) * 1.0001
}

/** G(0) = SᵀS, S = ΣA_p, in the first lane of a pair: F is real there, which takes an eighth of the work of a complex pair. */
function writeOrigin(a: number, m: number, n: number, taps: number, g: number): void {
  borrow(inner => {
    const { axpy, pack, autocorrelate } = inner.routines
    const side = tileSide(n)
    const sum = inner.alloc(m * n * 8)
    const panels = inner.alloc(packedBytes(m, n))
    const product = inner.alloc(side * side * 8)
    inner.f64(sum, m * n).fill(0)
    inner.f64(product, side * side).fill(0)
    for (let tap = 0; tap < taps; tap++) axpy(m * n, 1, a + tap * m * n * 8, sum)
    pack(m, n, sum, panels)
    autocorrelate(m, n, panels, panels, product)
    const from = inner.f64(product, side * side)
    const to = inner.f64(g, n * n * 4).fill(0)
    for (let j = 0; j < n; j++) for (let i = j; i < n; i++) to[4 * (j * n + i)] = from[j * side + i]
  })
}

function traceOf(arena: Arena, g: number, n: number, lane: number): number {
  const view = arena.f64(g, n * n * 4)
  let trace = 0
  for (let j = 0; j < n; j++) trace += view[4 * j * (n + 1) + lane]
  return trace
}

/** 1/N for a frequency of a grid of N that is its own conjugate, 2/N for one that stands for two. */
export function sharesOf({ here, mirror }: { here: Int32Array; mirror: Int32Array }): Float64Array {
  const shares = new Float64Array(here.length)
  let points = 0
  for (let i = 0; i < shares.length; i++) points += shares[i] = here[i] === mirror[i] ? 1 : 2
  for (let i = 0; i < shares.length; i++) shares[i] /= points
  return shares
}

/**
 * Weights of the inverse transform over a grid of which frequencies with these phases are one of each conjugate pair: its share for G₀,
 * share·2cos(q·θ) and share·2sin(q·θ) for the others. The second lane of an odd count weighs nothing.
 */
export function putWeights(
  arena: Arena,
  taps: number,
  phases: number,
  shares: Float64Array,
  first: number,
  count: number,
): number {
  const pairs = (count + 1) >> 1
  const at = arena.alloc(pairs * (taps + 1) * 32)
  const weights = arena.f64(at, pairs * (taps + 1) * 4)
  const from = arena.f64(phases, pairs * taps * 4)
  for (let slot = 0, entry = 0; slot < pairs; slot++) {
    const left = shares[first + 2 * slot]
    const right = 2 * slot + 1 < count ? shares[first + 2 * slot + 1] : 0
    weights[4 * slot] = left
    weights[4 * slot + 1] = right
    weights[4 * slot + 2] = weights[4 * slot + 3] = 0
    for (let to = 4 * (slot + pairs); to < weights.length; to += 4 * pairs, entry += 4) {
      weights[to] = 2 * left * from[entry]
      weights[to + 1] = 2 * right * from[entry + 1]
      weights[to + 2] = 2 * left * from[entry + 2]
      weights[to + 3] = 2 * right * from[entry + 3]
    }
  }
  return at
}
