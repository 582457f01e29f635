/**
 * An independent reference: elementary functions in fixed point with 240 bits behind the point, by BigInt. Slow, simple, and sharing
 * nothing with the routines.
 */
const BITS = 240n
export const ONE = 1n << BITS

const multiply = (a: bigint, b: bigint) => (a * b) >> BITS

/** A double, exactly (its last bit must be ≥ 2⁻²⁴⁰). */
export function fixed(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  const raw = (bits >> 52n) & 2047n
  const mantissa = (bits & ((1n << 52n) - 1n)) | (raw > 0n ? 1n << 52n : 0n)
  const shift = BITS + (raw > 0n ? raw : 1n) - 1075n
  const magnitude = shift >= 0n ? mantissa << shift : mantissa >> -shift
  return bits >> 63n ? -magnitude : magnitude
}

/** A fixed-point number, to double precision: for differences and quotients only. */
export function toNumber(x: bigint): number {
  return Number(x >> (BITS - 200n)) * 2 ** -200
}

/** atan(1/n) and atanh(1/n) by their series. */
function arcus(n: bigint, sign: bigint): bigint {
  let power = ONE / n
  let sum = 0n
  for (let k = 1n, s = 1n; power !== 0n; k += 2n, s *= sign, power /= n * n) sum += (s * power) / k
  return sum
}

export const PI = 4n * (4n * arcus(5n, -1n) - arcus(239n, -1n))
export const LN2 = 2n * arcus(3n, 1n)

/** (cos, sin)(2πj/n), for 0 ≤ j < n. */
export function turn(j: bigint, n: bigint): [bigint, bigint] {
  const x = (2n * PI * j) / n / 16n // the angle's sixteenth, doubled four times below
  const square = multiply(x, x)
  let [cos, sin] = [ONE, x]
  let [c, s] = [ONE, x]
  for (let k = 1n; s !== 0n; k += 2n) {
    c = -multiply(c, square) / (k * (k + 1n))
    s = -multiply(s, square) / ((k + 1n) * (k + 2n))
    cos += c
    sin += s
  }
  for (let i = 0; i < 4; i++) [cos, sin] = [multiply(cos, cos) - multiply(sin, sin), 2n * multiply(cos, sin)]
  return [cos, sin]
}

/** eˣ for |x| ≤ 1. */
export function exponential(x: bigint): bigint {
  let [sum, term] = [ONE, ONE]
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = multiply(term, x) / k
    sum += term
  }
  return sum
}

/** ln x for ½ ≤ x ≤ 2. */
export function logarithm(x: bigint): bigint {
  const s = ((x - ONE) << BITS) / (x + ONE)
  const square = multiply(s, s)
  let [sum, power] = [0n, s]
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n, power = multiply(power, square)) sum += power / k
  return 2n * sum
}
