import type { Kind, Scope } from './bound.ts'
import type { ErrorCode } from './errors.ts'

/** What an audit is asked for. Every field has a default; the whole is kept in the report. */
export interface Goal {
  /** Relative width of each layer's enclosure; default 1e-6. */
  readonly gap?: number
  /** Methods to show beside the enclosure, by name ('f4', 'gram', 'tensor-norm', …). */
  readonly methods?: readonly string[]
  /** Input sides of every convolution; absent: every input size at once, and the file's own size for methods that need one. */
  readonly inputSize?: number | readonly number[]
  /** Boundary of every convolution, against what the file says. */
  readonly padding?: 'zero' | 'circular'
  /** Only layers whose name matches: `*` stands for any text. */
  readonly layers?: string
  /** Multiply each batch norm into the layer before it. */
  readonly fold?: boolean
  /** Shapes of the network's inputs by name, where the graph leaves them open; '' names the first input. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>
  /** A layer whose norm is not proven to be at most this is a finding. */
  readonly maxNorm?: number
  /** A network whose Lipschitz constant is not proven to be at most this is a finding. */
  readonly maxLipschitz?: number
  /** Sample each layer's ‖F(θ)‖ and singular values, for the pictures of the HTML report. */
  readonly pictures?: boolean
  /** Which part of the work this is: `part` of `of`, counted from 1. */
  readonly shard?: { readonly part: number; readonly of: number }
}

/** A sentence and a code a program can tell apart. */
export interface Problem {
  readonly code: ErrorCode
  readonly message: string
}

/** One number about one layer, and what it is worth. null: nothing is proven on that side (JSON has no infinity). */
export interface Claim {
  readonly method: string
  readonly kind: Kind | null
  readonly scope: Scope | null
  readonly value: number | null
  readonly lower: number | null
  readonly upper: number | null
  /** upper/lower − 1 */
  readonly gap: number | null
  /** value over the upper end of the layer's enclosure */
  readonly ratio: number | null
  readonly work: number
  /** false: the method stopped at its budget; the claim holds all the same */
  readonly converged: boolean
  readonly ms: number
  readonly error?: Problem
}

/** A layer's geometry as audited: one entry per axis. */
export interface LayerShape {
  /** out × in per group × kernel sides, whatever the file's layout; a transposed layer's first side is its input */
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  readonly groups: number
  readonly padding: 'zero' | 'circular'
  readonly transposed: boolean
  readonly inputSize?: readonly number[]
}

/** Samples for pictures: σ₁ of the symbol over the torus, and the singular values of a circular operator. */
export interface Picture {
  /** sides of the sampled grid (one entry an axis); row-major, θ_d = 2π·index/side */
  readonly surface?: { readonly sides: readonly number[]; readonly values: readonly number[] }
  /** descending singular values, thinned to at most a few hundred, with their place in the whole spectrum */
  readonly spectrum?: { readonly sides: readonly number[]; readonly count: number; readonly values: readonly number[] }
}

export interface LayerReport {
  /** place among the model's layers, from 0 */
  readonly index: number
  readonly name: string
  readonly op: 'conv' | 'dense'
  /** the framework's word: Conv, Gemm, LSTM … */
  readonly kind: string
  readonly shape: LayerShape | null
  readonly geometryFrom: 'graph' | 'file' | 'table' | 'default'
  /** the batch norm multiplied into this layer */
  readonly folded?: string
  readonly note?: string
  readonly enclosure: Claim | null
  readonly claims: readonly Claim[]
  readonly picture?: Picture
  readonly error?: Problem
  readonly ms: number
}

/** One node of a network's composition: which rule bounded it, and what it may amplify. */
export interface NodeReport {
  readonly name: string
  readonly op: string
  /** the rule in words */
  readonly rule: string
  /** certified gain of this node alone; null where none is known */
  readonly gain: number | null
  /** certified Lipschitz constant from the network's input to this node's output */
  readonly total: number | null
}

/** A network's l2 Lipschitz constant: a certified ceiling, or the reason there is none; and a floor where one was found. */
export interface NetworkReport {
  readonly upper: number | null
  /** the gain between two inputs that were found, proven */
  readonly lower: number | null
  /** the largest stretch of the Jacobian that was found: no claim */
  readonly estimate: number | null
  /** why there is no certificate, naming the operator */
  readonly refused?: string
  readonly nodes: readonly NodeReport[]
  readonly notes: readonly string[]
}

export interface ModelReport {
  readonly file: string
  /** place among the files of the call, from 0 */
  readonly place: number
  readonly format: string | null
  /** how many layers the model has (a shard or a pattern audits some of them) */
  readonly layerCount: number
  readonly layers: readonly LayerReport[]
  readonly batchNorms: number
  readonly skipped: readonly { readonly name: string; readonly why: string }[]
  readonly notes: readonly string[]
  /** product of the audited layers' ceilings, rounded up; null when a layer has none */
  readonly product: number | null
  readonly network?: NetworkReport
  /** the file could not be read */
  readonly error?: Problem
}

/** Everything an audit found. Plain data: JSON and back gives the same report. */
export interface Report {
  readonly opnorm: string
  readonly goal: Goal
  readonly models: readonly ModelReport[]
  /** what is wrong, one sentence each: files unread, layers without a bound, limits exceeded */
  readonly findings: readonly Finding[]
  /** true when the audit was interrupted: layers are missing */
  readonly partial: boolean
  /** what changed since an earlier report, if one was given */
  readonly comparison?: readonly ModelComparison[]
}

/** Two audits of what should be the same network: two checkpoints, before and after. */
export interface ModelComparison {
  readonly before: string
  readonly after: string
  readonly layers: readonly LayerComparison[]
  /** the products of the layers' ceilings, after over before */
  readonly product: number | null
  /** the certified Lipschitz constants, after over before */
  readonly network: number | null
}

export interface LayerComparison {
  readonly name: string
  readonly before: { readonly lower: number; readonly upper: number } | null
  readonly after: { readonly lower: number; readonly upper: number } | null
  /** upper ends, after over before */
  readonly ratio: number | null
  /** larger and smaller are proven: the enclosures are apart. close: they meet, so nothing can be said at this gap */
  readonly verdict: 'larger' | 'smaller' | 'close' | 'added' | 'removed' | 'unknown'
}

export interface Finding {
  readonly what: 'unreadable' | 'nothing' | 'no-bound' | 'max-norm' | 'max-lipschitz'
  readonly file: string
  readonly layer?: string
  readonly message: string
}
