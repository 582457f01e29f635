import type { Conv } from '../conv.ts'
import { fail, show } from '../errors.ts'
import { asLayer, asOptions } from '../methods/operand.ts'
import { scaled, scaledUp } from '../rounding.ts'
import type { Tensor, TensorLike } from '../tensor.ts'
import { cotangentOf, withinRange } from './cotangent.ts'
import { type LayerRows, layerRows, outputChannelOf } from './layer-rows.ts'
import { type RowScale, rowScales, rowScalesVjp } from './row-scales.ts'

export interface Rescaled {
  /** Row o of the layer divided by scale[o], in the kernel's own shape and layout. Its norm is at most 1 for every input size. */
  readonly kernel: Tensor
  /** t_o for every output channel; 0 for a dead channel, whose row stays zero. */
  readonly scale: Float64Array
  /** ∂loss/∂(original kernel) from ∂loss/∂(rescaled kernel). */
  vjp(cotangent: TensorLike): Tensor
}

/**
 * A 1-Lipschitz layer: row o divided by `t_o = (Σ_{j,q} |((W Wᴴ)^{2^{n−1}})_{oj,q}|)^{1/2^n}`, so that `‖diag(t)⁻¹ W‖ ≤ 1`.
 *
 * Holds for convolutions of every input size, zero or circular padding, any stride, and for dense matrices; n = 1 is AOL, and the norm
 * comes closer to 1 from below as n grows. Proven with every rounding: scale carries a margin for it (about 1e-13), and 2⁻³⁷ (7·10⁻¹²)
 * more, so that `spectralNorm` at a gap of 5·10⁻¹² finds an upper end of at most 1 as well. Rows of any scale are right, from 1e-300 beside 1e+300, since only taps of the same two rows are ever multiplied.
 * Costs (2^{n−1}(k−1) + 1)^{2D} · cout² · (cin, then cout) multiplications.
 *
 * Prach & Lampert 2022 (arXiv:2208.03160), Araujo et al. 2023, Delattre et al. 2024 (arXiv:2402.00240); METHODS §4.
 *
 * @param layer convolution or dense layer; transposed ones are rescaled along their own output channels
 * @param options iterations: n, 1 (default) to 10
 * @throws OpnormError `option`, also where the last squaring would take more than 10¹¹ multiplications
 * @example rescale(dense([[3, 4], [0, 0]])).scale  // [5.00000000004, 0]
 */
export function rescale(layer: Conv, options: { readonly iterations?: number } = {}): Rescaled {
  asOptions(options, 'rescale')
  const { iterations = 1 } = options
  asLayer(layer, 'rescale')
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > 10)
    fail('option', 'iterations', 'a whole number from 1 to 10', show(iterations), '1 is AOL; 2 or 3 come close to norm 1')
  refuseTooLarge(layer, iterations)
  const channel = outputChannelOf(layer)
  const groups = Array.from({ length: layer.groups }, (_, g) => scalesOfGroup(layer, g, iterations))
  const perGroup = layer.outChannels / layer.groups
  const scaleOf = (o: number): RowScale => groups[Math.floor(o / perGroup)].scales[o % perGroup]
  const data = layer.kernel.data.map((x, at) => divide(x, scaleOf(channel(at))))
  const scale = Float64Array.from({ length: layer.outChannels }, (_, o) => toNumber(scaleOf(o)))
  return {
    kernel: { data, shape: layer.kernel.shape },
    scale,
    vjp: cotangent => vjpOf(layer, groups, data, cotangentOf(layer.kernel, cotangent)),
  }
}

interface GroupScales {
  readonly rows: LayerRows
  readonly scales: RowScale[]
  /** The row each channel's scale was taken from: the largest of its output phases. */
  readonly largest: number[]
  readonly stages: ReturnType<typeof rowScales>['stages']
}

/** Output phases of one channel (strided transposed layers) share its kernel, so the largest of their scales serves all. */
function scalesOfGroup(layer: Conv, group: number, iterations: number): GroupScales {
  const rows = layerRows(layer, group)
  const { scales, stages } = rowScales(rows, iterations)
  const largest: number[] = []
  for (let o = 0; o < layer.outChannels / layer.groups; o++) {
    let best = o * rows.phases
    for (let r = best + 1; r < (o + 1) * rows.phases; r++) if (exceeds(scales[r], scales[best])) best = r
    largest.push(best)
  }
  return { rows, scales: largest.map(r => scales[r]), largest, stages }
}

/** Mantissas are not in one binade: a larger exponent alone decides nothing. */
function exceeds(a: RowScale, b: RowScale): boolean {
  if (b.mantissa === 0) return a.mantissa > 0
  return scaled(a.mantissa, a.exponent - b.exponent) > b.mantissa
}

/** x / t without ever forming a t that has left the range: |x| ≤ t. */
function divide(x: number, { mantissa, exponent }: RowScale): number {
  return mantissa === 0 ? 0 : scaled(x, -exponent) / mantissa
}

function toNumber({ mantissa, exponent }: RowScale): number {
  return mantissa === 0 ? 0 : scaledUp(mantissa, exponent)
}

/**
 * K′ = K/t. With ℓ_o = ∂loss/∂log t_o = −⟨L̄_o, K′_o⟩:  L̄_o/t_o + Σ_o ℓ_o ∂log t_o/∂K.
 */
function vjpOf(layer: Conv, groups: GroupScales[], rescaled: Float64Array, cotangent: Float64Array): Tensor {
  const channel = outputChannelOf(layer)
  const perGroup = layer.outChannels / layer.groups
  const logarithmic = new Float64Array(layer.outChannels)
  const data = new Float64Array(cotangent.length)
  for (let at = 0; at < data.length; at++) {
    const o = channel(at)
    const scale = groups[Math.floor(o / perGroup)].scales[o % perGroup]
    data[at] = divide(cotangent[at], scale)
    logarithmic[o] -= cotangent[at] * rescaled[at]
  }
  groups.forEach(({ rows, stages, largest }, g) => {
    const weights = new Float64Array(rows.rows)
    largest.forEach((r, o) => {
      weights[r] = logarithmic[g * perGroup + o]
    })
    rows.fold(rowScalesVjp(stages, weights), data)
  })
  return withinRange({ data, shape: layer.kernel.shape })
}

/** The last squaring multiplies every pair of taps of (W Wᴴ)^{2^{n−2}}: beyond 10¹¹ products it would run for minutes. */
function refuseTooLarge(layer: Conv, iterations: number): void {
  const rows = layer.outChannels / layer.groups
  const taps = layer.kernelSize.reduce((product, k) => product * (2 ** (iterations - 1) * (k - 1) + 1), 1)
  const columns = iterations > 1 ? rows : layer.inChannels / layer.groups
  const products = (taps * taps * rows * rows * columns) / 2
  if (products > 1e11)
    fail('option', 'iterations', 'at most 1e+11 multiplications', products.toExponential(1), 'Ask for fewer iterations')
}
