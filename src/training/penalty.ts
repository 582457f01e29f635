import type { Bound, Start } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { asLayer, asOptions } from '../methods/operand.ts'
import type { Tensor } from '../tensor.ts'

/** Any method that can give its gradient: `spectralNorm`, `f4`, `gram`, `tensorNorm`, `exact`, `power` … */
export type BoundMethod<C extends Conv> = (layer: C, options: { gradient: true; start?: Start }) => Bound

export interface PenaltyOptions<C extends Conv> {
  readonly bound: BoundMethod<C>
  /** λ; default 1. */
  readonly weight?: number
  /** Of σ: 1, or 2 (default). */
  readonly power?: 1 | 2
  /**
   * `starts` of the step before: methods that keep vectors need one or two sweeps then instead of a search. An estimate that `tensorNorm` climbs to from
   * them can fall below the norm; without them, now and then, it begins at the symbol's maximiser again.
   */
  readonly starts?: readonly (Start | undefined)[]
}

export interface Penalty {
  /** λ Σ σᵖ. */
  readonly value: number
  /** ∂value/∂kernel of every layer, in its own shape and layout. */
  readonly gradients: Tensor[]
  /** For the next step's `starts`; undefined for a method that keeps none. */
  readonly starts: (Start | undefined)[]
  readonly bounds: Bound[]
}

/**
 * Spectral-norm regularisation of a list of layers: `λ Σ σ(layer)ᵖ` and its gradients, `λ p σᵖ⁻¹ ∂σ/∂K`.
 *
 * A regulariser claims nothing, so any kind of bound serves; what each layer's bound was is in `bounds`. Where a method has a gradient
 * but no derivative (a tie) it is one of the generalised gradients.
 *
 * Yoshida & Miyato 2017, arXiv:1705.10941; METHODS §9.
 *
 * @param layers convolutions or dense layers (with input sizes where the method needs one)
 * @throws OpnormError `option`; whatever the method throws
 * @example const step = penalty(layers, { bound: tensorNorm, weight: 0.01, starts: before.starts })
 */
export function penalty<C extends Conv>(layers: readonly C[], options: PenaltyOptions<C>): Penalty {
  asOptions(options, 'penalty')
  const { bound, weight = 1, power = 2, starts } = options
  if (!Array.isArray(layers)) fail('option', 'layers', 'a list of layers', show(layers), 'Pass [layer] for a single one')
  if (!(typeof weight === 'number' && weight >= 0 && weight < Infinity))
    fail('option', 'weight', 'a finite number from 0', show(weight), 'It is λ')
  if (power !== 1 && power !== 2) fail('option', 'power', '1 or 2', show(power), 'λ Σ σ, or λ Σ σ²')
  if (starts && starts.length !== layers.length)
    fail('option', 'starts', `${layers.length}, one a layer`, String(starts.length), 'Pass the starts of the step before')
  const bounds = layers.map((layer, l) => differentiated(bound, layer, starts?.[l]))
  return {
    value: bounds.reduce((sum, { value }) => sum + (power === 1 ? times(weight, value) : times(times(weight, value), value)), 0),
    gradients: bounds.map(found => scaledGradient(found, power === 1 ? weight : times(2 * weight, found.value))),
    starts: bounds.map(({ start }) => start),
    bounds,
  }
}

function scaledGradient({ gradient }: Differentiated, factor: number): Tensor {
  return { data: gradient.data.map(g => times(factor, g)), shape: gradient.shape }
}

/** Nothing of what is beyond the range is nothing. */
function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b
}

type Differentiated = Bound & { readonly gradient: Tensor }

/** The bound of a layer with its gradient, or an error that says what is wrong with the method. */
export function differentiated<C extends Conv>(method: BoundMethod<C>, layer: C, start: Start | undefined): Differentiated {
  if (typeof method !== 'function')
    fail('option', 'bound', 'a method such as spectralNorm', show(method), 'Pass the function itself')
  asLayer(layer, 'bound')
  const found: Bound | undefined = method(layer, { gradient: true, ...(start && { start }) })
  if (!(typeof found?.value === 'number' && found.value >= 0))
    fail('option', 'bound', 'a method that returns a bound', show(found), 'Return what spectralNorm() or another method gives')
  const { gradient } = found
  if (!gradient)
    fail('option', 'bound', 'a method with a gradient', show(found.method), 'Use spectralNorm, f4, gram, tensorNorm or power')
  return { ...found, gradient: gradientFor(layer, gradient) }
}

/** The gradient of a bound, if it is one for this layer. */
export function gradientFor(layer: Conv, gradient: Tensor): Tensor {
  const { shape } = layer.kernel
  const given = gradient?.shape
  if (
    gradient?.data?.length !== layer.kernel.data.length ||
    given?.length !== shape.length ||
    shape.some((n, d) => given[d] !== n)
  )
    fail(
      'shape',
      'bound.gradient',
      `shape ${show([...shape])}`,
      show(given ? [...given] : gradient),
      "Give this layer's own bound",
    )
  const bad = gradient.data.findIndex(x => Number.isNaN(x))
  if (bad >= 0) fail('nonfinite', 'bound.gradient', 'numbers', `NaN at [${bad}]`, 'Give the bound as the method returned it')
  return gradient
}
