/**
 * A Gram symbol G(θ) = F(θ)ᴴF(θ) as src/runtime/gram-symbol.ts opens it, and its values. What a search does at one frequency or at a few is put
 * together here from the other routines: a call from JavaScript for each step costs as much as the steps, and more before it is compiled.
 */
import { hermitianSymbolSingle } from '../generated/hermitian-symbol-single'
import { hermitianSymbol } from '../hermitian-symbol'
import { phases } from '../phases'
import { phasesSingle } from '../single'

/** A kernel has no more. */
export const AXES: i32 = 3

/** A list of positions, and how their phases are made (../phases.ts). */
@unmanaged
export class Positions {
  count: i32
  sizes: usize
  far: usize
  entries: usize
  /** count × axes */
  coordinates: usize
}

/** src/runtime/gram-record.ts writes it. */
@unmanaged
export class Gram {
  m: i32
  n: i32
  axes: i32
  /** Of F, taps × (m × n). */
  taps: usize
  /** Of `hermitianSymbol`, and of `hermitianSymbolSingle`. */
  planes: usize
  planesSingle: usize
  /** A vector to start from where nothing is known, n × [re im]. */
  cold: usize
  /** Scratch of `phases`. */
  table: usize
  /** Of the taps of F, and of those of G with q > 0. */
  places: Positions
  positions: Positions
  /** ‖fl(G(θ)) − G(θ)‖₂; the same in single precision and what underflows; ‖fl(F(θ)v) − F(θ)v‖ for ‖v‖ = 1. */
  error: f64
  errorSingle: f64
  imageError: f64
  /** What a Cholesky test hides, as a multiple of the level: `choleskyError`·n. */
  hidden: f64
  /** √2·γ_c of single precision, and that times the likely size of |L||L|ᴴ, as a multiple of the level. */
  factorSingle: f64
  hiddenSingle: f64
  /** What tests in fixed point are likely to hide, as a multiple of the level; Infinity where they are not worth it. */
  hiddenFixed: f64
  /** A factor for each tap of G with q > 0, or 0 for the symbol itself. */
  weights: usize
}

/** What a Cholesky test in double precision loses at a level. */
export function margin(gram: Gram, level: f64): f64 {
  return 2 * gram.error + gram.hidden * level + 1e-290
}

/** One matrix, in both lanes or in four. */
@inline
export function matrixBytes(n: i32): usize {
  return (<usize>(n * n)) << 5
}

/** The same where it may be more than 32 bits can address: sizes of scratch are doubles, and whoever provides it refuses what is too much. */
@inline
export function matrixSize(n: i32): f64 {
  return 32 * <f64>n * <f64>n
}

/** Addresses are multiples of 16. */
@inline
export function aligned(bytes: usize): usize {
  return (bytes + 15) & ~15
}

/** Of the phases of G at a list of frequencies. */
@inline
export function phaseBytes(gram: Gram, pairs: i32): usize {
  return max<usize>(32, <usize>(pairs * gram.positions.count) << 5)
}

/** e^{iq·θ} for all positions at `count` points, in pair layout. */
export function phasesAt(gram: Gram, positions: Positions, turns: usize, points: usize, count: i32, out: usize): void {
  phases(
    count, gram.axes, positions.count, turns, points, positions.sizes, positions.far, positions.entries, gram.table, out,
  )
}

/** The same for the taps of G with q > 0, times their weights. */
function weightedPhases(gram: Gram, turns: usize, points: usize, count: i32, out: usize): void {
  const half = gram.positions.count
  phasesAt(gram, gram.positions, turns, points, count, out)
  if (gram.weights == 0) return
  for (let pairs = (count + 1) >> 1; pairs > 0; pairs--) {
    for (let q: usize = 0; q < <usize>half; q++, out += 32) {
      const weight = v128.load64_splat(gram.weights + (q << 3))
      v128.store(out, f64x2.mul(weight, v128.load(out)))
      v128.store(out, f64x2.mul(weight, v128.load(out, 16)), 16)
    }
  }
}

/** fl(G(θ)) at `count` points, lower triangles in pair layout; `phase` is scratch. */
export function evaluate(gram: Gram, turns: usize, points: usize, count: i32, phase: usize, g: usize): void {
  weightedPhases(gram, turns, points, count, phase)
  hermitianSymbol((count + 1) >> 1, gram.n, gram.positions.count, gram.planes, phase, g)
}

/** The same in single precision, in quad layout; `rounded` is scratch for half as many phases. */
export function evaluateSingle(gram: Gram, turns: usize, points: usize, count: i32, phase: usize, rounded: usize, h: usize): void {
  const half = gram.positions.count
  const row = (<usize>half) << 5
  const pairs = (count + 1) >> 1
  const quads = (count + 3) >> 2
  weightedPhases(gram, turns, points, count, phase)
  for (let q = 0; q < quads; q++)
    phasesSingle(half, phase + <usize>(2 * q) * row, phase + <usize>min(2 * q + 1, pairs - 1) * row, rounded + <usize>q * row)
  hermitianSymbolSingle(quads, gram.n, half, gram.planesSingle, rounded, h)
}

/** A complex vector, re, im, re, im, …, into one lane of a pair. */
export function toLane(n: i32, v: usize, pair: usize, lane: usize): void {
  let to = pair + (lane << 3)
  for (let i = 0; i < 2 * n; i++, v += 8, to += 16) store<f64>(to, load<f64>(v))
}

/** And back. */
export function fromLane(n: i32, pair: usize, lane: usize, v: usize): void {
  let from = pair + (lane << 3)
  for (let i = 0; i < 2 * n; i++, v += 8, from += 16) store<f64>(v, load<f64>(from))
}

/** Bytes of matrices and phases evaluated together: enough to stream the taps once for many, few enough that they stay in the second-level cache. */
const CACHE: usize = 1 << 19

/** Matrices of `lanes` to a vector that are evaluated together. */
export function blockOf(gram: Gram, lanes: i32): i32 {
  return lanes * <i32>max<usize>(2, CACHE / (matrixBytes(gram.n) + ((<usize>(lanes * gram.positions.count)) << 4)))
}
