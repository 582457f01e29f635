import { gamma, nextUp, pow2, scaled } from '../rounding.ts'
import { circularFrequencies, countOf, type Frequencies, mirrorPlaces } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { fourierTransform } from './fft.ts'
import type { GramSymbol } from './gram-symbol.ts'

/** Row sums of a power of the autocorrelation, and what a gradient needs of the largest one. */
export interface PowerSums {
  /** Upper bounds of Σ_{i,q} |(R_t)_q,ji|·2^−exponent for every row j. */
  readonly sums: Float64Array
  readonly exponent: number
  readonly frequencies: Frequencies
}

/** Bytes of matrices kept for one transform. */
const ROOM = 2 ** 28

/**
 * Row sums of absolute taps of R_t = G^(2^(t−1)), G = FᴴF the kernel's autocorrelation: squarings at the frequencies of a grid that holds
 * all of R_t's taps, and an inverse transform (METHODS §4).
 *
 * Rounding (docs/rounding.md): an error ε(θ) of the power at each frequency is by Parseval an error of √(mean ε²) in all taps together,
 * and at most √(n·N) times that in a row sum of n·N numbers.
 *
 * @param grid at least 2^t(k−1) + 1 points an axis
 */
export function powerSums(gram: GramSymbol, grid: readonly number[], steps: number): PowerSums {
  const frequencies = circularFrequencies(grid)
  const { n } = gram
  const points = sizeOf(grid)
  const count = countOf(frequencies)
  const wide = Math.max(1, Math.floor(ROOM / (count * n * 16)))
  const sums = new Float64Array(n)
  let exponent = 0
  let error = 0
  // Columns of the lower triangle in strips; the squarings are repeated for each strip, since their results together may not fit.
  for (let first = 0; first < n; first += wide) {
    const strip = stripOf(gram, frequencies, count, steps, first, Math.min(wide, n - first))
    exponent = strip.exponent
    error = strip.error
    addSums(strip, grid, frequencies, first, n, sums)
  }
  const slack = Math.sqrt(n * points) * error * 1.0001
  return { sums: sums.map(sum => nextUp(sum * (1 + gamma(points * n)) + slack)), exponent, frequencies }
}

/** Columns first … first + width of the scaled power at every frequency, and the Frobenius norm of their error at any of them. */
interface Strip {
  readonly width: number
  readonly re: Float64Array
  readonly im: Float64Array
  readonly exponent: number
  readonly error: number
}

function stripOf(gram: GramSymbol, frequencies: Frequencies, count: number, steps: number, first: number, width: number): Strip {
  const { n } = gram
  const strip = { width, re: new Float64Array(width * n * count), im: new Float64Array(width * n * count) }
  const exponents = new Float64Array(count)
  const errors = new Float64Array(count)
  const norms = new Float64Array(count)
  const batch = 2 * Math.max(1, Math.floor(2 ** 19 / (n * n * 64)))
  for (let from = 0; from < count; from += batch) {
    const size = Math.min(batch, count - from)
    borrow(arena => {
      const g = raise(arena, gram, frequencies, from, size, steps, { exponents, errors, norms })
      const view = arena.f64(g, ((size + 1) >> 1) * n * n * 4)
      for (let i = 0; i < size; i++) {
        const start = (i >> 1) * n * n * 4 + (i & 1)
        for (let j = 0; j < width; j++) {
          for (let row = first + j; row < n; row++) {
            const at = start + 4 * ((first + j) * n + row)
            strip.re[(j * n + row) * count + from + i] = view[at]
            strip.im[(j * n + row) * count + from + i] = view[at + 2]
          }
        }
      }
    })
  }
  return { ...strip, ...aligned(strip, exponents, errors, norms, n, count) }
}

/** Brings all frequencies to the largest exponent; what the transform itself may lose is added to the error. */
function aligned(
  { width, re, im }: Pick<Strip, 'width' | 're' | 'im'>,
  exponents: Float64Array,
  errors: Float64Array,
  norms: Float64Array,
  n: number,
  count: number,
): { exponent: number; error: number } {
  const exponent = exponents.reduce((most, e) => Math.max(most, e), -Infinity)
  const factors = exponents.map(e => (e - exponent < -1000 ? 0 : pow2(e - exponent)))
  for (let row = 0; row < width * n; row++) {
    for (let i = 0; i < count; i++) {
      re[row * count + i] *= factors[i]
      im[row * count + i] *= factors[i]
    }
  }
  let error = 2 ** -1000
  for (let i = 0; i < count; i++) error = Math.max(error, (errors[i] + 16 * (4 + bits(count)) * 2 ** -53 * norms[i]) * factors[i])
  return { exponent, error: nextUp(error) }
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
function addSums(
  strip: Strip,
  grid: readonly number[],
  frequencies: Frequencies,
  first: number,
  n: number,
  sums: Float64Array,
): void {
  const entries: [j: number, row: number][] = []
  for (let j = 0; j < strip.width; j++) for (let row = first + j; row < n; row++) entries.push([j, row])
  const points = sizeOf(grid)
  const { here, mirror } = mirrorPlaces(frequencies)
  const batch = 2 * Math.max(1, Math.floor(2 ** 18 / points))
  for (let from = 0; from < entries.length; from += batch) {
    const block = entries.slice(from, from + batch)
    const signals = (block.length + 1) >> 1
    const x = { re: new Float64Array(signals * points), im: new Float64Array(signals * points) }
    block.forEach(([j, row], b) => {
      place(strip, (j * n + row) * here.length, here, mirror, x.re, x.im, (b >> 1) * points, b % 2 === 1)
    })
    const taps = grid.length === 0 ? x : fourierTransform(x, grid, -1)
    block.forEach(([j, row], b) => {
      const side = b % 2 === 0 ? taps.re : taps.im
      let sum = 0
      for (let p = 0, at = (b >> 1) * points; p < points; p++) sum += Math.abs(side[at + p])
      sums[row] += sum / points
      if (row !== first + j) sums[first + j] += sum / points
    })
  }
}

/** Adds X (or i·X) of one entry on the whole grid: X(−θ) = conj X(θ). */
function place(
  { re, im }: Strip,
  from: number,
  here: Int32Array,
  mirror: Int32Array,
  outRe: Float64Array,
  outIm: Float64Array,
  to: number,
  turned: boolean,
): void {
  for (let i = 0; i < here.length; i++) {
    const [a, b] = [re[from + i], im[from + i]]
    outRe[to + here[i]] += turned ? -b : a
    outIm[to + here[i]] += turned ? a : b
    if (mirror[i] === here[i]) continue
    outRe[to + mirror[i]] += turned ? b : a
    outIm[to + mirror[i]] += turned ? a : -b
  }
}
