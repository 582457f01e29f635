import type { SizedConv } from '../conv.ts'
import { fail } from '../errors.ts'
import { scaled } from '../rounding.ts'
import { withOperator } from '../runtime/operator.ts'
import { singularValuesAt, singularValuesOf } from '../runtime/spectrum.ts'
import { circularFrequencies, circularGrid, mirrorPlaces, symbolCircular } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { wholeOption } from './claim.ts'
import { asSized } from './operand.ts'

/** Entries of the explicit operator of a zero-padded layer: four million take 128 MB and some seconds. */
const LARGEST = 2 ** 22

/**
 * All singular values of a layer at its input size, descending: min(rows, columns) of the operator's matrix, zeros included.
 *
 * Circular: those of F(θ) at every frequency (a conjugate pair counted twice). Dense: of the matrix. Zero padding: of the explicit
 * operator, for sizes where that fits. Each is within about 10⁻¹⁵·√n·σ₁ of the truth, small ones too; a rounding error is not enclosed.
 * Costs (32/3)n³ flops a frequency, n the smaller channel side; a zero-padded layer 4/3 of the cube of its smaller side.
 *
 * Sedghi, Gupta, Long 2019, arXiv:1805.10408. METHODS §2.
 *
 * @param options count: only the largest ones
 * @throws OpnormError `option` without an input size; `memory` where the explicit operator would not fit
 * @example singularValues(dense([[3, 0], [0, 4]]))  // Float64Array [4, 3]
 */
export function singularValues(layer: SizedConv, options: { count?: number } = {}): Float64Array {
  const sized = asSized(layer, 'singularValues')
  const count = options.count === undefined ? Infinity : wholeOption('count', options.count, 1)
  const values = sized.padding === 'circular' ? circularSpectrum(sized) : explicitSpectrum(sized)
  return values.length > count ? values.slice(0, count) : values
}

function circularSpectrum(layer: SizedConv): Float64Array {
  const symbol = symbolCircular(layer)
  const grid = circularGrid(layer)
  const frequencies = circularFrequencies(grid)
  const { here, mirror } = mirrorPlaces(frequencies)
  const n = symbol.columns
  const length = Math.min(layer.inChannels * sizeOf(layer.inputSize), layer.outChannels * sizeOf(layer.outputSize))
  const values = new Float64Array(length)
  let filled = 0
  for (let group = 0; group < symbol.groups; group++) {
    const each = singularValuesAt(symbol, group, frequencies)
    here.forEach((place, i) => {
      const copies = place === mirror[i] ? 1 : 2
      for (let copy = 0; copy < copies; copy++, filled += n) values.set(each.subarray(i * n, (i + 1) * n), filled)
    })
  }
  return descending(values.map(x => scaled(x, symbol.exponent)))
}

/** The matrix of T, a column for each unit vector of the input. */
function explicitSpectrum(layer: SizedConv): Float64Array {
  const columns = layer.inChannels * sizeOf(layer.inputSize)
  const rows = layer.outChannels * sizeOf(layer.outputSize)
  if (rows * columns > LARGEST)
    fail(
      'memory',
      'singularValues',
      `an operator of at most ${LARGEST} entries for zero padding`,
      `${rows} × ${columns}, ${Math.ceil((rows * columns * 8) / 2 ** 20)} MB`,
      'Use lanczos() for the largest singular value, spectralNorm() for a bound, or a smaller input size',
    )
  const matrix = new Float64Array(rows * columns)
  const exponent = withOperator(layer, operator => {
    const [x, y] = [operator.input(), operator.output()]
    const unit = new Float64Array(columns)
    for (let j = 0; j < columns; j++) {
      unit[j] = 1
      operator.write(x, unit)
      unit[j] = 0
      operator.apply(x, y)
      const column = operator.read(y)
      for (let i = 0; i < rows; i++) matrix[i * columns + j] = column[i]
    }
    return operator.exponent
  })
  return singularValuesOf(matrix, rows, columns).map(x => scaled(x, exponent))
}

function descending(values: Float64Array): Float64Array {
  return values.sort().reverse()
}
