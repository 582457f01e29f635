/**
 * The routines, as a table of contents. No allocation, no policy, no state: the caller owns all memory.
 *
 * Layout. Complex matrices are processed two at a time, one in each f64x2 lane. Pair g of m×n matrices, element (i, j), column-major:
 *
 *     [re re'] [im im']   32 bytes at base + ((g·n + j)·m + i)·32
 *
 * Real values of a pair (norms, diagonals) are [x x'], 16 bytes. A batch of an odd number of matrices repeats its last one in the
 * second lane. Real tap planes are column-major doubles, m·n·8 bytes a tap. Addresses are multiples of 16.
 */
export { turns } from './trig'
export { exp, log } from './elementary'
export { symbol } from './symbol'
export { bidiagonal } from './bidiagonal'
export { singularValues } from './singular-values'
export { bisection } from './bisection'
export { svd } from './svd'
export { pack, autocorrelate } from './autocorrelation'
export { halfPlanes, hermitianSymbol } from './hermitian-symbol'
export { addHalfPlanes } from './interpolation'
export { gram } from './gram'
export { cholesky } from './cholesky'
export { choleskySolve } from './cholesky-solve'
export { symbolRow, symbolFromTransform } from './grid'
export { fft } from './fft/transform'
export { bluestein } from './fft/bluestein'
export { interleave, deinterleave, separate } from './fft/real'
export { tridiagonal } from './tridiagonal'
export { largestEigenvalue } from './eigenvalues'
export { largest, rescale, sumOfSquares } from './scale'
export { fold, forms, outer, left, right } from './contract'
export { frobeniusSquared, fillHermitian } from './squaring'
export { climb, deflate, hermitianTimes } from './climb'
export { tapProducts } from './taps'
export { convolve, correlate, convolveDepthwise, correlateDepthwise, relay } from './convolve'
export { winogradInput, winogradOutput } from './winograd'
export { dot, norm, axpy, scale, project, combine } from './vector'

/** First free byte after the module's own data. */
export function heapBase(): usize {
  return __heap_base
}
