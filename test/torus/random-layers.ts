import type { Layer } from './aliases.ts'

/** A seeded stream of uniform numbers in [0, 1). */
export function uniform(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

/** A layer for the oracle, what kind of kernel it has, and an input size to pad it at. */
export interface RandomLayer extends Layer {
  readonly style: Style
  readonly transposed: boolean
  /** Sides of the frequency grid of a circular layer: inputs over strides, or inputs where it is transposed. */
  readonly grid: readonly number[]
  /** [before…, after…] of a zero-padded one. */
  readonly pads: readonly number[]
}

type Next = () => number

/** A kernel of groups × rows × columns × taps numbers, axis by axis. */
interface Size {
  readonly rows: number
  readonly columns: number
  readonly sides: readonly number[]
}

const whole = (next: Next, least: number, most: number) => least + Math.floor(next() * (most - least + 1))
const normal = (next: Next) => next() + next() + next() - 1.5

/** Each fills a kernel [rows, columns, k…]; half of them are made to fool a search. */
const styles = {
  noise: (next, size) => each(size, () => normal(next)),
  sparse: (next, size) => each(size, () => (next() < 0.6 ? 0 : normal(next))),
  smooth: (next, size) => each(size, () => 1 + 0.01 * normal(next)),
  spread: (next, size) => each(size, () => normal(next) * 10 ** (6 * next() - 3)),
  /** −1, 0 and 1: ties, symbols constant along lines, maxima on the corners of every box. */
  signs: (next, size) => each(size, () => whole(next, -1, 1)),
  /** One tap of a permutation each: flat symbols, moved a hair off in half of them. */
  shifts(next, size) {
    const off = next() < 0.5 ? 0 : 1e-9
    const places = Array.from({ length: size.rows }, () => size.sides.map(k => whole(next, 0, k - 1)).join())
    return each(size, (o, i, p) => (i === o % size.columns && p.join() === places[o] ? 1 : 0) + off * normal(next))
  },
  /** Taps in phase at one angle that no grid contains: as narrow a peak as the kernel allows, and lobes beside it. */
  steered(next, size) {
    const angles = size.sides.map(() => 2 * Math.PI * next())
    const phases = Array.from({ length: size.rows + size.columns }, () => 2 * Math.PI * next())
    const noise = 10 ** (-3 * next() - 0.5)
    return each(size, (o, i, p) => {
      const angle = p.reduce((sum, x, d) => sum + angles[d] * x, phases[o] + phases[size.rows + i])
      return Math.cos(angle) + noise * normal(next)
    })
  },
  /** Even taps: the slope vanishes at every corner of the first boxes, at maxima and saddles. */
  even(next, size) {
    const taps = new Map<string, number>()
    return each(size, (o, i, p) => {
      const name = (q: readonly number[]) => `${o},${i},${q}`
      const mirror = taps.get(name(p.map((x, d) => size.sides[d] - 1 - x)))
      taps.set(name(p), mirror ?? normal(next))
      return taps.get(name(p))!
    })
  },
  /** Channel after channel the first one once more, every other tap negated and 1e-12 larger: maxima half a turn apart and as good as tied. */
  twins(next, size) {
    const mixed = next() < 0.5
    const first = each({ ...size, rows: 1, columns: 1 }, () => normal(next))
    const scales = Array.from({ length: size.rows }, () => 1 + 1e-12 * whole(next, -1, 1))
    const kernel = each(size, (o, i, p) => {
      if (i !== o % size.columns) return 0
      const flat = p.reduce((at, x, d) => at * size.sides[d] + x, 0)
      return first[flat] * scales[o] * (p.reduce((sum, x) => sum + x, 0) % 2 && o % 2 ? -1 : 1)
    })
    return mixed ? rotated(kernel, size.rows, size.columns) : kernel
  },
  /** Rows and columns of weights from 1e-150 to 1e150, or of a few orders. */
  scaled(next, size) {
    const reach = [3, 37, 150][whole(next, 0, 2)]
    const of = (count: number) => Array.from({ length: count }, () => 10 ** (reach * (next() - 0.5)))
    const [rows, columns] = [of(size.rows), of(size.columns)]
    return each(size, (o, i) => normal(next) * rows[o] * columns[i])
  },
  /** Taps on a line or a plane across the axes, and noise beside it or none: no maximum is isolated, or hardly. */
  lines(next, size) {
    const normals = size.sides.map(() => whole(next, -2, 2))
    const at = size.sides.map(k => whole(next, 0, k - 1))
    const noise = next() < 0.5 ? 0 : 10 ** (-9 * next() - 1)
    return each(size, (_, __, p) => normal(next) * (p.reduce((sum, x, d) => sum + normals[d] * (x - at[d]), 0) === 0 ? 1 : noise))
  },
  /** Every row and every column looks at a place of its own; noise elsewhere or none. */
  displaced(next, size) {
    const places = (count: number) =>
      Array.from({ length: count }, () => size.sides.map(k => whole(next, 0, Math.max(0, (k >> 1) - (k > 2 ? 0 : 1)))))
    const [rows, columns] = [places(size.rows), places(size.columns)]
    const noise = next() < 0.5 ? 0 : 10 ** (-12 * next())
    return each(size, (o, i, p) => normal(next) * (p.every((x, d) => x === rows[o][d] + columns[i][d]) ? 1 : noise))
  },
  /** Rows and columns in blocks, in any order, as large as each other or of any size. */
  blocks(next, size) {
    const count = whole(next, 1, 3)
    const [rows, columns] = [size.rows, size.columns].map(length => Array.from({ length }, () => whole(next, 1, count)))
    const scales = Array.from({ length: count + 1 }, () => (next() < 0.5 ? 1 : 10 ** (-14 * next())))
    return each(size, (o, i) => (rows[o] === columns[i] ? normal(next) * scales[rows[o]] : 0))
  },
  /** Each weight of an order of its own: most are nothing beside the largest. */
  decades(next, size) {
    const reach = [8, 20, 290][whole(next, 0, 2)]
    return each(size, () => normal(next) * 10 ** (reach * (next() - 0.5)))
  },
} satisfies Record<string, (next: Next, size: Size) => Float64Array>

export type Style = keyof typeof styles

/** The same layer but for rotations of its rows and of its columns, which leave no zeros: nothing that could be taken apart. */
export function rotated(kernel: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const taps = kernel.length / rows / columns
  const turned = Float64Array.from(kernel)
  const rotate = (a: number, b: number, count: number, step: number, angle: number) => {
    const [c, s] = [Math.cos(angle), Math.sin(angle)]
    for (let k = 0, at = 0; k < count; k++, at += step)
      for (let p = 0; p < taps; p++) {
        const [x, y] = [turned[at + a + p], turned[at + b + p]]
        turned[at + a + p] = c * x - s * y
        turned[at + b + p] = s * x + c * y
      }
  }
  for (let o = 1; o < rows; o++)
    for (let l = 0; l < o; l++) rotate(l * columns * taps, o * columns * taps, columns, taps, 0.7 + 0.31 * o + l)
  for (let i = 1; i < columns; i++)
    for (let l = 0; l < i; l++) rotate(l * taps, i * taps, rows, columns * taps, 1.1 + 0.23 * i + l)
  return turned
}

function each({ rows, columns, sides }: Size, entry: (o: number, i: number, p: readonly number[]) => number): Float64Array {
  const taps = sides.reduce((a, b) => a * b, 1)
  const place = new Array<number>(sides.length)
  return Float64Array.from({ length: rows * columns * taps }, (_, flat) => {
    for (let d = sides.length - 1, rest = flat % taps; d >= 0; d--) {
      place[d] = rest % sides[d]
      rest = Math.floor(rest / sides[d])
    }
    return entry(Math.floor(flat / taps / columns), Math.floor(flat / taps) % columns, place)
  })
}

/**
 * A small random layer of any geometry: 1- to 3-D, groups, strides, dilations, transposed or not; one to four channels mostly and eight at most; up to
 * 7 taps an axis (11 in one dimension) where channels are few; one in eight scaled by 1e±150.
 */
export function randomLayer(seed: number): RandomLayer {
  const next = uniform(seed)
  const axes = [1, 2, 2, 2, 3][whole(next, 0, 4)]
  const groups = next() < 0.15 ? whole(next, 2, 3) : 1
  const most = next() < 0.1 ? 8 : 4
  const [rows, columns] = [whole(next, 1, most), whole(next, 1, most)]
  const few = rows * columns <= 4
  const widest = axes === 1 ? 11 : axes === 2 ? (few ? 7 : most === 8 ? 3 : 4) : few ? 3 : 2
  const sides = Array.from({ length: axes }, () => whole(next, 1, next() < 0.5 ? Math.min(3, widest) : widest))
  const size = { rows, columns, sides }
  const names = Object.keys(styles) as Style[]
  // every third one plain noise
  const style = next() < 0.25 ? 'noise' : names[whole(next, 0, names.length - 1)]
  const loud = next() < 0.125 ? (next() < 0.5 ? 1e-150 : 1e150) : 1
  const blocks = Array.from({ length: groups }, () => styles[style](next, size).map(x => x * loud))
  const steps = (farthest: number) => sides.map(() => (next() < 0.7 ? 1 : whole(next, 1, farthest)))
  const [stride, dilation] = [steps(3), steps(axes === 3 ? 2 : 3)]
  return {
    kernel: Float64Array.from(blocks.flatMap(block => Array.from(block))),
    shape: [groups * rows, columns, ...sides],
    stride,
    dilation,
    groups,
    style,
    transposed: next() < 0.25,
    grid: sides.map(() => whole(next, 1, [12, 5, 3][axes - 1])),
    pads: Array.from({ length: 2 * axes }, (_, d) => whole(next, 0, dilation[d % axes] * (sides[d % axes] - 1))),
  }
}
