/**
 * What a model file says, whatever its format: layers with their geometry, batch norms, the graph where there is one, and what was left out.
 *
 * Plain data throughout: it survives `postMessage`. No number is widened or copied before somebody reads it (see `Weights`). A view
 * sent to a worker takes the whole file behind it along: copy the tensor first.
 */

/** A file's bytes and the name it goes by (a path is fine: shards and external data are found by their last components). */
export interface NamedBytes {
  readonly name: string
  readonly bytes: Uint8Array
}

/** A file as it may be given: what `fetch`, a Blob or `node:fs` hand out. */
export interface ModelFile {
  readonly name: string
  readonly bytes: Uint8Array | ArrayBuffer
}

/** How `conv()` is to be called for a layer; the keys are those of its `Geometry`. */
export interface LayerGeometry {
  stride?: number[]
  dilation?: number[]
  groups?: number
  padding?: 'zero' | 'circular'
  /** 'same' is ONNX SAME_UPPER; otherwise 2·D numbers, all the befores and then all the afters */
  pad?: 'same' | 'valid' | number[]
  transposed?: boolean
  outputPadding?: number[]
  layout?: 'OIHW' | 'HWIO'
}

/** One entry of a `--geometry` table: numbers may stand for every axis. `op` overrides what the tensor is taken for. */
export interface GeometryEntry {
  op?: 'conv' | 'dense' | 'skip'
  stride?: number | number[]
  dilation?: number | number[]
  groups?: number
  padding?: 'zero' | 'circular'
  pad?: 'same' | 'valid' | number | number[]
  inputSize?: number | number[]
  transposed?: boolean
  outputPadding?: number | number[]
  layout?: 'OIHW' | 'HWIO'
}

export interface ReadOptions {
  /** by layer name; `*` in a key stands for any text. Wins over what the file says. */
  readonly geometry?: Readonly<Record<string, GeometryEntry>>
}

export type FileFormat = 'safetensors' | 'onnx' | 'tfjs-layers' | 'tfjs-graph' | 'tfjs-weights' | 'pytorch' | 'npy' | 'npz'

export type NumberArray =
  | Float64Array
  | Float32Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array

/**
 * A tensor of a file, in the shape `conv()` and `dense()` take.
 *
 * `data` is a view of the file's bytes where their alignment allows, else made each time it is asked for (a getter), so holding a
 * model costs nothing besides its bytes. `dtype` 'float16' and 'bfloat16' mark bit patterns in a Uint16Array; `toTensor` decodes them.
 */
export interface Weights {
  readonly shape: readonly number[]
  readonly data: NumberArray
  /** in elements; absent: contiguous, row-major */
  readonly strides?: readonly number[]
  readonly dtype: string
}

export interface Layer {
  /** unique in its model: the weight tensor's name, or the graph node's where one weight serves several nodes */
  readonly name: string
  readonly op: 'conv' | 'dense'
  /** conv: in `geometry.layout`; dense: [out, in] */
  readonly kernel: Weights
  readonly geometry: LayerGeometry
  readonly geometryFrom: 'graph' | 'file' | 'table' | 'default'
  /** spatial sides of this layer's input, where the file fixes them */
  readonly inputSize?: readonly number[]
  /** the framework's own word: Conv, ConvTranspose, DepthwiseConv2D, Gemm, LSTM … */
  readonly kind: string
  /** one sentence a reader of the report should know, if any */
  readonly note?: string
}

/** y = γ (x − μ)/√(v + ε) + β per channel, as tensors of the file. */
export interface BatchNorm {
  readonly name: string
  readonly channels: number
  readonly epsilon: number
  /** the file does not say ε: it is the default of the framework whose names the norm bears */
  readonly epsilonFrom?: 'default'
  readonly gamma?: Weights
  readonly beta?: Weights
  readonly mean: Weights
  readonly variance: Weights
  /** the layer whose output it takes, and nothing else takes: folding is exact algebra */
  readonly follows?: string
  /** 'graph': an edge of the file says so. 'name': only the naming convention does, fold when the user asks */
  readonly followsBy?: 'graph' | 'name'
}

export interface Skipped {
  readonly name: string
  readonly why: string
}

/** A side of a shape; null where the file leaves it open. */
export type Side = number | null

export interface GraphValue {
  readonly name: string
  /** absent: not even the rank is known */
  readonly shape?: readonly Side[]
}

export type Attribute = number | string | readonly number[] | readonly string[] | Weights | Graph | readonly Graph[]

export interface GraphNode {
  readonly name: string
  /** ONNX's word for the operator (TF.js operators are translated); what has no ONNX word keeps its own, with its framework as domain */
  readonly op: string
  /** '' for ONNX's own operators */
  readonly domain: string
  /** value names; '' for an optional input left out */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** as ONNX names them; axes count in the file's own layout (`Graph.channels`) */
  readonly attributes: Readonly<Record<string, Attribute>>
  /** the `Layer` made from this node's constant weights */
  readonly layer?: string
  /** the `BatchNorm` made from this node */
  readonly batchNorm?: string
  /** why no certificate may pass here, as a sentence: a setting changes what the node computes and is not read */
  readonly refused?: string
}

/** A directed acyclic graph of operators; nodes are in an order in which every input is already known. */
export interface Graph {
  readonly name: string
  /** where activations carry their channels: ONNX first (axis 1), TensorFlow last */
  readonly channels: 'first' | 'last'
  /** inputs that carry data (an initialiser listed as an input is a constant) */
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
  readonly nodes: readonly GraphNode[]
  readonly constants: ReadonlyMap<string, Weights>
  /** shapes the file gives for intermediate values, and for inputs and outputs */
  readonly shapes: ReadonlyMap<string, readonly Side[]>
  readonly opset?: number
}

export interface Model {
  readonly name: string
  readonly format: FileFormat
  readonly layers: readonly Layer[]
  readonly batchNorms: readonly BatchNorm[]
  readonly skipped: readonly Skipped[]
  readonly graph?: Graph
  /** sentences about the file as a whole: what was assumed, what is missing */
  readonly notes: readonly string[]
}
