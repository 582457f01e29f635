import { countOf, type Frequencies, groupTaps, mirrorPlaces, type Symbol } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { placeConjugates } from './autocorrelation-powers.ts'
import type { Complex } from './contract.ts'
import { fourierTransform } from './fft.ts'
import type { GramSymbol } from './gram-symbol.ts'
import { packedBytes, planesBytes, tileSide } from './gram-taps.ts'
import { putWeights, sharesOf } from './interpolated-taps.ts'

/** Column j of G^m on a grid that holds all of its taps. */
export interface PowerColumn {
  readonly frequencies: Frequencies
  readonly column: number
  readonly m: number
  /** A power of two near 1/λ_max(G): each application of G is scaled by it, so that all terms keep their weights. */
  readonly scale: number
  /** The column at every frequency, n rows, up to a common factor; where it is not at hand it is computed. */
  readonly image?: Complex
}

/**
 * ∂/∂A of L = Σ_{i,q} |(G^m)_q,ij| for one column j, G = FᴴF, up to a common factor.
 *
 * With z the signs of the taps of x_m, x_b = G^b δ_j, y_a = G^a ẑ at each frequency, Parseval gives dL = mean over θ of Re tr(dG·H),
 * 2H = Σ_{a+b=m−1} x_b y_aᴴ + y_a x_bᴴ, and G = FᴴF turns that into ∂L/∂A_p = 2Σ_q A_{p−q}H_q with the taps H_q = mean of H(θ)e^{−iq·θ}, of which
 * those of G suffice. Costs 2m products with G at each frequency and 8mn² for H, n² where the powers themselves cost n³.
 */
export function powerSumGradient(symbol: Symbol, group: number, gram: GramSymbol, of: PowerColumn): Float64Array {
  return borrow(arena => {
    const planes = arena.alloc(planesBytes(gram.n, gram.positions.length))
    addDerivative(arena, gram, of, signsOf(of.image ?? imageOf(gram, of), of.frequencies, gram.n), planes)
    return timesTaps(arena, symbol, group, gram, planes)
  })
}

/** Bytes of matrices and vectors held for a batch of frequencies. */
const CACHE = 2 ** 19

function inBatches(
  { n }: GramSymbol,
  { m, frequencies }: PowerColumn,
  work: (arena: Arena, pairs: number, first: number, size: number) => void,
): void {
  const count = countOf(frequencies)
  const batch = 2 * Math.max(2, Math.floor(CACHE / ((n + 2 * m) * n * 32)))
  for (let first = 0; first < count; first += batch) {
    const size = Math.min(batch, count - first)
    borrow(arena => work(arena, (size + 1) >> 1, first, size))
  }
}

/** G(θ) at address g, and (scale·G)^b·δ_j for b ≤ steps. */
function columnPowers(arena: Arena, gram: GramSymbol, of: PowerColumn, steps: number, first: number, size: number) {
  const { n } = gram
  const pairs = (size + 1) >> 1
  const g = arena.alloc(pairs * n * n * 32)
  const x = arena.alloc(pairs * (steps + 1) * n * 32)
  gram.write(of.frequencies, first, size, g)
  const pitch = (steps + 1) * n * 4
  const view = arena.f64(x, pairs * pitch)
  for (let at = 0; at < view.length; at += pitch) {
    view.fill(0, at, at + 4 * n)
    view[at + 4 * of.column] = view[at + 4 * of.column + 1] = 1
  }
  arena.routines.krylov(pairs, n, steps, of.scale, g, x)
  return { g, x }
}

/** (scale·G)^m·δ_j at every frequency: n rows. */
function imageOf(gram: GramSymbol, of: PowerColumn): Complex {
  const { n } = gram
  const count = countOf(of.frequencies)
  const image = { re: new Float64Array(n * count), im: new Float64Array(n * count) }
  inBatches(gram, of, (arena, pairs, first, size) => {
    const { x } = columnPowers(arena, gram, of, of.m, first, size)
    const pitch = (of.m + 1) * n * 4
    const view = arena.f64(x, pairs * pitch)
    for (let k = 0; k < size; k++) {
      let at = (k >> 1) * pitch + of.m * n * 4 + (k & 1)
      for (let to = first + k; to < image.re.length; to += count, at += 4) {
        image.re[to] = view[at]
        image.im[to] = view[at + 2]
      }
    }
  })
  return image
}

/** Share of the norm of all taps below which one of them is rounding error, and its sign is 0. */
const NOTHING = 2 ** -46

/** The transform of the signs of an image's taps. Two real rows are the parts of one complex signal. */
function signsOf(image: Complex, frequencies: Frequencies, n: number): Complex {
  const grid = frequencies.turns
  const points = sizeOf(grid)
  const { here, mirror } = mirrorPlaces(frequencies)
  const count = here.length
  const signals = (n + 1) >> 1
  const whole = { re: new Float64Array(signals * points), im: new Float64Array(signals * points) }
  for (let i = 0; i < n; i++) placeConjugates(image, i * count, here, mirror, whole, (i >> 1) * points, (i & 1) === 1)
  const taps = grid.length === 0 ? whole : fourierTransform(whole, grid, -1)
  takeSigns(taps)
  const back = grid.length === 0 ? taps : fourierTransform(taps, grid, 1)
  for (let i = 0; i < n; i++) {
    const from = (i >> 1) * points
    for (let k = 0, to = i * count; k < count; k++, to++) {
      const [a, b] = [from + here[k], from + mirror[k]]
      const odd = i & 1
      image.re[to] = odd ? (back.im[a] + back.im[b]) / 2 : (back.re[a] + back.re[b]) / 2
      image.im[to] = odd ? (back.re[b] - back.re[a]) / 2 : (back.im[a] - back.im[b]) / 2
    }
  }
  return image
}

function takeSigns({ re, im }: Complex): void {
  let squares = 0
  for (const x of re) squares += x * x
  for (const x of im) squares += x * x
  const least = NOTHING * Math.sqrt(squares)
  for (const part of [re, im]) for (let i = 0; i < part.length; i++) part[i] = Math.abs(part[i]) > least ? Math.sign(part[i]) : 0
}

/** The taps of H, in the planes of `hermitianSymbol`. */
function addDerivative(arena: Arena, gram: GramSymbol, of: PowerColumn, z: Complex, planes: number): void {
  const { n, positions } = gram
  const count = countOf(of.frequencies)
  const shares = sharesOf(of.frequencies)
  arena.f64(planes, planesBytes(n, positions.length) / 8).fill(0)
  inBatches(gram, of, (inner, pairs, first, size) => {
    const { g, x } = columnPowers(inner, gram, of, of.m - 1, first, size)
    const y = inner.alloc(pairs * of.m * n * 32)
    const weights = putWeights(inner, positions, of.frequencies, shares, first, size)
    const pitch = of.m * n * 4
    const view = inner.f64(y, pairs * pitch)
    for (let slot = 0; slot < 2 * pairs; slot++) {
      let at = (slot >> 1) * pitch + (slot & 1)
      for (let from = first + Math.min(slot, size - 1); from < z.re.length; from += count, at += 4) {
        view[at] = z.re[from]
        view[at + 2] = z.im[from]
      }
    }
    inner.routines.krylov(pairs, n, of.m - 1, of.scale, g, y)
    inner.routines.hermitianSum(pairs, n, of.m, x, y, g)
    inner.routines.addHalfPlanes(pairs, n, positions.length, g, weights, planes)
  })
}

/** Σ_q A_{p−q}H_q for every tap p: each pair of taps p, p + q that makes up G_q gives A_p·H_q to one and A_{p+q}·H_qᵀ to the other. */
function timesTaps(arena: Arena, symbol: Symbol, group: number, gram: GramSymbol, planes: number): Float64Array {
  const { m, n, taps, positions, pairs } = gram
  const { pack, multiply } = arena.routines
  const half = positions.length
  const packed = packRows(arena, groupTaps(symbol, group), m, n)
  const size = tileSide(m) * tileSide(n)
  const sums = arena.alloc(taps.length * size * 8)
  arena.f64(sums, taps.length * size).fill(0)
  const [plane, turned] = [0, 1].map(() => arena.alloc(packedBytes(n, n)))
  const matrix = arena.alloc(n * n * 8)
  for (let t = 0; t <= half; t++) {
    const view = arena.f64(planes, planesBytes(n, half) / 8)
    readPlane(view, n, half, t, 1, arena.f64(matrix, n * n))
    pack(n, n, matrix, plane)
    if (t > 0) readPlane(view, n, half, t, -1, arena.f64(matrix, n * n))
    pack(n, n, matrix, turned)
    for (const { from, to, into } of pairs) {
      if (into !== t) continue
      multiply(n, m, n, packed[from], plane, sums + to * size * 8)
      if (t > 0) multiply(n, m, n, packed[to], turned, sums + from * size * 8)
    }
  }
  const gradient = new Float64Array(taps.length * m * n)
  const view = arena.f64(sums, taps.length * size)
  for (let tap = 0; tap < taps.length; tap++)
    for (let j = 0; j < n; j++) {
      const from = tap * size + j * tileSide(m)
      gradient.set(view.subarray(from, from + m), (tap * n + j) * m)
    }
  return gradient
}

/** Panels of the transposes of m × n taps. */
function packRows(arena: Arena, taps: Float64Array, m: number, n: number): number[] {
  const turned = arena.alloc(m * n * 8)
  return Array.from({ length: taps.length / (m * n) }, (_, tap) => {
    const panels = arena.alloc(packedBytes(n, m))
    const view = arena.f64(turned, m * n)
    for (let j = 0, from = tap * m * n; j < n; j++) for (let i = 0; i < m; i++, from++) view[i * n + j] = taps[from]
    arena.routines.pack(n, m, turned, panels)
    return panels
  })
}

/** H_q or H_{−q} = H_qᵀ by columns, from the blocks of the lower triangle with their sums and differences. */
function readPlane(planes: Float64Array, n: number, half: number, t: number, sign: number, to: Float64Array): void {
  const far = 4 * half
  let at = 4 * t
  for (let j = 0; j < n; j += 2) {
    for (let i = j; i < n; i += 2, at += 4 * (1 + 2 * half)) {
      for (let e = 0; e < 4; e++) {
        const [row, column] = [i + (e & 1), j + (e >> 1)]
        if (row >= n || column > row) continue
        const sum = t === 0 ? planes[at + e] : planes[at + e] / 2
        const difference = t === 0 ? 0 : (sign * planes[at + far + e]) / 2
        to[column * n + row] = sum + difference
        to[row * n + column] = sum - difference
      }
    }
  }
}
