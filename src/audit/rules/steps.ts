import { UNIT } from '../../rounding.ts'
import { sizeOf, tabulate } from '../../tensor.ts'
import type { Numbers } from './numbers.ts'
import { gainOf, type Pieces, shapeOf, sourcesOf } from './pieces.ts'
import type { Linear, Step } from './step.ts'

/** The same numbers under another shape. */
export function sameNumbers(shape: readonly number[], rule: string): Step {
  return {
    shape,
    rule,
    combine: 'sum',
    gains: [1],
    evaluate: ([x]) => ({ ...x!, shape }),
    linearize: () => ({ forward: ([dx]) => dx!, backward: dy => [dy] }),
  }
}

/** Entries of the first operand, chosen by a list of sources made when numbers are first needed; −1 takes `fill`. */
export function chosenEntries(shape: readonly number[], gain: number, rule: string, make: () => Int32Array, fill = 0): Step {
  let made: Int32Array | undefined
  const sources = (): Int32Array => {
    made ??= make()
    return made
  }
  return {
    shape,
    rule,
    combine: 'sum',
    gains: [gain],
    evaluate: ([x]) => ({
      ...x!,
      shape,
      data: take(x!.data, sources(), fill),
      ...(x!.radius && { radius: take(x!.radius, sources(), 0) }),
    }),
    linearize: ([x]) => ({
      forward: ([dx]) => take(dx!, sources(), 0),
      backward: dy => [giveBack(dy, sources(), x!.data.length)],
    }),
  }
}

/** Entries chosen axis by axis. Pieces without copies are marked as such: disjoint pieces of one tensor add by squares. */
export function chosenPieces(pieces: Pieces, shape: readonly number[], rule: string, fill = 0): Step {
  const gain = gainOf(pieces)
  const step = chosenEntries(shape, gain, rule, () => sourcesOf(pieces), fill)
  return gain <= 1 && sizeOf(shapeOf(pieces)) > 0 ? { ...step, piece: pieces } : step
}

/** A linear map of the first operand, with the map of its absolute values to bound what rounding does to sums of `terms` products. */
export interface LinearMap {
  readonly shape: readonly number[]
  readonly rule: string
  readonly gain: number
  readonly terms: number
  apply(x: Float64Array): Float64Array
  adjoint(y: Float64Array): Float64Array
  /** Σ |w|·x for x ≥ 0 */
  absolute(x: Float64Array): Float64Array
  /** Σ r·x for x ≥ 0, where the weights are known to ± r only */
  readonly uncertain?: ((x: Float64Array) => Float64Array) | undefined
  /** what is added to the result, in its size */
  readonly offset?: () => Numbers
}

/** A linear map as a step: |ŷ − y| ≤ |W|(r + γ|x|), the products of the radii rounded up by the same γ. `at` is the moving operand. */
export function linearStep(map: LinearMap, at = 0): Step {
  const { shape, rule, gain } = map
  const unit = 2 * (map.terms + 4) * UNIT
  const gains = new Array<number>(at + 1).fill(0)
  gains[at] = gain
  return {
    shape,
    rule,
    combine: 'sum',
    gains,
    evaluate(inputs, careful) {
      const { data, radius } = inputs[at]!
      const y = map.apply(data)
      const offset = map.offset?.()
      if (offset) for (let i = 0; i < y.length; i++) y[i] += offset.data[i]
      if (!careful) return { shape, data: y }
      const reach = tabulate(data.length, i => Math.abs(data[i]) * unit + (radius ? radius[i] : 0))
      const known = (i: number): number => (offset ? (offset.radius?.[i] ?? 0) + Math.abs(y[i]) * 2 * UNIT : 0)
      const spread = map.absolute(reach)
      const drift = map.uncertain?.(tabulate(data.length, i => Math.abs(data[i]) + (radius ? radius[i] : 0)))
      const all = (i: number): number => spread[i] + (drift ? drift[i] * (1 + unit) : 0) + known(i)
      return { shape, data: y, radius: tabulate(y.length, i => all(i) * (1 + unit) + 2 ** -1000) }
    },
    linearize: () => ({
      forward: moves => map.apply(moves[at]!),
      backward: dy => {
        const pulls: (Float64Array | undefined)[] = new Array(at + 1).fill(undefined)
        pulls[at] = map.adjoint(dy)
        return pulls
      },
    }),
  }
}

/** y = f(x) entry by entry. */
export interface Pointwise {
  readonly rule: string
  /** sup |f′|, rounded up */
  readonly gain: number
  value(x: number, i: number): number
  slope(x: number, y: number, i: number): number
  /** absolute error of `value`, relative to 1 + |y|; 0 for what is exact */
  readonly error: number
}

export function pointwiseStep(shape: readonly number[], f: Pointwise): Step {
  return {
    shape,
    rule: f.rule,
    combine: 'sum',
    gains: [f.gain],
    evaluate([x], careful) {
      const { data: from, radius, integer } = x!
      const data = tabulate(from.length, i => f.value(from[i], i))
      const exact = f.error === 0 && radius === undefined
      if (!careful || exact) return { shape, data, ...(exact && integer !== undefined && { integer }) }
      return {
        shape,
        data,
        radius: tabulate(
          data.length,
          i => ((radius ? radius[i] * f.gain : 0) + f.error * (1 + Math.abs(data[i]))) * (1 + 8 * UNIT),
        ),
      }
    },
    linearize: ([x], { data: y }) => {
      const { data } = x!
      return scaledBy(tabulate(data.length, i => f.slope(data[i], y[i], i)))
    },
  }
}

/** The derivative of an entrywise function. */
export function scaledBy(slopes: Float64Array): Linear {
  const times = (moves: Float64Array): Float64Array => tabulate(moves.length, i => moves[i] * slopes[i])
  return { forward: ([dx]) => times(dx!), backward: dy => [times(dy)] }
}

export function take(from: Float64Array, sources: Int32Array, fill: number): Float64Array {
  const to = new Float64Array(sources.length)
  for (let i = 0; i < sources.length; i++) to[i] = sources[i] < 0 ? fill : from[sources[i]]
  return to
}

export function giveBack(pull: Float64Array, sources: Int32Array, length: number): Float64Array {
  const to = new Float64Array(length)
  for (let i = 0; i < sources.length; i++) if (sources[i] >= 0) to[sources[i]] += pull[i]
  return to
}
