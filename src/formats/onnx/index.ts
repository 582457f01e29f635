import { fail } from '../../errors.ts'
import { layersOf } from '../graph-layers.ts'
import type { Model, NamedBytes, ReadOptions, Skipped } from '../model.ts'
import { graphOf, type Reading } from './graph.ts'
import { type GraphProto, readModelProto } from './schema.ts'
import { externalLocation, lastPart } from './tensor.ts'

/**
 * ONNX: a protocol buffer with the graph and, as initialisers, its weights; large models keep the weights in a file beside it.
 *
 * Geometry comes from the graph. Subgraphs (If, Loop, Scan) are read like the graph around them.
 *
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 *
 * @param files the model, then its external data
 * @throws OpnormError `file`
 */
export function readOnnx([file, ...files]: readonly NamedBytes[], options: ReadOptions): Model {
  const { name } = file
  const proto = readModelProto(file.bytes, name)
  if (!proto.graph) fail('file', name, 'an ONNX model with a graph', 'none', 'The file is damaged or cut short')
  const skipped: Skipped[] = []
  const reading: Reading = { what: name, files, opset: proto.opset, skipped, origin: new Map(), budget: { left: 0 } }
  const graph = graphOf(proto.graph, reading)
  const found = layersOf(graph, reading.origin, name, options)
  const notes: string[] = []
  if (proto.functions.length > 0)
    notes.push(`functions of the file are not looked into: ${proto.functions.slice(0, 5).join(', ')}`)
  if (proto.graph.sparse > 0) notes.push(`${proto.graph.sparse} sparse tensors are not read`)
  return {
    name,
    format: 'onnx',
    layers: found.layers,
    batchNorms: found.batchNorms,
    skipped: [...skipped, ...found.skipped],
    graph: found.graph,
    notes,
  }
}

// First field of an ONNX file: ir_version, producer, graph or opset. Wire types as the schema has them.
const FIRST = new Set([0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72])

/** Whether bytes begin like an ONNX model. */
export function isOnnx(bytes: Uint8Array): boolean {
  if (!FIRST.has(bytes[0])) return false
  // ir_version is a small number, and another known field follows it.
  return bytes[0] !== 0x08 || (bytes[1] > 0 && bytes[1] < 64 && (bytes.length < 3 || FIRST.has(bytes[2])))
}

/** The files an ONNX model keeps tensors in, by the paths it gives. */
export function onnxCompanions({ name, bytes }: NamedBytes): string[] {
  const { graph } = readModelProto(bytes, name)
  const found = new Set<string>()
  const visit = (graph: GraphProto): void => {
    for (const tensor of graph.initializers) add(externalLocation(tensor))
    for (const { attributes } of graph.nodes)
      for (const { t, g, graphs } of attributes) {
        if (t) add(externalLocation(t))
        for (const inner of g ? [g, ...graphs] : graphs) visit(inner)
      }
  }
  // A path may not lead out of the model's folder.
  const add = (location: string | undefined): void => {
    if (location) found.add(lastPart(location))
  }
  if (graph) visit(graph)
  return [...found]
}
