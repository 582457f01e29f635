import { rootUp } from '../../network/outward.ts'
import { stridesOf } from '../../tensor.ts'
import { cannotBound } from './step.ts'

/**
 * A tensor made of entries of another, chosen axis by axis: y[i, j, …] = x[lists[0][i], lists[1][j], …]. −1 stands for an entry that
 * comes from nowhere (padding), null for an axis taken whole. Slices, splits, gathers, pads, tiles and nearest resizes are all of this kind.
 */
export interface Pieces {
  readonly from: readonly number[]
  readonly lists: readonly (Int32Array | null)[]
}

export function shapeOf({ from, lists }: Pieces): number[] {
  return from.map((side, d) => lists[d]?.length ?? side)
}

/** The largest number of copies of one entry: ‖Δy‖² ≤ copies·‖Δx‖², reached by moving that entry alone. */
export function copiesOf({ from, lists }: Pieces): number {
  return lists.reduce<number>((product, list, d) => product * (list ? mostFrequent(list, from[d]) : 1), 1)
}

/** The gain of a choice, √copies. A choice of nothing does not move at all. */
export function gainOf(pieces: Pieces): number {
  return rootUp(copiesOf(pieces))
}

/** True where no entry is in both: on some axis the two have nothing in common. */
export function areDisjoint(a: Pieces, b: Pieces): boolean {
  return a.lists.some((list, d) => {
    const other = b.lists[d]
    if (!list || !other) return false
    const [[low, high], [least, most]] = [rangeOf(list), rangeOf(other)]
    if (high < least || most < low) return true
    const held = new Set(list)
    held.delete(-1)
    return !other.some(i => held.has(i))
  })
}

/** Least and greatest index of a list, those from nowhere left out. */
function rangeOf(list: Int32Array): [number, number] {
  let [least, most] = [Infinity, -Infinity]
  for (const i of list) {
    if (i < 0) continue
    least = Math.min(least, i)
    most = Math.max(most, i)
  }
  return [least, most]
}

/** Flat source of every entry of the result, −1 for none. */
export function sourcesOf(pieces: Pieces): Int32Array {
  const shape = shapeOf(pieces)
  const strides = stridesOf(pieces.from)
  let sources = new Int32Array(1)
  for (let d = 0; d < shape.length; d++) {
    const list = pieces.lists[d]
    const next = new Int32Array(sources.length * shape[d])
    for (let i = 0; i < sources.length; i++)
      for (let j = 0; j < shape[d]; j++) {
        const index = list ? list[j] : j
        next[i * shape[d] + j] = sources[i] < 0 || index < 0 ? -1 : sources[i] + index * strides[d]
      }
    sources = next
  }
  return sources
}

/** `x` spread to `shape` by the rules of broadcasting: sides from the right, a side of 1 repeated. */
export function broadcast(from: readonly number[], shape: readonly number[]): Pieces {
  const padded = [...new Array<number>(shape.length - from.length).fill(1), ...from]
  return { from: padded, lists: padded.map((side, d) => (side === shape[d] ? null : listOf(shape[d], () => 0))) }
}

/** Longest axis that entries are chosen from one by one: 16 MB of indices. */
const LONGEST_LIST = 2 ** 22

/** One index an entry of an axis. */
export function listOf(length: number, source: (i: number) => number): Int32Array {
  if (!(length >= 0 && length <= LONGEST_LIST)) cannotBound(`an axis of ${length} entries`)
  return Int32Array.from({ length }, (_, i) => source(i))
}

/** The common shape of two operands. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, d) => {
    const [x, y] = [a[d - rank + a.length] ?? 1, b[d - rank + b.length] ?? 1]
    if (x !== y && x !== 1 && y !== 1) cannotBound(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not fit each other`)
    return x === 1 ? y : x
  })
}

/** Entries from `list` on one axis, everything on the others. */
export function along(from: readonly number[], axis: number, list: Int32Array): Pieces {
  if (list.some(i => i < -1 || i >= from[axis])) cannotBound(`an index outside axis ${axis} of ${from[axis]} entries`)
  return { from, lists: from.map((_, d) => (d === axis ? list : null)) }
}

function mostFrequent(list: Int32Array, side: number): number {
  const counts = new Int32Array(side)
  let most = 0
  for (const i of list) if (i >= 0) most = Math.max(most, ++counts[i])
  return most
}
