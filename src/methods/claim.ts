import type { Bound, Scope, Start } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { nextUp, scaled, scaledDown, scaledUp } from '../rounding.ts'
import type { Tensor } from '../tensor.ts'

/** What a method found about the scaled symbol; `exponent` brings it back to the layer. */
export interface Finding {
  readonly method: string
  readonly scope: Scope
  readonly exponent: number
  readonly work: number
  readonly gradient?: Tensor
  readonly start?: Start
  readonly converged?: boolean
}

/** A proven ceiling `upper`, and a floor where one came along. */
export function upperBound(upper: number, finding: Finding, lower = 0): Bound<'upper'> {
  const value = scaledUp(upper, finding.exponent)
  return bound(value, 'upper', scaledDown(Math.min(lower, upper), finding.exponent), value, finding)
}

/** A proven floor `lower`, and a ceiling where one came along. */
export function lowerBound(lower: number, finding: Finding, upper = Infinity): Bound<'lower'> {
  const value = scaledDown(lower, finding.exponent)
  return bound(value, 'lower', value, scaledUp(upper, finding.exponent), finding)
}

export function exactBound(value: number, lower: number, upper: number, finding: Finding): Bound<'exact'> {
  const [low, high] = [scaledDown(lower, finding.exponent), scaledUp(upper, finding.exponent)]
  return bound(Math.min(high, Math.max(low, scaled(value, finding.exponent))), 'exact', low, high, finding)
}

export function estimate(value: number, finding: Finding): Bound<'estimate'> {
  return bound(scaled(value, finding.exponent), 'estimate', 0, Infinity, finding)
}

function bound<K extends Bound['kind']>(value: number, kind: K, lower: number, upper: number, finding: Finding): Bound<K> {
  const { method, scope, work, gradient, start, converged } = finding
  return {
    value,
    kind,
    method,
    scope,
    lower,
    upper,
    work,
    ...(gradient && { gradient }),
    ...(start && { start }),
    ...(converged !== undefined && { converged }),
  }
}

/** A dense layer has one size; what speaks of every size of a convolution speaks of that one. */
export function everySize(layer: Conv): Scope {
  return layer.kernelSize.length === 0 ? 'this-size' : 'every-size'
}

/** Product of non-negative factors, rounded up. */
export function productUp(...factors: number[]): number {
  return factors.reduce(
    (product, factor) => (product === 0 || factor === 0 ? 0 : factor === 1 ? product : nextUp(product * factor)),
    1,
  )
}

/** A whole number from `least` to `most`, or an error that names the option. */
export function wholeOption(name: string, value: unknown, least: number, most = 2 ** 31): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    fail('option', name, `a whole number from ${least}${most < 2 ** 31 ? ` to ${most}` : ''}`, show(value), 'Check the call')
  return value
}

/** A number in (0, 1), or an error that names the option. */
export function fractionOption(name: string, value: unknown): number {
  if (typeof value !== 'number' || !(value > 0 && value < 1))
    fail('option', name, 'a number between 0 and 1', show(value), 'Check the call')
  return value
}
