/**
 * Decimals that stay true: the lower end of an enclosure is rounded down, the upper end up, and only digits the gap justifies are shown.
 */

const MOST_DIGITS = 10

/** An enclosure as two decimals of one length, or one decimal where both ends are it. */
export function enclosureText(lower: number, upper: number | null): string {
  if (upper === null) return `≥ ${roundedDown(lower, 6)}`
  if (upper === 0) return '0'
  const digits = justifiedDigits(lower, upper)
  const [low, high] = sameStyle(lower, upper, digits)
  return low === high ? trimmed(low) : `${low} … ${high}`
}

/** Both ends are this very number: its zeros say nothing. */
function trimmed(decimal: string): string {
  return decimal.includes('.') && !decimal.includes('e') ? decimal.replace(/\.?0+$/, '') : decimal
}

/** A decimal of `digits` significant digits that is ≤ x (x ≥ 0). */
export function roundedDown(x: number, digits: number): string {
  return spell(cut(x, exponentOf(x) - digits + 1, false))
}

/** A decimal of `digits` significant digits that is ≥ x (x ≥ 0). */
export function roundedUp(x: number, digits: number): string {
  return spell(cut(x, exponentOf(x) - digits + 1, true))
}

/** x to `digits` significant digits, nearest: for what is no proven end. */
export function rounded(x: number, digits: number): string {
  if (x === 0) return '0'
  const sign = x < 0 ? '-' : ''
  const [mantissa, power] = Math.abs(x)
    .toExponential(digits - 1)
    .split('e')
  return sign + spell({ whole: BigInt(mantissa.replace('.', '')), power: Number(power) - digits + 1 })
}

/** A ratio or a gap: two digits, such as 6e-07. */
export function gapText(gap: number | null): string {
  if (gap === null) return '–'
  if (gap === 0) return '0'
  const [mantissa, power] = gap.toExponential(0).split('e')
  return `${mantissa}e${power[0]}${power.slice(1).padStart(2, '0')}`
}

/** whole·10^power */
interface Decimal {
  whole: bigint
  power: number
}

/** The last digit shown is the first one in which the two ends differ. */
function justifiedDigits(lower: number, upper: number): number {
  const width = upper - lower
  const top = exponentOf(upper)
  if (!(width > 0)) return MOST_DIGITS
  return Math.max(2, Math.min(MOST_DIGITS, top - exponentOf(width) + 1))
}

function sameStyle(lower: number, upper: number, digits: number): [string, string] {
  const unit = exponentOf(upper) - digits + 1
  return [spell(cut(lower, unit, false)), spell(cut(upper, unit, true))]
}

/** x ≥ 0 as a whole number of 10^unit, rounded down or up. 101 digits of a double leave nothing that could round the wrong way. */
function cut(x: number, unit: number, up: boolean): Decimal {
  if (x === 0) return { whole: 0n, power: unit }
  const [mantissa, exponent] = x.toExponential(100).split('e')
  const digits = mantissa.replace('.', '')
  const shown = Number(exponent) - unit + 1
  const head = shown > 0 ? BigInt(digits.slice(0, shown).padEnd(shown, '0')) : 0n
  const rest = shown > 0 ? digits.slice(shown) : digits
  return { whole: head + (up && /[1-9]/.test(rest) ? 1n : 0n), power: unit }
}

function exponentOf(x: number): number {
  return x === 0 ? 0 : Number(x.toExponential().split('e')[1])
}

/** Fixed notation from 1e-4 to 1e7 and where no more than one zero has to be made up, scientific elsewhere. */
function spell({ whole, power }: Decimal): string {
  if (whole === 0n) return '0'
  const digits = whole.toString()
  const exponent = digits.length - 1 + power
  if (exponent < -4 || exponent >= 7 || power > 1) {
    const fraction = digits.slice(1)
    return `${digits[0]}${fraction ? '.' + fraction : ''}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  if (power >= 0) return digits + '0'.repeat(power)
  const padded = digits.padStart(1 - power, '0')
  return `${padded.slice(0, power)}.${padded.slice(power)}`
}
