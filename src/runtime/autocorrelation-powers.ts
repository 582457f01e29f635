import { gamma, nextUp, pow2, scaled } from '../rounding.ts'
import { circularFrequencies, countOf, type Frequencies, mirrorPlaces } from '../symbol.ts'
import { peakOf } from '../summation.ts'
import { sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import type { Complex } from './contract.ts'
import { fourierTransform } from './fft.ts'
import type { GramSymbol } from './gram-symbol.ts'

/** The largest row sum of a power of the autocorrelation, and what a gradient needs of that row. */
export interface PowerSum {
  /** Upper bound of Σ_{i,q} |(R_t)_q,ji|·2^−exponent, the largest over all rows j. */
  readonly sum: number
  readonly row: number
  readonly exponent: number
  readonly frequencies: Frequencies
  /** Column j of the power up to a common factor (`openColumn`): if asked for, and if there is room for all columns at a time. */
  readonly column?: Complex
}

/** Bytes of matrices kept for one transform. */
const ROOM = 2 ** 28

/**
 * The largest row sum of absolute taps of R_t = G^(2^(t−1)), G = FᴴF the kernel's autocorrelation: squarings at the frequencies of a grid that
 * holds all of R_t's taps, and an inverse transform (METHODS §4).
 *
 * Rounding (docs/rounding.md): an error ε(θ) of the power at each frequency is by Parseval an error of √(mean ε²) in all taps together,
 * and at most √(n·N) times that in a row sum of n·N numbers.
 *
 * @param grid at least 2^t(k−1) + 1 points an axis
 */
export function largestPowerSum(gram: GramSymbol, grid: readonly number[], steps: number, withColumn: boolean): PowerSum {
  const frequencies = circularFrequencies(grid)
  const { n } = gram
  const points = sizeOf(grid)
  const count = countOf(frequencies)
  const wide = Math.max(1, Math.floor(ROOM / (count * n * 16)))
  const sums = new Float64Array(n)
  let [exponent, error] = [0, 0]
  let column: Complex | undefined
  // Columns of the lower triangle in strips; the squarings are repeated for each strip, since their results together may not fit.
  for (let first = 0; first < n; first += wide) {
    borrow(arena => {
      const strip = openStrip(arena, count, n, first, Math.min(wide, n - first))
      const found = fill(strip, gram, frequencies, steps)
      exponent = found.exponent
      error = found.error
      addSums(strip, grid, frequencies, sums)
      if (withColumn && wide >= n) column = columnOf(strip, grid, frequencies, sums.indexOf(peakOf(sums)))
    })
  }
  const slack = Math.sqrt(n * points) * error * 1.0001
  const row = sums.indexOf(peakOf(sums))
  return { sum: nextUp(sums[row] * (1 + gamma(points * n)) + slack), row, exponent, frequencies, column }
}

/** Columns first … first + width of the lower triangle of the scaled power, a row of `count` frequencies for each entry. */
interface Strip {
  readonly count: number
  readonly n: number
  readonly first: number
  readonly width: number
  /** Views of the arena's memory, to be taken again after it has grown. */
  parts(): Complex
}

function openStrip(arena: Arena, count: number, n: number, first: number, width: number): Strip {
  const length = width * n * count
  const [re, im] = [arena.alloc(length * 8), arena.alloc(length * 8)]
  return { count, n, first, width, parts: () => ({ re: arena.f64(re, length), im: arena.f64(im, length) }) }
}

/** Writes the power at every frequency; returns its exponent, and the Frobenius norm of its error at any of them. */
function fill(strip: Strip, gram: GramSymbol, frequencies: Frequencies, steps: number): { exponent: number; error: number } {
  const { n, count, first, width } = strip
  const exponents = new Float64Array(count)
  const errors = new Float64Array(count)
  const norms = new Float64Array(count)
  const batch = 2 * Math.max(1, Math.floor(2 ** 19 / (n * n * 64)))
  for (let from = 0; from < count; from += batch) {
    const size = Math.min(batch, count - from)
    borrow(arena => {
      const g = raise(arena, gram, frequencies, from, size, steps, { exponents, errors, norms })
      const view = arena.f64(g, ((size + 1) >> 1) * n * n * 4)
      const { re, im } = strip.parts()
      for (let i = 0; i < size; i++) {
        const start = (i >> 1) * n * n * 4 + (i & 1)
        for (let j = 0; j < width; j++) {
          for (let row = first + j; row < n; row++) {
            const at = start + 4 * ((first + j) * n + row)
            const to = (j * n + row) * count + from + i
            re[to] = view[at]
            im[to] = view[at + 2]
          }
        }
      }
    })
  }
  return align(strip, exponents, errors, norms)
}

/** Brings all frequencies to the largest exponent; what the transform itself may lose is added to the error. */
function align(
  strip: Strip,
  exponents: Float64Array,
  errors: Float64Array,
  norms: Float64Array,
): { exponent: number; error: number } {
  const { n, count, first, width } = strip
  const { re, im } = strip.parts()
  const exponent = exponents.reduce((most, e) => Math.max(most, e), -Infinity)
  const factors = exponents.map(e => (e - exponent < -1000 ? 0 : pow2(e - exponent)))
  for (let j = 0; j < width; j++) {
    for (let at = (j * n + first + j) * count; at < (j + 1) * n * count; at += count) {
      for (let i = 0; i < count; i++) {
        re[at + i] *= factors[i]
        im[at + i] *= factors[i]
      }
    }
  }
  let error = 2 ** -1000
  for (let i = 0; i < count; i++) error = Math.max(error, (errors[i] + 16 * (4 + bits(count)) * 2 ** -53 * norms[i]) * factors[i])
  return { exponent, error: nextUp(error) }
}

/** n real signals on a grid, two of them the parts of one complex signal, or their transforms. */
export function openColumn(n: number, points: number): Complex {
  const length = ((n + 1) >> 1) * points
  return { re: new Float64Array(length), im: new Float64Array(length) }
}

/** A column of the whole matrix from its lower triangle. */
function columnOf({ n, count, parts }: Strip, grid: readonly number[], frequencies: Frequencies, j: number): Complex {
  const points = sizeOf(grid)
  const column = openColumn(n, points)
  const { here, mirror } = mirrorPlaces(frequencies)
  for (let i = 0; i < n; i++) {
    // above the diagonal is the conjugate of what is below it, which is the value at the mirrored frequency
    const [at, twin] = i < j ? [mirror, here] : [here, mirror]
    placeConjugates(parts(), (i < j ? i * n + j : j * n + i) * count, at, twin, column, (i >> 1) * points, (i & 1) === 1)
  }
  return column
}

const bits = (n: number) => 32 - Math.clz32(n)

interface Sizes {
  exponents: Float64Array
  errors: Float64Array
  norms: Float64Array
}

/** Ĝ_t·2^e for a batch: each step squares, scaled by a power of two of each lane's own; errors follow by (Ĝ + E)² (docs/rounding.md). */
function raise(arena: Arena, gram: GramSymbol, frequencies: Frequencies, from: number, size: number, steps: number, out: Sizes) {
  const { n } = gram
  const pairs = (size + 1) >> 1
  let [g, next] = [arena.alloc(pairs * n * n * 32), arena.alloc(pairs * n * n * 32)]
  const factors = arena.alloc(pairs * 16)
  gram.write(frequencies, from, size, g)
  for (let i = 0; i < size; i++) [out.exponents[from + i], out.errors[from + i]] = [0, gram.error]
  for (let step = 1; ; step++) {
    arena.routines.frobeniusSquared(pairs, n, g, factors)
    const view = arena.f64(factors, 2 * pairs)
    for (let lane = 0; lane < 2 * pairs; lane++) {
      const i = from + Math.min(lane, size - 1)
      const norm = Math.sqrt(view[lane]) * (1 + gamma(2 * n + 8))
      const shift = norm > 0 ? exponentOfNorm(norm) : 0
      view[lane] = pow2(-shift)
      if (lane >= size) continue
      out.exponents[i] += shift
      out.errors[i] = scaled(out.errors[i], -shift)
      out.norms[i] = scaled(norm, -shift)
    }
    arena.routines.fillHermitian(pairs, n, g, factors)
    if (step === steps) return g
    arena.routines.gram(pairs, n, n, g, next)
    ;[g, next] = [next, g]
    arena.routines.frobeniusSquared(pairs, n, g, factors)
    const squares = arena.f64(factors, 2 * pairs)
    for (let i = from; i < from + size; i++) {
      const [e, f] = [out.errors[i], out.norms[i]]
      const rounding = Math.SQRT2 * gamma(n + 4) * f * f
      // ‖Ĝ‖₂² ≤ ‖Ĝ²‖_F, usually far less than ‖Ĝ‖_F²
      const spectral = Math.min(f, Math.sqrt(Math.sqrt(squares[i - from]) * (1 + gamma(2 * n + 8)) + rounding))
      out.errors[i] = nextUp((2 * spectral * e + e * e + rounding) * (1 + 2 ** -48))
      out.exponents[i] *= 2
    }
  }
}

function exponentOfNorm(norm: number): number {
  let e = 0
  for (; norm >= 1; norm /= 2) e++
  for (; norm < 0.5; norm *= 2) e--
  return e
}

/** Inverse transform of the strip, two real tap sequences in one complex signal, and the sums of their absolute values. */
function addSums(strip: Strip, grid: readonly number[], frequencies: Frequencies, sums: Float64Array): void {
  const { n, first, width } = strip
  const entries: [j: number, row: number][] = []
  for (let j = 0; j < width; j++) for (let row = first + j; row < n; row++) entries.push([j, row])
  const points = sizeOf(grid)
  const { here, mirror } = mirrorPlaces(frequencies)
  const batch = Math.min(entries.length + 1, 2 * Math.max(1, Math.floor(2 ** 18 / points))) & ~1
  const [whole, room] = [0, 1].map(() => ({
    re: new Float64Array((batch >> 1) * points),
    im: new Float64Array((batch >> 1) * points),
  }))
  for (let from = 0; from < entries.length; from += batch) {
    const block = entries.slice(from, from + batch)
    const length = ((block.length + 1) >> 1) * points
    const [x, result] = [whole, room].map(({ re, im }) => ({ re: re.subarray(0, length), im: im.subarray(0, length) }))
    x.re.fill(0)
    x.im.fill(0)
    const parts = strip.parts()
    block.forEach(([j, row], b) => {
      placeConjugates(parts, (j * n + row) * here.length, here, mirror, x, (b >> 1) * points, b % 2 === 1)
    })
    const taps = grid.length === 0 ? x : fourierTransform(x, grid, -1, result)
    block.forEach(([j, row], b) => {
      const sum = absoluteSum(b % 2 === 0 ? taps.re : taps.im, (b >> 1) * points, points) / points
      sums[row] += sum
      if (row !== first + j) sums[first + j] += sum
    })
  }
}

function absoluteSum(x: Float64Array, from: number, count: number): number {
  let sum = 0
  for (let at = from; at < from + count; at++) sum += Math.abs(x[at])
  return sum
}

/** Adds X (or i·X) of one row on the whole grid: X(−θ) = conj X(θ). */
export function placeConjugates(
  { re, im }: Complex,
  from: number,
  here: Int32Array,
  mirror: Int32Array,
  out: Complex,
  to: number,
  turned: boolean,
): void {
  for (let i = 0; i < here.length; i++) {
    const [a, b] = [re[from + i], im[from + i]]
    out.re[to + here[i]] += turned ? -b : a
    out.im[to + here[i]] += turned ? a : b
    if (mirror[i] === here[i]) continue
    out.re[to + mirror[i]] += turned ? b : a
    out.im[to + mirror[i]] += turned ? a : -b
  }
}
