/**
 * The routines, as a table of contents. No allocation, no policy, no state: the caller owns all memory. Only a search, which takes many calls, keeps
 * what it knows above all that is borrowed, one search at a time.
 *
 * Layout. Complex matrices are processed two at a time, one in each f64x2 lane. Pair g of m×n matrices, element (i, j), column-major:
 *
 *     [re re'] [im im']   32 bytes at base + ((g·n + j)·m + i)·32
 *
 * Real values of a pair (norms, diagonals) are [x x'], 16 bytes. A batch of an odd number of matrices repeats its last one in the
 * second lane. Single precision holds four matrices in the lanes of f32x4, in the same 32 bytes. Real tap planes are column-major doubles, m·n·8 bytes a tap. Addresses are multiples of 16.
 */
// Numbers: sines and cosines of rational turns, phases, exponential and logarithm; powers of two, maxima and sums that cannot overflow; sizes of weights
export { turns } from './trig'
export { phases } from './phases'
export { exp, log } from './elementary'
export { largest, rescale, sumOfSquares } from './scale'
export { countSmall, absoluteSquares } from './weights'

// The symbol F(θ): at frequencies, along rows of a grid, from a transform; Fourier transforms of any length
export { symbol } from './symbol'
export { symbolRow, symbolFromTransform } from './grid'
export { fft } from './fft/transform'
export { bluestein } from './fft/bluestein'
export { interleave, deinterleave, separate } from './fft/real'

// Products: complex AᴴA (of a Hermitian matrix its square), real AᵀB and AᵀA of packed panels, taps of F by a vector and sums of that
export { gram } from './gram'
export { pack, packSum, autocorrelate, multiply } from './autocorrelation'
export { frobeniusSquared, fillHermitian } from './squaring'
export { tapProducts, tapSums } from './taps'

// Hermitian matrices: G(θ) from its taps, those from values and their norms, is it below a level, solving with that factor, times a vector, its largest eigenvalue, powers times vectors
export { halfPlanes, hermitianSymbol } from './hermitian-symbol'
export { addHalfPlanes, interpolate } from './interpolation'
export { planeNorms } from './plane-norms'
export { cholesky } from './cholesky'
export { choleskySolve } from './cholesky-solve'
export { climb, deflate, hermitianTimes } from './climb'
export { krylov, anticommutator, hermitianSum } from './krylov'
// The same evaluation, test and steps in single precision, four matrices to a vector
export { phasesSingle, spread } from './single'
export { hermitianSymbolSingle } from './generated/hermitian-symbol-single'
export { choleskySingle } from './generated/cholesky-single'
export { climbSingle, deflateSingle } from './generated/climb-single'
export { frobeniusSquaredSingle } from './generated/squaring-single'
// The test in fixed point
export { choleskyFixed } from './cholesky-fixed'
export { tridiagonal } from './tridiagonal'
export { largestEigenvalue } from './eigenvalues'

// The search of λ_max(G(θ)): brackets and tests at many frequencies, from one to a maximum, all of it
export { bracketBytes, bracket } from './search/bracket'
export { below, belowQuads } from './search/cholesky-tests'
export { ascentBytes, ascend, polish } from './search/ascent'
export { openSearch, searchRound, endRound, searchList, searchState } from './search/search'
export { heapTop } from './search/heap'
// Its parts, for tests
export { visitBytes, rayAt } from './search/ray'
export { neighbourhoodBytes, closeNeighbourhood } from './search/neighbourhood'
export { complementBytes, complement, belowShare } from './search/complement'
export { arch, archAround } from './search/arch'
export { crown } from './search/net'
export { centrePoint, cornerPoint, hasCentre, inside } from './search/boxes'
export { bendAt, bend, curvatureAcross, curvatureAlong } from './search/curvature'
export { ceilingAt } from './search/search'
export { floorOf } from './search/maxima'

// Singular values, all of them, by dqds or bisection; complete decompositions
export { bidiagonal } from './bidiagonal'
export { singularValues } from './singular-values'
export { bisection } from './bisection'
export { svd } from './svd'

// Tensor contractions with complex vectors
export { fold, forms, outer, left, right } from './contract'

// The layer as an operator: convolution, its adjoint (the same with other tables), the gradient of its kernel; 3×3 by Winograd
export { convolve, correlate, convolveDepthwise, correlateDepthwise, relay } from './convolve'
export { winogradInput, winogradOutput } from './winograd'

// Real vectors of Lanczos and power iterations
export { dot, norm, axpy, scale, project, combine } from './vector'
// Both in single precision, four numbers to a vector
export { winogradInputSingle, winogradOutputSingle } from './generated/winograd-single'
export { planeSingle } from './planes-single'
export { demote, dotSingle, axpySingle, scaleSingle, projectSingle, combineSingle } from './vector-single'

/** First free byte after the module's own data. */
export function heapBase(): usize {
  return __heap_base
}
