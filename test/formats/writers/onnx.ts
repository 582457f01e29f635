import { PbfWriter } from 'pbf'

export interface TensorSpec {
  name?: string
  type?: number
  dims: number[]
  raw?: Uint8Array
  floats?: ArrayLike<number>
  doubles?: ArrayLike<number>
  int32s?: number[]
  int64s?: number[]
  external?: Record<string, string>
  /** write float_data one by one, as exporters before packed fields did */
  unpacked?: boolean
}

export type AttributeSpec =
  | number
  | string
  | number[]
  | { float: number }
  | { floats: number[] }
  | { tensor: TensorSpec }
  | { graph: GraphSpec }

export interface NodeSpec {
  op: string
  inputs: string[]
  outputs: string[]
  name?: string
  domain?: string
  attributes?: Record<string, AttributeSpec>
}

export interface ValueSpec {
  name: string
  shape?: (number | string | null)[]
}

export interface GraphSpec {
  nodes: NodeSpec[]
  initializers?: TensorSpec[]
  inputs?: ValueSpec[]
  outputs?: ValueSpec[]
  values?: ValueSpec[]
}

/** An ONNX file. */
export function writeOnnx(graph: GraphSpec, opset = 13): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeVarintField(1, 8)
  pbf.writeStringField(2, 'test')
  pbf.writeMessage(7, writeGraph, graph)
  pbf.writeMessage(8, (_, inner) => inner.writeVarintField(2, opset), null)
  return pbf.finish().slice()
}

export function floats(name: string, dims: number[], values: ArrayLike<number>): TensorSpec {
  return { name, type: 1, dims, raw: new Uint8Array(Float32Array.from(values).buffer) }
}

export function ints(name: string, values: number[]): TensorSpec {
  return { name, type: 7, dims: [values.length], int64s: values }
}

function writeGraph(graph: GraphSpec, pbf: PbfWriter): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node)
  pbf.writeStringField(2, 'graph')
  for (const tensor of graph.initializers ?? []) pbf.writeMessage(5, writeTensor, tensor)
  for (const value of graph.inputs ?? []) pbf.writeMessage(11, writeValue, value)
  for (const value of graph.outputs ?? []) pbf.writeMessage(12, writeValue, value)
  for (const value of graph.values ?? []) pbf.writeMessage(13, writeValue, value)
}

function writeNode(node: NodeSpec, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(1, input)
  for (const output of node.outputs) pbf.writeStringField(2, output)
  if (node.name) pbf.writeStringField(3, node.name)
  pbf.writeStringField(4, node.op)
  for (const entry of Object.entries(node.attributes ?? {})) pbf.writeMessage(5, writeAttribute, entry)
  if (node.domain) pbf.writeStringField(7, node.domain)
}

function writeAttribute([name, value]: [string, AttributeSpec], pbf: PbfWriter): void {
  const type = (n: number) => pbf.writeVarintField(20, n)
  pbf.writeStringField(1, name)
  if (typeof value === 'number') {
    pbf.writeVarintField(3, value)
    type(2)
  } else if (typeof value === 'string') {
    pbf.writeStringField(4, value)
    type(3)
  } else if (Array.isArray(value)) {
    pbf.writePackedVarint(8, value)
    type(7)
  } else if ('float' in value) {
    pbf.writeFloatField(2, value.float)
    type(1)
  } else if ('floats' in value) {
    pbf.writePackedFloat(7, value.floats)
    type(6)
  } else if ('tensor' in value) {
    pbf.writeMessage(5, writeTensor, value.tensor)
    type(4)
  } else {
    pbf.writeMessage(6, writeGraph, value.graph)
    type(5)
  }
}

function writeTensor(tensor: TensorSpec, pbf: PbfWriter): void {
  if (tensor.dims.length > 0) pbf.writePackedVarint(1, tensor.dims)
  pbf.writeVarintField(2, tensor.type ?? 1)
  if (tensor.floats && tensor.unpacked) for (const value of Array.from(tensor.floats)) pbf.writeFloatField(4, value)
  else if (tensor.floats) pbf.writePackedFloat(4, Array.from(tensor.floats))
  if (tensor.int32s) pbf.writePackedVarint(5, tensor.int32s)
  if (tensor.int64s) pbf.writePackedVarint(7, tensor.int64s)
  if (tensor.name) pbf.writeStringField(8, tensor.name)
  if (tensor.raw) pbf.writeBytesField(9, tensor.raw)
  if (tensor.doubles) pbf.writePackedDouble(10, Array.from(tensor.doubles))
  if (!tensor.external) return
  for (const [key, value] of Object.entries(tensor.external))
    pbf.writeMessage(
      13,
      (_, inner) => {
        inner.writeStringField(1, key)
        inner.writeStringField(2, value)
      },
      null,
    )
  pbf.writeVarintField(14, 1)
}

function writeValue({ name, shape }: ValueSpec, pbf: PbfWriter): void {
  pbf.writeStringField(1, name)
  if (!shape) return
  const side = (value: number | string | null, dim: PbfWriter) => {
    if (typeof value === 'number') dim.writeVarintField(1, value)
    else if (typeof value === 'string') dim.writeStringField(2, value)
  }
  const tensorType = (_: null, inner: PbfWriter) => {
    inner.writeVarintField(1, 1)
    inner.writeMessage(
      2,
      (_, sides) => {
        for (const value of shape) sides.writeMessage(1, side, value)
      },
      null,
    )
  }
  pbf.writeMessage(2, (_, type) => type.writeMessage(1, tensorType, null), null)
}
