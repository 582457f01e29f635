import { euclideanUp, plusUp, rootUp, timesUp } from '../network/outward.ts'
import { areDisjoint, type Pieces } from './rules/pieces.ts'

/** One operand of a node: where it comes from, and what the node does to it. */
export interface Edge {
  readonly from: number
  readonly gain: number
}

/** Key of a part that is the whole value; others number its disjoint pieces. */
const WHOLE = -1

/** Ceilings per part of a value: ‖Δv‖ ≤ Σ_k parts[k]·‖Δ piece k‖. */
type Parts = ReadonlyMap<number, number>

interface Value {
  /** the last value that every path from the inputs goes through before this one; the root is its own */
  readonly above: number
  readonly depth: number
  /** ceilings of this value per part of `above` */
  readonly parts: Parts
  /** ‖Δv‖ ≤ factor·‖Δ above‖ */
  readonly factor: number
  /** ‖Δv‖ ≤ total·‖Δ inputs‖ */
  readonly total: number
  /** disjoint pieces of this value that somebody took */
  readonly pieces: Pieces[]
}

/**
 * Lipschitz constants through a graph, each value against its immediate dominator: what lies between the two is one function, whose
 * constant multiplies that of the dominator. A residual block counts its common prefix once, and pieces of a value that are disjoint
 * (the halves of a split, the inputs of a network among each other) add by squares.
 *
 * Every operation rounds up; a value is added after all its operands.
 */
export class Flow {
  readonly values: Value[] = [{ above: 0, depth: 0, parts: new Map(), factor: 1, total: 1, pieces: [] }]
  private inputs = 0

  /** One of the network's inputs: a piece of all of them together. */
  input(): number {
    return this.push(0, new Map([[this.inputs++, 1]]), 1)
  }

  /** An output of a node with one operand at least. `piece`: it is this piece of its only operand. */
  add(edges: readonly Edge[], combine: 'sum' | 'stack', piece?: Pieces): number {
    const above = edges.map(edge => edge.from).reduce((a, b) => this.common(a, b))
    if (piece && edges.length === 1) return this.push(above, new Map([[this.part(above, piece), 1]]), 1)
    const rows = edges.map(edge => scaled(this.lift(edge.from, above), edge.gain))
    const keys = [...new Set(rows.flatMap(row => [...row.keys()]))]
    const merge = combine === 'sum' ? (numbers: number[]) => numbers.reduce(plusUp, 0) : euclideanUp
    const parts = new Map(keys.map(key => [key, merge(rows.map(row => row.get(key) ?? 0))]))
    const factor = combine === 'sum' ? normOf(parts) : Math.min(normOf(parts), stackNorm(rows))
    return this.push(above, parts, factor)
  }

  /** Proven constant from all inputs together to a value. */
  total(value: number): number {
    return this.values[value].total
  }

  private push(above: number, parts: Parts, factor: number): number {
    const { depth, total } = this.values[above]
    this.values.push({ above, depth: depth + 1, parts, factor, total: timesUp(factor, total), pieces: [] })
    return this.values.length - 1
  }

  /** The lowest value that lies above both. */
  private common(a: number, b: number): number {
    const { values } = this
    while (a !== b) {
      if (values[a].depth >= values[b].depth) a = values[a].above
      else b = values[b].above
    }
    return a
  }

  /** Ceilings of a value per part of a value above it. */
  private lift(value: number, above: number): Parts {
    if (value === above) return new Map([[WHOLE, 1]])
    let gain = 1
    while (this.values[value].above !== above) {
      gain = timesUp(gain, this.values[value].factor)
      value = this.values[value].above
    }
    return scaled(this.values[value].parts, gain)
  }

  /** The number of a piece, if it has nothing in common with those already taken; else the whole. */
  private part(value: number, piece: Pieces): number {
    const { pieces } = this.values[value]
    if (!pieces.every(other => areDisjoint(other, piece))) return WHOLE
    return pieces.push(piece) - 1
  }
}

function scaled(parts: Parts, gain: number): Parts {
  return gain === 1 ? parts : new Map([...parts].map(([key, ceiling]) => [key, timesUp(ceiling, gain)]))
}

/** sup of whole·d₀ + Σ part_k·d_k with d₀ ≤ 1, Σ d_k² ≤ 1. */
function normOf(parts: Parts): number {
  const pieces = [...parts].filter(([key]) => key !== WHOLE).map(([, ceiling]) => ceiling)
  return plusUp(parts.get(WHOLE) ?? 0, euclideanUp(pieces))
}

/** The same for rows one under another: the norm of a matrix of ceilings, by √(‖C‖₁‖C‖_∞), so that a block diagonal costs its largest block. */
function stackNorm(rows: readonly Parts[]): number {
  const whole = euclideanUp(rows.map(row => row.get(WHOLE) ?? 0))
  const columns = new Map<number, number>()
  let widest = 0
  for (const row of rows) {
    let sum = 0
    for (const [key, ceiling] of row) {
      if (key === WHOLE) continue
      sum = plusUp(sum, ceiling)
      columns.set(key, plusUp(columns.get(key) ?? 0, ceiling))
    }
    widest = Math.max(widest, sum)
  }
  const tallest = [...columns.values()].reduce((a, b) => Math.max(a, b), 0)
  return plusUp(whole, timesUp(rootUp(widest), rootUp(tallest)))
}
