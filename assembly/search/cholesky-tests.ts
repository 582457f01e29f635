/**
 * Cholesky tests of λ_max(G) ≤ level, in double precision, in single and in fixed point (docs/rounding.md, "The Cholesky test", "Tests in single precision", "Tests in
 * fixed point").
 */
import { cholesky } from '../cholesky'
import { choleskyFixed } from '../cholesky-fixed'
import { choleskySingle } from '../generated/cholesky-single'
import { spread } from '../single'
import { blockOf, evaluate, evaluateSingle, Gram, margin, matrixBytes, phaseBytes } from './gram-symbol'
import { gamma } from './numbers'

const SINGLE_UNIT: f64 = 5.9604644775390625e-8

/** How a test is made, the closest first. */
export const DOUBLE: i32 = 0
export const SINGLE: i32 = 1
export const FIXED: i32 = 2

/** What `ceilingsOf` has proven. */
export const tops: usize = memory.data(32, 8)

/**
 * Cholesky tests of four matrices in quad layout, in single precision or in fixed point, at levels of which 0 asks for none. Where the factorisation of
 * fl(level)·I − G' runs to its end, G' = G in single precision,
 *
 *     λ_max(G) ≤ level + √2·γ_c·(‖|L||L|ᴴ‖₂ + level) + ‖R‖₂ + ‖G' − G‖₂,   u = 2⁻²⁴,
 *
 * with the largest row sum of |L||L|ᴴ taken from the factor itself; R comes from what entries are rounded by in fixed point. That is left in `tops`, Infinity where
 * the test failed.
 *
 * @param work n·n·32 + n·16 + 80 bytes
 */
export function ceilingsOf(gram: Gram, h: usize, level: usize, precision: i32, work: usize): void {
  const n = gram.n
  const sums = work + matrixBytes(n)
  const passed = sums + ((<usize>n) << 4)
  const off = passed + 16
  const rows = off + 16
  let factor = gram.factorSingle
  if (precision == FIXED) {
    choleskyFixed(n, h, level, work, passed)
    factor = roundingFactor(load<i32>(rows, 16) + 15)
  } else {
    choleskySingle(1, n, h, level, work, passed)
    v128.store(off, f32x4.splat(0))
    spread(n, work, sums, rows)
  }
  for (let at: usize = 0; at < 16; at += 4) {
    const asked = load<f32>(level + at)
    const lost = (factor * (<f64>load<f32>(rows + at) + <f64>asked) + <f64>load<f32>(off + at)) * (1 + 4 * <f64>n * SINGLE_UNIT)
    const proven = asked != 0 && load<f32>(passed + at) == 1
    store<f64>(tops + 2 * at, proven ? (<f64>asked + lost + gram.errorSingle) * (1 + gamma(16)) : Infinity)
  }
}

/** √2·γ_c of single precision, rounded up (`singleFactor` in src/runtime/cholesky-tests.ts). */
function roundingFactor(c: i32): f64 {
  const part = <f64>c * SINGLE_UNIT
  return (1.4142135623730951 * 1.01 * part) / (1 - part)
}

/** About what a test that is not in double precision loses at a level. */
export function lossOf(gram: Gram, precision: i32, level: f64): f64 {
  return gram.errorSingle + (precision == FIXED ? gram.hiddenFixed : gram.hiddenSingle) * level
}

/** By how many times that a level is lowered. Row sums of 512 channels have reached 1.85 times √n times the level, where it has 1.7. */
const AMPLE: f64 = 1.2

/**
 * 1 for each point where λ_max(G(θ)) ≤ level is proven; the cheaper a test, the further above λ_max a level has to be.
 *
 *   points  in   count × axes      levels  in  count      passed  out  count bytes      w  bracketBytes
 */
export function below(gram: Gram, precision: i32, turns: usize, points: usize, count: i32, levels: usize, passed: usize, w: usize): void {
  const n = gram.n
  const lanes = precision == DOUBLE ? 2 : 4
  const block = blockOf(gram, lanes)
  const most = min(count, block)
  const phase = w
  const rounded = phase + phaseBytes(gram, (most + 1) >> 1)
  const g = rounded + phaseBytes(gram, (most + 1) >> 1)
  const work = g + <usize>((most + lanes - 1) / lanes) * matrixBytes(n)
  for (let first = 0; first < count; first += block, points += (<usize>(block * gram.axes)) << 3) {
    const size = min(block, count - first)
    const own = levels + ((<usize>first) << 3)
    if (precision == DOUBLE) {
      evaluate(gram, turns, points, size, phase, g)
      belowDouble(gram, g, size, own, passed + <usize>first, work)
    } else {
      evaluateSingle(gram, turns, points, size, phase, rounded, g)
      belowQuads(gram, precision, g, size, own, AMPLE, passed + <usize>first, work)
    }
  }
}

/**
 * The same for matrices in quad layout, in single precision or in fixed point.
 *
 *   ample       by how many times its likely cost a level is lowered
 *   w           n·n·32 + n·16 + 96 bytes
 */
export function belowQuads(gram: Gram, precision: i32, h: usize, count: i32, levels: usize, ample: f64, passed: usize, w: usize): void {
  memory.fill(passed, 0, count)
  for (; count > 0; count -= 4, h += matrixBytes(gram.n), levels += 32, passed += 4) {
    const lanes = min(4, count)
    let tests = false
    for (let lane = 0; lane < 4; lane++) {
      const asked = load<f64>(levels + ((<usize>min(lane, lanes - 1)) << 3))
      const lowered = Math.max(0, asked - ample * lossOf(gram, precision, asked))
      store<f32>(w + ((<usize>lane) << 2), <f32>lowered)
      tests = tests || lowered > 0
    }
    if (!tests) continue
    ceilingsOf(gram, h, w, precision, w + 16)
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
