import { blockOf, type Conv, kernelStrides } from '../conv.ts'
import { flipPlanes, symbolEverySize } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import type { MatrixPolynomial } from './matrix-polynomial.ts'

/** One group of a layer as a matrix polynomial whose rows are its outputs: (channel, output phase), phases together. */
export interface LayerRows extends MatrixPolynomial {
  /** Output phases a channel: the product of the strides for a transposed layer, else 1. */
  readonly phases: number
  /** Inputs a step (of a transposed layer: outputs) that no tap meets, where a stride is longer than its taps. They are no columns (rows) here. */
  readonly untouched: number
  /** Adds numbers as long as `taps` to those of the kernel's own array. */
  fold(gradient: Float64Array, kernel: Float64Array): void
}

/**
 * Unlike the symbol the taps are not scaled, so that rows of very different size keep all their digits, and never transposed,
 * so that the rows are outputs (METHODS §1, §4).
 */
export function layerRows(layer: Conv, group: number): LayerRows {
  const symbol = symbolEverySize(layer)
  const outputsFirst = symbol.transposed === layer.transposed
  const [rows, columns] = outputsFirst ? [symbol.rows, symbol.columns] : [symbol.columns, symbol.rows]
  const size = symbol.taps.length / symbol.groups
  const placed = symbol.place(layer.kernel.data).subarray(group * size, (group + 1) * size)
  const strided = blockOf(layer).columns * sizeOf(layer.stride)
  return {
    rows,
    columns,
    sides: symbol.offsets.map(q => q.length),
    taps: outputsFirst ? flipPlanes(placed, rows, columns) : placed.slice(),
    phases: layer.transposed ? rows / blockOf(layer).columns : 1,
    untouched: strided - (layer.transposed ? rows : columns),
    fold: (gradient, kernel) => symbol.fold(group, outputsFirst ? flipPlanes(gradient, columns, rows) : gradient, kernel),
  }
}

/** The output channel an entry of the kernel's array belongs to. */
export function outputChannelOf(layer: Conv): (at: number) => number {
  const { out, in: inner } = kernelStrides(layer)
  const block = blockOf(layer)
  const channels = block.rows * layer.groups
  if (!layer.transposed) return at => Math.floor(at / out) % channels
  return at =>
    Math.floor((Math.floor(at / out) % channels) / block.rows) * block.columns + (Math.floor(at / inner) % block.columns)
}
