import { OpnormError } from '../../errors.ts'
import type { Attribute, BatchNorm, Graph, GraphNode, Layer } from '../../formats/model.ts'
import type { SizedConv } from '../../conv.ts'
import type { Numbers } from './numbers.ts'
import type { Pieces } from './pieces.ts'

/** A value that enters a node: its shape, and its numbers where the graph alone decides them. */
export interface Operand {
  readonly name: string
  readonly shape: readonly number[]
  readonly constant?: Numbers
}

/** What a rule sees of a node. */
export interface View {
  readonly node: GraphNode
  readonly graph: Graph
  /** undefined: an optional operand left out */
  readonly operands: readonly (Operand | undefined)[]
  readonly layer?: Layer
  readonly batchNorm?: BatchNorm
  /** proven ceiling of a layer's norm */
  norm(layer: SizedConv): number
  /** scales of the output channels by what follows and is folded in, and by whom */
  readonly fold?: { readonly scales: Float64Array; readonly by: string }
  /** the node that this one is folded into */
  readonly foldedInto?: string
}

/** The derivative of a node at a point, both ways. Operands that do not move are undefined. */
export interface Linear {
  forward(moves: readonly (Float64Array | undefined)[]): Float64Array
  backward(pull: Float64Array): (Float64Array | undefined)[]
}

/**
 * One output of a node, once the shapes of its operands are known: what it claims, how it is computed, how it is differentiated.
 *
 *   sum    ‖Δy‖ ≤ Σ gᵢ‖Δxᵢ‖            (Add, and everything with one moving operand)
 *   stack  ‖Δy‖² ≤ Σ gᵢ²‖Δxᵢ‖²         (Concat, Max, Where: each entry comes from one operand)
 */
export interface Step {
  readonly shape: readonly number[]
  /** the claim in words */
  readonly rule: string
  readonly combine: 'sum' | 'stack'
  /** of the operands in order, 0 for constants; one that moves and has none here ends the certificate */
  readonly gains: readonly number[]
  /** decided by shapes alone, whatever the operands are */
  readonly known?: true
  /** the output is this piece of the first operand, entry by entry, none of them twice */
  readonly piece?: Pieces
  /** careful: with radii that account for all rounding */
  evaluate(inputs: readonly (Numbers | undefined)[], careful: boolean): Numbers
  linearize(inputs: readonly (Numbers | undefined)[], output: Numbers): Linear
}

/** From a node to the steps of its outputs, in order. @throws OpnormError `operator` where there is no bound, and why */
export type Rule = (view: View) => Step[]

/** Ends a certificate: the operator has no bound we can prove. */
export function cannotBound(why: string): never {
  throw new OpnormError('operator', why)
}

/** The operand at `index`, which must be there. */
export function operand(view: View, index: number): Operand {
  return view.operands[index] ?? cannotBound(`operand ${index} is missing`)
}

/** The numbers of operand `index`, undefined where it is left out; an operand that is computed at run time has none. */
export function constantAt(view: View, index: number): Numbers | undefined {
  const held = view.operands[index]
  if (!held) return undefined
  return held.constant ?? cannotBound(`operand ${index} ('${held.name}') depends on the input`)
}

/** The same where the numbers decide a choice, such as an index, a mask or a size: these may not be off at all. */
export function exactAt(view: View, index: number, what: string): Numbers | undefined {
  const numbers = constantAt(view, index)
  return numbers?.radius ? cannotBound(`${what}: the graph computes it with rounding`) : numbers
}

/** One such number; undefined where the operand is left out, or empty. */
export function scalarAt(view: View, index: number, what: string): number | undefined {
  const numbers = exactAt(view, index, what)
  if (!numbers || numbers.data.length === 0) return undefined
  return numbers.data.length === 1
    ? numbers.data[0]
    : cannotBound(`${what}: ${numbers.data.length} numbers where one is expected`)
}

/** Whole numbers from an attribute or, in later versions of the operator, from an operand. */
export function wholesAt(view: View, attribute: string, index?: number): number[] | undefined {
  const held = view.node.attributes[attribute]
  const numbers = typeof held === 'number' ? [held] : Array.isArray(held) ? (held as number[]) : absent(attribute, held)
  const given = numbers ?? (index === undefined ? undefined : exactAt(view, index, attribute)?.data)
  if (given === undefined) return undefined
  const list = Array.from(given as ArrayLike<number>)
  if (!list.every(n => Number.isInteger(n))) cannotBound(`${attribute} is not made of whole numbers`)
  return list
}

export function numberAt(view: View, attribute: string, fallback: number): number {
  const held = view.node.attributes[attribute]
  return typeof held === 'number' ? held : (absent(attribute, held) ?? fallback)
}

export function wordAt(view: View, attribute: string, fallback: string): string {
  const held = view.node.attributes[attribute]
  return typeof held === 'string' ? held : (absent(attribute, held) ?? fallback)
}

/** An attribute of another type than its own has a meaning that nobody here knows; only one left out has its default. */
function absent(attribute: string, held: Attribute | undefined): undefined {
  return held === undefined ? undefined : cannotBound(`the attribute ${attribute} is of another type`)
}

/** Batch norm and dropout before version 7 are in training unless they say otherwise. */
export function isOldTraining(view: View): boolean {
  return (view.graph.opset ?? 7) < 7 && numberAt(view, 'is_test', 0) === 0
}

/** An axis counted from either end. */
export function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis
  return Number.isInteger(positive) && positive >= 0 && positive < rank ? positive : cannotBound(`axis ${axis} of ${rank}`)
}

/** Where channels lie, and where the spatial axes begin. */
export function layoutOf(view: View, rank: number): { channel: number; spatial: number[] } {
  const first = view.graph.channels === 'first'
  return { channel: first ? 1 : rank - 1, spatial: Array.from({ length: rank - 2 }, (_, d) => d + (first ? 2 : 1)) }
}

/** `3×3`. */
export function sides(numbers: readonly number[]): string {
  return numbers.join('×')
}
