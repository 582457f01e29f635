import type { Bound } from '../bound.ts'
import { fail, show } from '../errors.ts'
import { type TensorLike, toTensor } from '../tensor.ts'

/** Largest |σ′| and |σ″|, rounded up; `second` is absent where σ′ jumps. */
export interface Slopes {
  readonly first: number
  readonly second?: number
}

/**
 * Slope constants of the activations without parameters: sup |σ′| (the Lipschitz constant, since all are continuous) and sup |σ″|.
 *
 * Where the supremum is not a plain number it is attained at a point given here, and the digits are those of a 30-digit computation,
 * rounded up at the twelfth: GELU at x = √2, σ′ = Φ(√2) + √2·φ(√2), σ″ = φ(x)(2 − x²) largest at 0; its tanh form at 1.4185; SiLU at 2.3994;
 * Mish at 1.4906; sigmoid σ″ = 1/(6√3); tanh σ″ = 4/(3√3); SELU λ·α (as published; single-precision defaults are a little larger); erf 2/√π; hard swish (2x + 3)/6 at x = 3.
 */
export const SLOPES = {
  relu: { first: 1 },
  'hard-tanh': { first: 1 },
  tanh: { first: 1, second: 0.76980035892 },
  sigmoid: { first: 0.25, second: 0.096225044864938 },
  'hard-swish': { first: 1.5 },
  softplus: { first: 1, second: 0.25 },
  softsign: { first: 1, second: 2 },
  gelu: { first: 1.128904145186, second: 0.797884560803 },
  'gelu-tanh': { first: 1.128993068659 },
  silu: { first: 1.099839320129, second: 0.5 },
  mish: { first: 1.088498161252 },
  selu: { first: 1.758099340848 },
  erf: { first: 1.128379167096 },
  abs: { first: 1 },
  atan: { first: 1 },
  sin: { first: 1, second: 1 },
  cos: { first: 1, second: 1 },
  softmax: { first: 0.5 },
} as const satisfies Record<string, Slopes>

export type Activation = keyof typeof SLOPES

/**
 * Lipschitz constant of an activation, for every size: sup |σ′|, rounded up (METHODS §9).
 *
 * Softmax is ½: its Jacobian diag(p) − ppᵀ is the variance of v under p, and a variable of range max v − min v ≤ √2·‖v‖ has at most
 * a quarter of the range squared (Popoviciu). Leaky and parametric rectifiers have max(1, |slope|): give their slopes.
 *
 * @param name one of `SLOPES`, or 'leaky-relu', 'elu' with a slope
 * @throws OpnormError `option`
 * @example activation('gelu').value  // 1.128904145186
 */
export function activation(name: Activation | 'leaky-relu' | 'elu', slope?: number | TensorLike): Bound<'upper'> {
  const value =
    name === 'leaky-relu' || name === 'elu' ? withSlope(name, slope ?? (name === 'elu' ? 1 : 0.01)) : slopesOf(name).first
  return { value, kind: 'upper', method: `activation ${name}`, scope: 'every-size', lower: 0, upper: value, work: 0 }
}

/** The constants of an activation known by name. */
export function slopesOf(name: string): Slopes {
  if (!Object.hasOwn(SLOPES, name))
    fail(
      'option',
      'activation',
      Object.keys(SLOPES).join(', '),
      show(name),
      'Give one of these, or compose with your own proven bound',
    )
  return SLOPES[name as Activation]
}

function withSlope(name: string, slope: number | TensorLike): number {
  const slopes = typeof slope === 'number' ? [slope] : [...toTensor(slope, `${name} slope`).data]
  return slopes.reduce((largest, each) => {
    if (!Number.isFinite(each)) fail('option', name, 'finite slopes', show(each), 'Check the parameters of the activation')
    return Math.max(largest, Math.abs(each))
  }, 1)
}
