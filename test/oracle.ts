/**
 * The slow truth: a layer's operator as a dense matrix straight from its definition, and a singular value decomposition of its own.
 * Shares no code with src/, so that agreement means something.
 */

/** A layer in the words of its definition; every field spelled out, one number an axis. */
export interface Definition {
  /** Row-major `[cout, cin/groups, k…]`; transposed `[cin, cout/groups, k…]`. */
  kernel: ArrayLike<number>
  shape: number[]
  inputSize: number[]
  padding: 'zero' | 'circular'
  /** [before…, after…]; ignored when circular. */
  pads: number[]
  stride: number[]
  dilation: number[]
  groups: number
  transposed: boolean
  outputPadding: number[]
}

/** Row-major. */
export interface Matrix {
  rows: number
  columns: number
  data: Float64Array
}

/** Spatial sides of the output. */
export function outputSides(layer: Definition): number[] {
  const axes = layer.shape.length - 2
  return layer.inputSize.map((n, d) => {
    const reach = layer.dilation[d] * (layer.shape[2 + d] - 1) + 1
    const pads = layer.pads[d] + layer.pads[axes + d]
    if (layer.padding === 'circular') return layer.transposed ? n * layer.stride[d] : n / layer.stride[d]
    if (layer.transposed) return (n - 1) * layer.stride[d] + reach + layer.outputPadding[d] - pads
    return Math.floor((n + pads - reach) / layer.stride[d]) + 1
  })
}

/**
 * The matrix of `x ↦ y`: one entry for every (output channel, output position, input channel of the group, kernel position).
 * Convolution: y[o, x] += K[o,i,p]·x[i, s·x + d·p − before]. Transposed: y[o, s·x + d·p − before] += K[c,o,p]·x[c, x].
 */
export function operatorMatrix(layer: Definition): Matrix {
  const outer = layer.shape[0]
  const inner = layer.shape[1]
  const sides = layer.shape.slice(2)
  const output = outputSides(layer)
  const inArea = product(layer.inputSize)
  const outArea = product(output)
  const outerPerGroup = outer / layer.groups
  const inChannels = layer.transposed ? outer : inner * layer.groups
  const outChannels = layer.transposed ? inner * layer.groups : outer
  const matrix = zeros(outChannels * outArea, inChannels * inArea)
  // The side that steps one by one, and the side reached by stride and dilation.
  const small = layer.transposed ? layer.inputSize : output
  const large = layer.transposed ? output : layer.inputSize
  for (let a = 0; a < outer; a++) {
    const group = Math.floor(a / outerPerGroup)
    for (let b = 0; b < inner; b++) {
      for (const p of positions(sides)) {
        const value = layer.kernel[(a * inner + b) * product(sides) + flat(p, sides)]
        for (const x of positions(small)) {
          const reached = x.map(
            (at, d) => layer.stride[d] * at + layer.dilation[d] * p[d] - (layer.padding === 'zero' ? layer.pads[d] : 0),
          )
          if (layer.padding === 'circular')
            for (let d = 0; d < x.length; d++) reached[d] = ((reached[d] % large[d]) + large[d]) % large[d]
          else if (reached.some((at, d) => at < 0 || at >= large[d])) continue
          const near = a * product(small) + flat(x, small)
          const far = (group * inner + b) * product(large) + flat(reached, large)
          const [row, column] = layer.transposed ? [far, near] : [near, far]
          matrix.data[row * matrix.columns + column] += value
        }
      }
    }
  }
  return matrix
}

export interface Decomposition {
  /** Descending, min(rows, columns) of them. */
  sigma: Float64Array
  /** Left and right singular vector of the largest. */
  u: Float64Array
  v: Float64Array
}

/** Singular values and the top pair by one-sided Jacobi (Hestenes) on the columns of the smaller side; scaled so that nothing overflows. */
export function decompose(matrix: Matrix): Decomposition {
  const flip = matrix.rows < matrix.columns
  const { columns, scale, length } = columnsOf(flip ? transpose(matrix) : matrix)
  const n = columns.length
  const right = columns.map((_, j) => Float64Array.from({ length: n }, (_, i) => (i === j ? 1 : 0)))
  for (let sweep = 0; sweep < 60 && rotateAll(columns, right); sweep++);
  const norms = columns.map(column => Math.sqrt(dot(column, column)))
  const order = norms.map((_, j) => j).sort((a, b) => norms[b] - norms[a])
  const top = order[0]
  const u = norms[top] > 0 ? columns[top].map(x => x / norms[top]) : unit(length)
  const sigma = Float64Array.from(order, j => norms[j] * scale)
  return flip ? { sigma, u: right[top], v: u } : { sigma, u, v: right[top] }
}

/** σ₁ of a layer. */
export function normOf(layer: Definition): number {
  return decompose(operatorMatrix(layer)).sigma[0]
}

/** One sweep over all pairs of columns; false when every pair was orthogonal to working precision. */
function rotateAll(columns: Float64Array[], right: Float64Array[]): boolean {
  let rotated = false
  for (let p = 0; p < columns.length; p++) {
    for (let q = p + 1; q < columns.length; q++) {
      const a = dot(columns[p], columns[p])
      const b = dot(columns[q], columns[q])
      const c = dot(columns[p], columns[q])
      if (Math.abs(c) <= 1e-16 * Math.sqrt(a * b)) continue
      rotated = true
      const zeta = (b - a) / (2 * c)
      const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta))
      const cosine = 1 / Math.sqrt(1 + t * t)
      rotate(columns[p], columns[q], cosine, cosine * t)
      rotate(right[p], right[q], cosine, cosine * t)
    }
  }
  return rotated
}

function rotate(x: Float64Array, y: Float64Array, c: number, s: number): void {
  for (let i = 0; i < x.length; i++) {
    const a = x[i]
    x[i] = c * a - s * y[i]
    y[i] = s * a + c * y[i]
  }
}

function columnsOf(matrix: Matrix): { columns: Float64Array[]; scale: number; length: number } {
  let largest = 0
  for (const x of matrix.data) largest = Math.max(largest, Math.abs(x))
  let scale = 1
  while (largest / scale >= 2 && scale < 2 ** 1000) scale *= 2
  while (largest > 0 && largest / scale < 1 && scale > 2 ** -1000) scale /= 2
  const columns = Array.from({ length: matrix.columns }, (_, j) =>
    Float64Array.from({ length: matrix.rows }, (_, i) => matrix.data[i * matrix.columns + j] / scale),
  )
  return { columns, scale, length: matrix.rows }
}

export function transpose(matrix: Matrix): Matrix {
  const result = zeros(matrix.columns, matrix.rows)
  for (let i = 0; i < matrix.rows; i++)
    for (let j = 0; j < matrix.columns; j++) result.data[j * matrix.rows + i] = matrix.data[i * matrix.columns + j]
  return result
}

export function multiply(matrix: Matrix, x: ArrayLike<number>): Float64Array {
  const y = new Float64Array(matrix.rows)
  for (let i = 0; i < matrix.rows; i++) {
    let sum = 0
    for (let j = 0; j < matrix.columns; j++) sum += matrix.data[i * matrix.columns + j] * x[j]
    y[i] = sum
  }
  return y
}

export function dot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i]
  return sum
}

/** The golden cases' generator: mulberry32, Box–Muller, rounded to float32. */
export function seeded(seed: number, count: number, std = 1): Float64Array {
  const random = mulberry32(seed)
  const values = new Float64Array(count)
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    const angle = 2 * Math.PI * random()
    values[i] = Math.fround(radius * Math.cos(angle) * std)
    if (i + 1 < count) values[i + 1] = Math.fround(radius * Math.sin(angle) * std)
  }
  return values
}

/** Uniform numbers in [0, 1). */
export function mulberry32(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function zeros(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float64Array(rows * columns) }
}

function unit(length: number): Float64Array {
  const vector = new Float64Array(length)
  vector[0] = 1
  return vector
}

function product(sides: readonly number[]): number {
  return sides.reduce((size, side) => size * side, 1)
}

function flat(index: readonly number[], sides: readonly number[]): number {
  return index.reduce((at, i, d) => at * sides[d] + i, 0)
}

function positions(sides: readonly number[]): number[][] {
  return sides.reduce<number[][]>(
    (all, side) => all.flatMap(index => Array.from({ length: side }, (_, i) => [...index, i])),
    [[]],
  )
}
