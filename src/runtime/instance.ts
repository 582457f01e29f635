import { OpnormError } from '../errors.ts'
import { moduleSource } from './load.ts'

/** Memory of an instance. What the package declares names nothing that only a browser's or Node's library of types has. */
export interface LinearMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** A compiled `WebAssembly.Module`: opaque, to be handed on. */
export type CompiledModule = object

/** The WASM exports. Pointers are byte addresses; each routine's own file in assembly/ says what it reads and writes. */
export interface Routines {
  readonly memory: LinearMemory
  /** First free byte after the module's own data. */
  heapBase(): number
  turns(count: number, n: number, j: number, out: number): void
  // biome-ignore format: one routine a line
  phases(count: number, axes: number, taps: number, turns: number, points: number, sizes: number, far: number, entries: number, table: number, out: number): void
  exp(x: number): number
  log(x: number): number
  symbol(pairs: number, taps: number, size: number, a: number, phase: number, f: number): void
  bidiagonal(pairs: number, m: number, n: number, a: number, de: number, w: number): void
  singularValues(pairs: number, n: number, de: number, values: number, w: number): void
  bisection(n: number, de: number, scale: number, out: number): void
  svd(pairs: number, m: number, n: number, a: number, u: number, values: number, v: number, w: number): number
  pack(m: number, n: number, a: number, panels: number): void
  packSum(taps: number, m: number, n: number, a: number, w: number, panels: number): void
  autocorrelate(m: number, n: number, a: number, b: number, c: number): void
  multiply(m: number, rows: number, columns: number, a: number, b: number, c: number): void
  halfPlanes(n: number, taps: number, g: number, planes: number): void
  planeNorms(n: number, taps: number, planes: number, w: number, out: number): void
  hermitianSymbol(pairs: number, n: number, taps: number, planes: number, phase: number, g: number): void
  addHalfPlanes(pairs: number, n: number, taps: number, g: number, weights: number, planes: number, w: number): void
  interpolate(count: number, n: number, taps: number, v: number, weights: number, planes: number, w: number): void
  gram(pairs: number, m: number, n: number, a: number, g: number): void
  tapProducts(taps: number, m: number, n: number, a: number, x: number, y: number): void
  tapSums(count: number, taps: number, m: number, w: number, y: number, z: number): void
  hermitianTimes(pairs: number, n: number, g: number, x: number, y: number): void
  krylov(pairs: number, n: number, steps: number, chains: number, g: number, x: number): void
  anticommutator(pairs: number, n: number, p: number, m: number, h: number): void
  hermitianSum(pairs: number, n: number, count: number, x: number, h: number): void
  climb(n: number, steps: number, g: number, x: number, w: number, out: number): void
  deflate(n: number, g: number, v: number, sigma: number): void
  cholesky(pairs: number, n: number, g: number, level: number, w: number, out: number): void
  choleskySingle(quads: number, n: number, g: number, level: number, w: number, out: number): void
  choleskyFixed(n: number, g: number, level: number, w: number, out: number): void
  phasesSingle(taps: number, p: number, q: number, out: number): void
  hermitianSymbolSingle(quads: number, n: number, taps: number, planes: number, phase: number, g: number): void
  spread(n: number, l: number, v: number, out: number): void
  climbSingle(n: number, steps: number, g: number, x: number, w: number, out: number): void
  deflateSingle(n: number, g: number, v: number, sigma: number): void
  frobeniusSquaredSingle(quads: number, n: number, g: number, out: number): void
  choleskySolve(n: number, l: number, x: number): void
  symbolRow(pairs: number, taps: number, size: number, t: number, part: number, phase: number, f: number): void
  // biome-ignore format: one routine a line
  symbolFromTransform(count: number, step: number, pairs: number, z: number, size: number, entries: number, f: number): void
  // biome-ignore format: one routine a line
  fft(outer: number, n: number, s: number, passes: number, radices: number, twiddles: number, x: number, y: number, w: number): number
  // biome-ignore format: one routine a line
  bluestein(outer: number, n: number, s: number, l: number, passes: number, radices: number, twiddles: number, chirp: number, spectrum: number, x: number, w: number): void
  interleave(n: number, step: number, a: number, b: number, to: number): void
  deinterleave(n: number, step: number, from: number, a: number, b: number): void
  tridiagonal(pairs: number, n: number, g: number, de: number, w: number): void
  largestEigenvalue(pairs: number, n: number, de: number, out: number): void
  separate(count: number, step: number, pairs: number, z: number, sign: number, re: number, im: number): void
  largest(n: number, x: number): number
  rescale(n: number, p: number, q: number, x: number, y: number): void
  sumOfSquares(n: number, x: number): number
  countSmall(n: number, small: number, x: number): number
  absoluteSquares(taps: number, plane: number, a: number): number
  fold(taps: number, size: number, a: number, w: number, t: number): void
  forms(taps: number, size: number, a: number, w: number, s: number): void
  outer(m: number, n: number, u: number, v: number, w: number): void
  left(m: number, n: number, t: number, v: number, out: number): void
  right(m: number, n: number, t: number, u: number, out: number): void
  frobeniusSquared(pairs: number, n: number, g: number, out: number): void
  fillHermitian(pairs: number, n: number, g: number, factor: number): void
  // biome-ignore format: one routine a line
  convolve(pixels: number, places: number, runs: number, table: number, depth: number, m: number, panels: number, x: number, y: number): void
  // biome-ignore format: one routine a line
  correlate(pixels: number, places: number, runs: number, table: number, m: number, u: number, v: number, out: number): void
  // biome-ignore format: one routine a line
  convolveDepthwise(pixels: number, places: number, taps: number, table: number, channels: number, kernel: number, x: number, y: number): void
  // biome-ignore format: one routine a line
  correlateDepthwise(pixels: number, places: number, taps: number, table: number, channels: number, u: number, v: number, out: number): void
  relay(count: number, segments: number, from: number, to: number): void
  // biome-ignore format: one routine a line
  winogradInput(tiles: number, channels: number, row: number, x: number, plane: number, planes: number, w: number): void
  // biome-ignore format: one routine a line
  winogradOutput(width: number, height: number, channels: number, row: number, y: number, plane: number, planes: number, w: number): void
  dot(n: number, x: number, y: number): number
  norm(n: number, x: number): number
  axpy(n: number, s: number, x: number, y: number): void
  scale(n: number, s: number, x: number, y: number): void
  project(count: number, n: number, basis: number, stride: number, w: number, c: number): void
  combine(count: number, kept: number, n: number, basis: number, stride: number, q: number, w: number): void
  // biome-ignore format: one routine a line
  winogradInputSingle(tiles: number, channels: number, row: number, x: number, plane: number, planes: number, w: number): void
  // biome-ignore format: one routine a line
  winogradOutputSingle(width: number, height: number, channels: number, row: number, y: number, plane: number, planes: number, w: number): void
  planeSingle(tiles: number, depth: number, m: number, panels: number, x: number, y: number): void
  demote(n: number, x: number, y: number): void
  dotSingle(n: number, x: number, y: number): number
  axpySingle(n: number, s: number, x: number, y: number): void
  scaleSingle(n: number, s: number, x: number, y: number): void
  projectSingle(count: number, n: number, basis: number, stride: number, w: number, c: number): void
  combineSingle(count: number, kept: number, n: number, basis: number, stride: number, q: number, w: number): void
  bracketBytes(gram: number, count: number): number
  // biome-ignore format: one routine a line
  bracket(gram: number, turns: number, points: number, count: number, t: number, steps: number, vectors: number, values: number, ceilings: number, w: number): void
  // biome-ignore format: one routine a line
  below(gram: number, precision: number, turns: number, points: number, count: number, levels: number, passed: number, w: number): void
  // biome-ignore format: one routine a line
  belowQuads(gram: number, precision: number, h: number, count: number, levels: number, ample: number, passed: number, w: number): void
  ascentBytes(gram: number): number
  ascend(gram: number, ray: number, known: boolean, reach: number, accuracy: number, most: number, w: number): void
  polish(gram: number, turns: number, ray: number, still: boolean, w: number): void
  openSearch(gram: number, problem: number, heap: number): void
  searchRound(): number
  endRound(): void
  searchList(which: number): number
  searchState(): number
  heapTop(): number
  // parts of a search, for tests
  visitBytes(gram: number): number
  rayAt(gram: number, turns: number, ray: number, w: number): void
  neighbourhoodBytes(gram: number): number
  // biome-ignore format: one routine a line
  closeNeighbourhood(gram: number, ray: number, t: number, tau: number, cells: number, ceiling: number, most: number, half: number, out: number, w: number): number
  complementBytes(gram: number): number
  // biome-ignore format: one routine a line
  complement(gram: number, turns: number, point: number, t: number, sigma: number, v: number, count: number, vectors: number, products: number, w: number): number
  // biome-ignore format: one routine a line
  belowShare(gram: number, turns: number, points: number, count: number, level: number, share: number, own: number, centre: number, sigma: number, v: number, w: number): number
  arch(axes: number, values: number, bends: number): number
  archAround(values: number, centre: number, bends: number, diagonal: number): number
  crown(values: number): number
  centrePoint(box: number, point: number): number
  cornerPoint(box: number, bits: number, point: number): number
  hasCentre(box: number): number
  inside(box: number, point: number, half: number): number
  bendAt(t: number): void
  bend(box: number, t: number): void
  curvatureAcross(): number
  curvatureAlong(axis: number): number
  ceilingAt(point: number): number
  floorOf(gram: number, ray: number): number
}

export interface Backend {
  /** Always 'wasm': there is no slower twin that could answer in its place. */
  readonly kind: 'wasm'
  readonly simd: true
  /** Size of the linear memory in bytes. */
  readonly memory: number
  /** The compiled module, to be handed to a worker: `init` takes it there, and nothing is compiled twice. */
  readonly module: CompiledModule
}

let instance: Routines | undefined
let module: CompiledModule | undefined

/** The instance, compiled and tested at the first use. */
export function routines(): Routines {
  return instance ?? start()
}

/**
 * Optional: hand over the module yourself (bytes, or a compiled `WebAssembly.Module`), for instance where a bundler or a content
 * security policy keeps the built-in one from compiling. Calling it again replaces nothing that is in use.
 *
 * @throws OpnormError `runtime` if it does not compile or fails its self-test
 */
export function init(source?: ArrayBuffer | ArrayBufferView | CompiledModule): void {
  if (source !== undefined) start(source)
  else routines()
}

/** What runs the numbers. @example backend().kind  // 'wasm' */
export function backend(): Backend {
  const { memory } = routines()
  return { kind: 'wasm', simd: true, memory: memory.buffer.byteLength, module: module! }
}

/** In use only once it has passed its test. */
function start(source?: CompiledModule): Routines {
  const [compiled, exports] = instantiate(source)
  selfTest(exports)
  module = compiled
  instance = exports
  return exports
}

function instantiate(given?: CompiledModule): [CompiledModule, Routines] {
  if (typeof WebAssembly !== 'object') {
    throw new OpnormError(
      'runtime',
      'WebAssembly: expected an engine with WebAssembly and SIMD, got none. Use a current browser or runtime',
    )
  }
  try {
    const source = given ?? moduleSource()
    const compiled = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source as BufferSource)
    return [compiled, new WebAssembly.Instance(compiled).exports as unknown as Routines]
  } catch (cause) {
    const text = String(cause)
    const advice = /unsafe-eval|Content Security Policy|disallowed by embedder/i.test(text)
      ? "Allow 'wasm-unsafe-eval' in the content security policy's script-src, or call init() with a compiled WebAssembly.Module"
      : 'Use a runtime with WebAssembly SIMD (Node ≥ 20.19, Safari ≥ 16.4, any current browser)'
    throw new OpnormError('runtime', `WebAssembly: expected the module to compile, got ${text}. ${advice}`, { cause })
  }
}

/** One small known value: a broken SIMD engine becomes an error here instead of a wrong number later. */
function selfTest({ memory, heapBase, turns, symbol }: Routines): void {
  const at = (heapBase() + 15) & ~15
  const view = new Float64Array(memory.buffer, at, 32)
  // F(θ) = 2 + 3e^{iθ} at θ = 0 and at a quarter turn: 5 and 2 + 3i.
  view.set([0, 1])
  turns(2, 4, at, at + 16)
  const [c0, s0, c1, s1] = view.subarray(2, 6)
  view.set([2, 3, 1, 1, 0, 0, c0, c1, s0, s1], 8)
  symbol(1, 2, 1, at + 64, at + 80, at + 160)
  const got = Array.from(view.subarray(20, 24))
  view.fill(0)
  if (got.join() !== '5,2,0,3') {
    throw new OpnormError(
      'runtime',
      `WebAssembly: expected the self-test to give 5,2,0,3, got ${got.join()}. The SIMD of this engine is broken; update the runtime`,
    )
  }
}
