/** Cholesky tests of λ_max(G) ≤ level, in double precision and in single (docs/rounding.md, "The Cholesky test" and "Tests in single precision"). */
import { cholesky } from '../cholesky'
import { choleskySingle } from '../generated/cholesky-single'
import { spread } from '../single'
import { blockOf, evaluate, evaluateSingle, Gram, margin, matrixBytes, phaseBytes } from './gram-symbol'
import { gamma } from './numbers'

const SINGLE_UNIT: f64 = 5.9604644775390625e-8

/** What `ceilingsOf` has proven. */
export const tops: usize = memory.data(32, 8)

/**
 * Cholesky tests of four matrices in quad layout, at levels of which 0 asks for none. Where the factorisation of fl(level)·I − G' runs to its end, G' = G in single
 * precision,
 *
 *     λ_max(G) ≤ level + √2·γ_c·‖|L||L|ᴴ‖₂ + ‖G' − G‖₂,   u = 2⁻²⁴, c = choleskyRoundings(n),
 *
 * with the largest row sum of |L||L|ᴴ taken from the factor itself (docs/rounding.md, "Tests in single precision"). That is left in `tops`, Infinity
 * where the test failed.
 *
 * @param work n·n·32 + n·16 + 32 bytes
 */
export function ceilingsOf(gram: Gram, h: usize, level: usize, work: usize): void {
  const n = gram.n
  const sums = work + matrixBytes(n)
  const passed = sums + ((<usize>n) << 4)
  choleskySingle(1, n, h, level, work, passed)
  spread(n, work, sums, passed + 16)
  for (let at: usize = 0; at < 16; at += 4) {
    const asked = load<f32>(level + at)
    const lost = gram.factorSingle * <f64>load<f32>(passed + 16 + at) * (1 + 4 * <f64>n * SINGLE_UNIT)
    const proven = asked != 0 && load<f32>(passed + at) == 1
    store<f64>(tops + 2 * at, proven ? (<f64>asked + lost + gram.errorSingle) * (1 + gamma(16)) : Infinity)
  }
}

/** About what a test in single precision loses at a level. */
export function roughMargin(gram: Gram, level: f64): f64 {
  return gram.errorSingle + gram.hiddenSingle * level
}

/** By how many times that a level is lowered. Row sums of 512 channels have reached 1.85 times √n times the level, where it has 1.7. */
const AMPLE: f64 = 1.2

/**
 * 1 for each point where λ_max(G(θ)) ≤ level is proven: in double precision, or in single at half the price, for levels well above λ_max.
 *
 *   points  in   count × axes      levels  in  count      passed  out  count bytes      w  bracketBytes
 */
export function below(gram: Gram, rough: bool, turns: usize, points: usize, count: i32, levels: usize, passed: usize, w: usize): void {
  const n = gram.n
  const lanes = rough ? 4 : 2
  const block = blockOf(gram, lanes)
  const most = min(count, block)
  const phase = w
  const rounded = phase + phaseBytes(gram, (most + 1) >> 1)
  const g = rounded + phaseBytes(gram, (most + 1) >> 1)
  const work = g + <usize>((most + lanes - 1) / lanes) * matrixBytes(n)
  for (let first = 0; first < count; first += block, points += (<usize>(block * gram.axes)) << 3) {
    const size = min(block, count - first)
    const own = levels + ((<usize>first) << 3)
    if (rough) {
      evaluateSingle(gram, turns, points, size, phase, rounded, g)
      belowSingle(gram, g, size, own, AMPLE, passed + <usize>first, work)
    } else {
      evaluate(gram, turns, points, size, phase, g)
      belowDouble(gram, g, size, own, passed + <usize>first, work)
    }
  }
}

/**
 * The same for matrices in quad layout.
 *
 *   ample       by how many times its likely cost a level is lowered
 *   w           n·n·32 + n·16 + 64 bytes
 */
export function belowSingle(gram: Gram, h: usize, count: i32, levels: usize, ample: f64, passed: usize, w: usize): void {
  memory.fill(passed, 0, count)
  for (; count > 0; count -= 4, h += matrixBytes(gram.n), levels += 32, passed += 4) {
    const lanes = min(4, count)
    let tests = false
    for (let lane = 0; lane < 4; lane++) {
      const asked = load<f64>(levels + ((<usize>min(lane, lanes - 1)) << 3))
      const lowered = Math.max(0, asked - ample * roughMargin(gram, asked))
      store<f32>(w + ((<usize>lane) << 2), <f32>lowered)
      tests = tests || lowered > 0
    }
    if (!tests) continue
    ceilingsOf(gram, h, w, w + 16)
    for (let lane: usize = 0; lane < <usize>lanes; lane++)
      store<u8>(passed + lane, load<f64>(tops + (lane << 3)) <= load<f64>(levels + (lane << 3)) ? 1 : 0)
  }
}

function belowDouble(gram: Gram, g: usize, count: i32, levels: usize, passed: usize, w: usize): void {
  for (; count > 0; count -= 2, g += matrixBytes(gram.n), levels += 16, passed += 2) {
    const lanes = min(2, count)
    for (let lane = 0; lane < 2; lane++) {
      const asked = load<f64>(levels + ((<usize>min(lane, lanes - 1)) << 3))
      store<f64>(w + ((<usize>lane) << 3), asked - margin(gram, asked))
    }
    cholesky(1, gram.n, g, w, w + 32, w + 16)
    for (let lane: usize = 0; lane < <usize>lanes; lane++) store<u8>(passed + lane, load<f64>(w + 16 + (lane << 3)) == 1 ? 1 : 0)
  }
}
