import { nextDown, nextUp } from '../rounding.ts'

/**
 * Arithmetic on proven ceilings: every operation errs upwards, by at most one unit in the last place, and not at all where the result
 * is known to be exact (so that identities and rectifiers cost nothing). Arguments are ≥ 0 or Infinity.
 */

/** ≥ a·b. A zero factor wins over an infinite one: Infinity stands for a finite norm beyond the range. */
export function timesUp(a: number, b: number): number {
  if (a === 0 || b === 0) return 0
  const product = a * b
  return excess(a, b, product) <= 0 ? product : nextUp(product)
}

/** ≥ a/b for b > 0. */
export function overUp(a: number, b: number): number {
  if (a === 0) return 0
  const quotient = a / b
  return excess(quotient, b, a) >= 0 ? quotient : nextUp(quotient)
}

/** a·b − c where c is close to the product, exactly (Dekker, by splitting into halves); NaN outside the range where that holds. */
function excess(a: number, b: number, c: number): number {
  if (!(a > 2 ** -400 && a < 2 ** 400 && b > 2 ** -400 && b < 2 ** 400)) return NaN
  const [high, low] = split(a)
  const [upper, lower] = split(b)
  return high * upper - c + high * lower + low * upper + low * lower
}

function split(x: number): [number, number] {
  const shifted = x * (2 ** 27 + 1)
  const high = shifted - (shifted - x)
  return [high, x - high]
}

/** ≥ a + b; exact sums stay as they are (the error term is Knuth's). */
export function plusUp(a: number, b: number): number {
  const sum = a + b
  const part = sum - a
  return a - (sum - part) + (b - part) > 0 ? nextUp(sum) : sum
}

/** ≥ √x. Roots of small squares are exact. */
export function rootUp(x: number): number {
  const root = Math.sqrt(x)
  return isRoot(root, x) ? root : nextUp(root)
}

/** Whole roots are exact. */
function isRoot(root: number, x: number): boolean {
  return root < 2 ** 26 && Number.isInteger(root) && root * root === x
}

/** ≥ √(Σ x²), scaled so that squares neither over- nor underflow. */
export function euclideanUp(numbers: readonly number[]): number {
  const nonzero = numbers.filter(x => x !== 0)
  if (nonzero.length < 2) return nonzero[0] ?? 0
  const largest = nonzero.reduce((a, b) => Math.max(a, b))
  if (largest === Infinity) return Infinity
  const squares = nonzero.map(x => overUp(x, largest)).map(x => timesUp(x, x))
  return timesUp(rootUp(squares.reduce(plusUp)), largest)
}

/** ≤ √x. */
export function rootDown(x: number): number {
  const root = Math.sqrt(x)
  return isRoot(root, x) ? root : Math.max(0, nextDown(root))
}
