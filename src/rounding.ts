/**
 * Directed rounding without a rounding mode: neighbours of a double, and scaling by powers of two that says which way it may err.
 * Used wherever a proven end of an enclosure leaves the last operation (METHODS §0, §10).
 */
const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/** Unit roundoff, 2⁻⁵³: fl(a ∘ b) = (a ∘ b)(1 + ε), |ε| ≤ UNIT. */
export const UNIT = 2 ** -53

/** 2^exponent, exactly, for −1022 ≤ exponent ≤ 1023. */
export function pow2(exponent: number): number {
  words[0] = 0
  words[1] = (exponent + 1023) << 20
  return double[0]
}

/** The next double above. */
export function nextUp(x: number): number {
  if (x === Infinity || Number.isNaN(x)) return x
  if (x === 0) return 2 ** -1074
  double[0] = x
  step(x > 0 ? 1 : -1)
  return double[0]
}

/** The next double below. */
export function nextDown(x: number): number {
  return -nextUp(-x)
}

/** A double ≥ x·2^exponent (x ≥ 0), equal to it where that is a double; Infinity beyond the range. */
export function scaledUp(x: number, exponent: number): number {
  const y = scaled(x, exponent)
  return y < 2 ** -1021 && scaled(y, -exponent) < x ? nextUp(y) : y
}

/** A double ≤ x·2^exponent (x ≥ 0), equal to it where that is a double; the largest double beyond the range. */
export function scaledDown(x: number, exponent: number): number {
  const y = scaled(x, exponent)
  if (y === Infinity) return x === Infinity ? Infinity : Number.MAX_VALUE
  return y < 2 ** -1021 && scaled(y, -exponent) > x ? nextDown(y) : y
}

/** x·2^exponent, rounded once. */
export function scaled(x: number, exponent: number): number {
  while (exponent > 1000 || exponent < -1000) {
    const part = exponent > 0 ? 1000 : -1000
    x *= pow2(part)
    exponent -= part
  }
  return x * pow2(exponent)
}

/**
 * Higham's γ_n = n·u/(1 − n·u), rounded up: a computed sum of n products errs by at most γ_n times the sum of their absolute values
 * (Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.1), in any order of summation.
 */
export function gamma(n: number): number {
  return ((n * UNIT) / (1 - n * UNIT)) * (1 + 8 * UNIT)
}

function step(by: 1 | -1): void {
  if (by > 0) {
    words[0] = (words[0] + 1) >>> 0
    if (words[0] === 0) words[1]++
  } else {
    if (words[0] === 0) words[1]--
    words[0] = (words[0] - 1) >>> 0
  }
}
