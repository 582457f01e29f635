import { blockOf, type Conv, kernelStrides } from '../conv.ts'
import { symbolEverySize } from '../symbol.ts'
import type { MatrixPolynomial } from './matrix-polynomial.ts'

/** One group of a layer as a matrix polynomial whose rows are its outputs: (channel, output phase), phases together. */
export interface LayerRows extends MatrixPolynomial {
  /** Output phases a channel: the product of the strides for a transposed layer, else 1. */
  readonly phases: number
  /** For each entry of `taps` its flat index in the kernel's own array, or −1 where there is none. */
  readonly source: Int32Array
}

/**
 * Unlike the symbol the taps are not scaled, so that rows of very different size keep all their digits, and never transposed,
 * so that the rows are outputs (METHODS §1, §4).
 */
export function layerRows(layer: Conv, group: number): LayerRows {
  const symbol = symbolEverySize(layer)
  const { rows: m, columns: n } = symbol
  const plane = m * n
  const count = symbol.taps.length / (symbol.groups * plane)
  const outputsFirst = symbol.transposed === layer.transposed
  const [rows, columns] = outputsFirst ? [m, n] : [n, m]
  const all = symbol.source()
  const source = new Int32Array(count * plane)
  for (let q = 0; q < count; q++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const inPlane = outputsFirst ? c * m + r : r * m + c
        source[(q * rows + r) * columns + c] = all[(group * count + q) * plane + inPlane]
      }
    }
  }
  const taps = Float64Array.from(source, at => (at < 0 ? 0 : layer.kernel.data[at]))
  const phases = layer.transposed ? rows / blockOf(layer).columns : 1
  return { rows, columns, sides: symbol.offsets.map(q => q.length), taps, phases, source }
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
