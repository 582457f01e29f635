import { countOf, type Frequencies, groupTaps, mirrorPlaces, type Symbol } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { openColumn, placeConjugates } from './autocorrelation-powers.ts'
import type { Complex } from './contract.ts'
import { fourierTransform } from './fft.ts'
import type { GramSymbol } from './gram-symbol.ts'
import { packedBytes, planesBytes, tileSide } from './gram-taps.ts'
import { putWeights, sharesOf } from './interpolated-taps.ts'
import { putPhasesAt } from './phases.ts'

/** Column j of G^m on a grid that holds all of its taps. */
export interface PowerColumn {
  readonly frequencies: Frequencies
  readonly column: number
  readonly m: number
  /** A power of two near 1/λ_max(G): each application of G is scaled by it, so that all terms keep their weights. */
  readonly scale: number
  /** The column on the grid up to a common factor (`openColumn`), overwritten; where it is not at hand it is computed. */
  readonly image?: Complex
}

/**
 * ∂/∂A of L = Σ_{i,q} |(G^m)_q,ij| for one column j, G = FᴴF, up to a common factor.
 *
 * With z the signs of the taps of x_m, x_b = G^b δ_j, y_a = G^a ẑ at each frequency, Parseval gives dL = mean over θ of Re tr(dG·H),
 * 2H = Σ_{a+b=m−1} x_b y_aᴴ + y_a x_bᴴ, and G = FᴴF turns that into ∂L/∂A_p = 2Σ_q A_{p−q}H_q with the taps H_q = mean of H(θ)e^{−iq·θ}, of which
 * those of G suffice. Costs 2m products with G at each frequency and 8mn² for H, n² where the powers themselves cost n³; where m exceeds n,
 * by powers of P = G^(2^k) with m/2^k ≤ n, and from the derivative M by P² to PM + MP by P (reverse mode), k times.
 */
export function powerSumGradient(symbol: Symbol, group: number, gram: GramSymbol, of: PowerColumn): Float64Array {
  return borrow(arena => {
    const planes = arena.alloc(planesBytes(gram.n, gram.positions.length))
    addDerivative(arena, gram, of, signsOf(of.image ?? imageOf(gram, of), of.frequencies.turns), planes)
    return timesTaps(arena, symbol, group, gram, planes)
  })
}

/** Bytes of matrices and vectors held for a batch of frequencies. */
const CACHE = 2 ** 19

/**
 * How G^m is taken apart: `squarings` of G, and powers b ≤ m/2^squarings of what they end in. As long as these outnumber the channels a
 * squaring and its derivative, 12n³, cost less than half of the products with vectors, 12mn².
 */
function stepsOf({ n }: GramSymbol, { m }: PowerColumn): { squarings: number; powers: number } {
  let squarings = 0
  while (m / 2 ** squarings > n) squarings++
  return { squarings, powers: m / 2 ** squarings }
}

function inBatches(
  gram: GramSymbol,
  of: PowerColumn,
  work: (arena: Arena, pairs: number, first: number, size: number) => void,
): void {
  const count = countOf(of.frequencies)
  const { squarings, powers } = stepsOf(gram, of)
  const batch = 2 * Math.max(2, Math.floor(CACHE / (((1 + squarings) * gram.n + 2 * powers) * gram.n * 32)))
  for (let first = 0; first < count; first += batch) {
    const size = Math.min(batch, count - first)
    borrow(arena => work(arena, (size + 1) >> 1, first, size))
  }
}

/** (scale·G)^(2^k) for k = 0 … squarings, both triangles. */
function squares(arena: Arena, gram: GramSymbol, of: PowerColumn, first: number, size: number, phases: number): number[] {
  const { n } = gram
  const pairs = (size + 1) >> 1
  const { squarings } = stepsOf(gram, of)
  const found = Array.from({ length: 1 + squarings }, () => arena.alloc(pairs * n * n * 32))
  gram.write(of.frequencies, first, size, found[0], phases)
  fill(arena, pairs, n, found[0], of.scale)
  for (let k = 1; k <= squarings; k++) {
    arena.routines.gram(pairs, n, n, found[k - 1], found[k])
    fill(arena, pairs, n, found[k], 1)
  }
  return found
}

function fill(arena: Arena, pairs: number, n: number, g: number, factor: number): void {
  borrow(inner => arena.routines.fillHermitian(pairs, n, g, inner.put(new Float64Array(2 * pairs).fill(factor))))
}

/** (scale·G)^m·δ_j at every frequency: n rows. */
function imageOf(gram: GramSymbol, of: PowerColumn): Complex {
  const { n } = gram
  const count = countOf(of.frequencies)
  const { powers } = stepsOf(gram, of)
  const points = sizeOf(of.frequencies.turns)
  const places = mirrorPlaces(of.frequencies)
  const row = { re: new Float64Array(n * count), im: new Float64Array(n * count) }
  inBatches(gram, of, (arena, pairs, first, size) => {
    const phases = putPhasesAt(arena, gram.positions, of.frequencies, first, size)
    const g = squares(arena, gram, of, first, size, phases)
    const x = arena.alloc(pairs * (powers + 1) * n * 32)
    const pitch = (powers + 1) * n * 4
    putUnit(arena.f64(x, pairs * pitch), pitch, n, of.column)
    arena.routines.krylov(pairs, n, powers, 1, g[g.length - 1], x)
    const view = arena.f64(x, pairs * pitch)
    for (let k = 0; k < size; k++) {
      let at = (k >> 1) * pitch + powers * n * 4 + (k & 1)
      for (let to = first + k; to < row.re.length; to += count, at += 4) {
        row.re[to] = view[at]
        row.im[to] = view[at + 2]
      }
    }
  })
  const image = openColumn(n, points)
  for (let i = 0; i < n; i++) placeConjugates(row, i * count, places.here, places.mirror, image, (i >> 1) * points, (i & 1) === 1)
  return image
}

function putUnit(view: Float64Array, pitch: number, n: number, column: number): void {
  for (let at = 0; at < view.length; at += pitch) {
    view.fill(0, at, at + 4 * n)
    view[at + 4 * column] = view[at + 4 * column + 1] = 1
  }
}

/** Share of the norm of all taps below which one of them is rounding error, and its sign is 0. */
const NOTHING = 2 ** -46

/** The transform of the signs of an image's taps, in place: fresh memory takes longer than a transform. */
function signsOf(image: Complex, grid: readonly number[]): Complex {
  if (grid.length > 0) fourierTransform(image, grid, -1, image)
  takeSigns(image)
  return grid.length > 0 ? fourierTransform(image, grid, 1, image) : image
}

function takeSigns({ re, im }: Complex): void {
  let squares = 0
  for (let i = 0; i < re.length; i++) squares += re[i] * re[i] + im[i] * im[i]
  const least = NOTHING * Math.sqrt(squares)
  for (const part of [re, im]) keepSigns(part, least)
}

function keepSigns(part: Float64Array, least: number): void {
  for (let i = 0; i < part.length; i++) part[i] = part[i] > least ? 1 : part[i] < -least ? -1 : 0
}

/** The taps of H, in the planes of `hermitianSymbol`. */
function addDerivative(arena: Arena, gram: GramSymbol, of: PowerColumn, z: Complex, planes: number): void {
  const { n, positions } = gram
  const places = mirrorPlaces(of.frequencies)
  const shares = sharesOf(places)
  arena.f64(planes, planesBytes(n, positions.length) / 8).fill(0)
  inBatches(gram, of, (inner, pairs, first, size) => {
    const { hermitianSum, anticommutator, addHalfPlanes } = inner.routines
    const { powers } = stepsOf(gram, of)
    const phases = putPhasesAt(inner, positions, of.frequencies, first, size)
    const weights = putWeights(inner, positions.length, phases, shares, first, size)
    const g = squares(inner, gram, of, first, size, phases)
    let [h, next] = [0, 0].map(() => inner.alloc(pairs * n * n * 32))
    hermitianSum(pairs, n, powers, bothChains(inner, gram, of, z, places, g[g.length - 1], first, size), h)
    // From the derivative by P² to that by P, squaring by squaring.
    for (const p of g.slice(0, -1).reverse()) {
      fill(inner, pairs, n, h, 1)
      anticommutator(pairs, n, p, h, next)
      ;[h, next] = [next, h]
    }
    addHalfPlanes(pairs, n, positions.length, h, weights, planes, inner.alloc(pairs * 32))
  })
}

/** Powers of a matrix times δ_j, then times ẑ, for each pair. */
function bothChains(
  arena: Arena,
  gram: GramSymbol,
  of: PowerColumn,
  z: Complex,
  places: Places,
  g: number,
  first: number,
  size: number,
): number {
  const { n } = gram
  const pairs = (size + 1) >> 1
  const { powers } = stepsOf(gram, of)
  const pitch = 2 * powers * n * 4
  const x = arena.alloc(pairs * pitch * 8)
  const view = arena.f64(x, pairs * pitch)
  putUnit(view, pitch, n, of.column)
  for (let slot = 0; slot < 2 * pairs; slot++)
    putRows(z, places, first + Math.min(slot, size - 1), n, view, (slot >> 1) * pitch + pitch / 2 + (slot & 1))
  arena.routines.krylov(pairs, n, powers - 1, 2, g, x)
  return x
}

type Places = ReturnType<typeof mirrorPlaces>

/** All rows at one frequency: of two real signals in a complex one the transforms are its even and its odd part. */
function putRows({ re, im }: Complex, { here, mirror }: Places, k: number, n: number, view: Float64Array, at: number): void {
  const points = re.length / ((n + 1) >> 1)
  for (let i = 0, a = here[k], b = mirror[k]; i < n; i++, at += 4) {
    const odd = (i & 1) === 1
    view[at] = (odd ? im[a] + im[b] : re[a] + re[b]) / 2
    view[at + 2] = (odd ? re[b] - re[a] : im[a] - im[b]) / 2
    if (!odd) continue
    a += points
    b += points
  }
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
