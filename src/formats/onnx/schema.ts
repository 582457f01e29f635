import { fail } from '../../errors.ts'
import type { Side } from '../model.ts'
import { delimited, float, floats, integer, integers, isPacked, message, text } from './protobuf.ts'

/*
 * The part of onnx.proto3 a model's weights and graph live in. Field numbers are the schema's; what is not named is skipped.
 */

export interface ModelProto {
  graph?: GraphProto
  producer: string
  opset: number
  functions: string[]
}

export interface GraphProto {
  name: string
  nodes: NodeProto[]
  initializers: TensorProto[]
  sparse: number
  inputs: ValueProto[]
  outputs: ValueProto[]
  values: ValueProto[]
}

export interface NodeProto {
  name: string
  op: string
  domain: string
  inputs: string[]
  outputs: string[]
  attributes: AttributeProto[]
}

export interface AttributeProto {
  name: string
  f?: number
  i?: number
  s?: string
  t?: TensorProto
  g?: GraphProto
  floats: number[]
  ints: number[]
  strings: string[]
  graphs: GraphProto[]
  type: number
}

/** Numbers are in one of raw, packed (floats or doubles as they lie), numbers (any typed field) or a file of their own. */
export interface TensorProto {
  name: string
  dims: number[]
  type: number
  raw?: Uint8Array
  packed?: Uint8Array
  numbers: number[]
  external?: Map<string, string>
}

export interface ValueProto {
  name: string
  shape?: Side[]
}

// If inside Loop inside If … : deeper than any exporter, shallower than the stack.
const MAX_DEPTH = 24

export function readModelProto(bytes: Uint8Array, what: string): ModelProto {
  const model: ModelProto = { producer: '', opset: 0, functions: [] }
  message(bytes, what, (field, reader) => {
    if (field === 2) model.producer = text(reader, what)
    else if (field === 7) {
      if (model.graph) fail('file', what, 'one graph', 'two', 'Two files seem to be joined into one')
      model.graph = readGraph(delimited(reader, what), what, 0)
    } else if (field === 8) model.opset = readOpset(delimited(reader, what), what) ?? model.opset
    else if (field === 25) model.functions.push(readFunctionName(delimited(reader, what), what))
  })
  return model
}

/** The version of ONNX's own operators, if this entry is theirs. */
function readOpset(bytes: Uint8Array, what: string): number | undefined {
  let domain = ''
  let version = 0
  message(bytes, what, (field, reader) => {
    if (field === 1) domain = text(reader, what)
    else if (field === 2) version = integer(reader, what)
  })
  return domain === '' || domain === 'ai.onnx' ? version : undefined
}

function readFunctionName(bytes: Uint8Array, what: string): string {
  let name = ''
  message(bytes, what, (field, reader) => {
    if (field === 1) name = text(reader, what)
  })
  return name
}

function readGraph(bytes: Uint8Array, what: string, depth: number): GraphProto {
  if (depth > MAX_DEPTH)
    fail('file', what, `graphs nested at most ${MAX_DEPTH} deep`, 'deeper ones', 'The file is damaged or hostile')
  const graph: GraphProto = { name: '', nodes: [], initializers: [], sparse: 0, inputs: [], outputs: [], values: [] }
  message(bytes, what, (field, reader) => {
    if (field === 1) graph.nodes.push(readNode(delimited(reader, what), what, depth))
    else if (field === 2) graph.name = text(reader, what)
    else if (field === 5) graph.initializers.push(readTensor(delimited(reader, what), what))
    else if (field === 11) graph.inputs.push(readValue(delimited(reader, what), what))
    else if (field === 12) graph.outputs.push(readValue(delimited(reader, what), what))
    else if (field === 13) graph.values.push(readValue(delimited(reader, what), what))
    else if (field === 15) graph.sparse++
  })
  return graph
}

function readNode(bytes: Uint8Array, what: string, depth: number): NodeProto {
  const node: NodeProto = { name: '', op: '', domain: '', inputs: [], outputs: [], attributes: [] }
  message(bytes, what, (field, reader) => {
    if (field === 1) node.inputs.push(text(reader, what))
    else if (field === 2) node.outputs.push(text(reader, what))
    else if (field === 3) node.name = text(reader, what)
    else if (field === 4) node.op = text(reader, what)
    else if (field === 5) node.attributes.push(readAttribute(delimited(reader, what), what, depth))
    else if (field === 7) node.domain = text(reader, what)
  })
  return node
}

function readAttribute(bytes: Uint8Array, what: string, depth: number): AttributeProto {
  const attribute: AttributeProto = { name: '', floats: [], ints: [], strings: [], graphs: [], type: 0 }
  message(bytes, what, (field, reader) => {
    if (field === 1) attribute.name = text(reader, what)
    else if (field === 2) attribute.f = float(reader, what)
    else if (field === 3) attribute.i = integer(reader, what)
    else if (field === 4) attribute.s = text(reader, what)
    else if (field === 5) attribute.t = readTensor(delimited(reader, what), what)
    else if (field === 6) attribute.g = readGraph(delimited(reader, what), what, depth + 1)
    else if (field === 7) floats(reader, attribute.floats, 4, what)
    else if (field === 8) integers(reader, attribute.ints, what)
    else if (field === 9) attribute.strings.push(text(reader, what))
    else if (field === 11) attribute.graphs.push(readGraph(delimited(reader, what), what, depth + 1))
    else if (field === 20) attribute.type = integer(reader, what)
  })
  return attribute
}

function readTensor(bytes: Uint8Array, what: string): TensorProto {
  const tensor: TensorProto = { name: '', dims: [], type: 0, numbers: [] }
  let inFile = false
  message(bytes, what, (field, reader) => {
    if (field === 1) integers(reader, tensor.dims, what)
    else if (field === 2) tensor.type = integer(reader, what)
    else if (field === 4 || field === 10) {
      // One packed run of floats or doubles is the tensor itself; anything else is gathered.
      if (isPacked(reader) && !tensor.packed && tensor.numbers.length === 0) tensor.packed = delimited(reader, what)
      else floats(reader, tensor.numbers, field === 4 ? 4 : 8, what)
    } else if (field === 5 || field === 7 || field === 11) integers(reader, tensor.numbers, what)
    else if (field === 8) tensor.name = text(reader, what)
    else if (field === 9) tensor.raw = delimited(reader, what)
    else if (field === 13) {
      tensor.external ??= new Map()
      readPair(delimited(reader, what), tensor.external, what)
    } else if (field === 14) inFile = integer(reader, what) === 1
  })
  if (!inFile) delete tensor.external
  return tensor
}

function readPair(bytes: Uint8Array, into: Map<string, string>, what: string): void {
  let key = ''
  let value = ''
  message(bytes, what, (field, reader) => {
    if (field === 1) key = text(reader, what)
    else if (field === 2) value = text(reader, what)
  })
  into.set(key, value)
}

function readValue(bytes: Uint8Array, what: string): ValueProto {
  const value: ValueProto = { name: '' }
  message(bytes, what, (field, reader) => {
    if (field === 1) value.name = text(reader, what)
    else if (field === 2) value.shape = readType(delimited(reader, what), what)
  })
  return value
}

/** The shape in a TypeProto that is a tensor's. */
function readType(bytes: Uint8Array, what: string): Side[] | undefined {
  let shape: Side[] | undefined
  message(bytes, what, (field, reader) => {
    if (field !== 1) return
    message(delimited(reader, what), what, (inner, tensor) => {
      if (inner !== 2) return
      const sides: Side[] = []
      message(delimited(tensor, what), what, (dim, sideReader) => {
        if (dim === 1) sides.push(readSide(delimited(sideReader, what), what))
      })
      shape = sides
    })
  })
  return shape
}

function readSide(bytes: Uint8Array, what: string): Side {
  let side: Side = null
  message(bytes, what, (field, reader) => {
    if (field === 1) side = integer(reader, what)
  })
  return side !== null && side > 0 && Number.isSafeInteger(side) ? side : null
}
