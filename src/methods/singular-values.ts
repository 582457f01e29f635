import type { SizedConv } from '../conv.ts'
import { fail } from '../errors.ts'
import { scaled } from '../rounding.ts'
import { withOperator } from '../runtime/operator.ts'
import { singularValuesAt, singularValuesOf } from '../runtime/spectrum.ts'
import { circularFrequencies, circularGrid, mirrorPlaces, symbolCircular } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { wholeOption } from './claim.ts'
import { asOptions, asSized } from './operand.ts'

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
 * @example singularValues(dense([[3, 0], [0, 4]]))  // [4, 3]
 */
export function singularValues(layer: SizedConv, options: { count?: number } = {}): Float64Array {
  asOptions(options, 'singularValues')
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
  const own = here.filter((place, i) => place === mirror[i]).length
  const once = new Float64Array(symbol.groups * own * n)
  const twice = new Float64Array(symbol.groups * (here.length - own) * n)
  const filled = { once: 0, twice: 0 }
  for (let group = 0; group < symbol.groups; group++) {
    const each = singularValuesAt(symbol, group, frequencies)
    here.forEach((place, i) => {
      const values = each.subarray(i * n, (i + 1) * n)
      if (place === mirror[i]) once.set(values, n * filled.once++)
      else twice.set(values, n * filled.twice++)
    })
  }
  const ascending = (values: Float64Array) => inOrder(values.map(x => scaled(x, symbol.exponent)))
  const length = Math.min(layer.inChannels * sizeOf(layer.inputSize), layer.outChannels * sizeOf(layer.outputSize))
  return descending(ascending(once), ascending(twice), length)
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

/** Ascending, in place. Numbers that are not negative have the order of their bits, which engines compare faster. */
function inOrder(values: Float64Array): Float64Array {
  new BigUint64Array(values.buffer).sort()
  return values
}

/** `once` and two of each of `twice`, which ascend, in one list that descends; zeros for what is left of it. */
function descending(once: Float64Array, twice: Float64Array, length: number): Float64Array {
  const all = new Float64Array(length)
  let [i, j] = [once.length, twice.length]
  for (let at = 0; i + j > 0; ) {
    if (j === 0 || (i > 0 && once[i - 1] > twice[j - 1])) all[at++] = once[--i]
    else {
      all[at++] = twice[--j]
      all[at++] = twice[j]
    }
  }
  return all
}
