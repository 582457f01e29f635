import { fail, OpnormError } from '../../errors.ts'
import { layersOf } from '../graph-layers.ts'
import type { Graph, Model, NamedBytes, ReadOptions, Weights } from '../model.ts'
import { type NamedTensor, stateDict } from '../state-dict.ts'
import { kerasGraph } from './keras.ts'
import { isManifest, readManifest, shardsOf } from './manifest.ts'
import { tensorflowGraph } from './tensorflow.ts'

/**
 * TensorFlow.js: model.json with topology and weights manifest (a Keras layers model or a TensorFlow graph model), or the manifest
 * alone; the numbers lie in shards.
 *
 * A layers or graph model gives its geometry; a bare manifest is read like a state dict, channels last.
 *
 * https://github.com/tensorflow/tfjs/tree/master/tfjs-converter
 *
 * @param files the JSON file, then its shards
 * @throws OpnormError `file`
 */
export function readTfjs([file, ...shards]: readonly NamedBytes[], options: ReadOptions): Model {
  const { name } = file
  const json = parse(file)
  if (isManifest(json)) {
    const tensors = readManifest(json, shards, name)
    return stateDict({ name, format: 'tfjs-weights', tensors: named(tensors), options, channelsLast: true })
  }
  const { modelTopology: topology, weightsManifest } = json as Record<string, unknown>
  if (typeof topology !== 'object' || topology === null || weightsManifest === undefined)
    fail(
      'file',
      name,
      'a TensorFlow.js model: modelTopology and weightsManifest',
      'other JSON',
      'Convert it with tensorflowjs_converter',
    )
  const tensors = readManifest(weightsManifest, shards, name)
  const isGraph = Array.isArray((topology as { node?: unknown }).node)
  if (!isGraph) {
    const { graph, origin } = kerasGraph(topology, tensors, name)
    return assemble(name, 'tfjs-layers', graph, origin, tensors, options)
  }
  const { graph, origin, notes } = tensorflowGraph(topology, tensors, name, signatureOf(json))
  const model = assemble(name, 'tfjs-graph', graph, origin, tensors, options)
  return { ...model, notes: [...notes, ...model.notes] }
}

/** Metadata beside the model may carry a signature of its own, which TensorFlow.js prefers. */
function signatureOf(json: object): unknown {
  const { signature, userDefinedMetadata } = json as { signature?: unknown; userDefinedMetadata?: { signature?: unknown } | null }
  return userDefinedMetadata?.signature ?? signature
}

/** Layers from the graph; stored matrices that no node we know takes (recurrent layers, attention, wrappers) by their names. */
function assemble(
  name: string,
  format: 'tfjs-layers' | 'tfjs-graph',
  graph: Graph,
  origin: ReadonlyMap<string, string>,
  tensors: ReadonlyMap<string, Weights>,
  options: ReadOptions,
): Model {
  const found = layersOf(graph, origin, name, options)
  const accounted = new Set([...found.used, ...found.skipped.map(item => item.name)])
  const left = named(tensors).filter(tensor => !accounted.has(tensor.name))
  const rest = stateDict({ name, format, tensors: left, options, channelsLast: true })
  return {
    name,
    format,
    layers: [...found.layers, ...rest.layers],
    batchNorms: [...found.batchNorms, ...rest.batchNorms],
    skipped: [...found.skipped, ...rest.skipped],
    graph: found.graph,
    notes: rest.notes,
  }
}

function named(tensors: ReadonlyMap<string, Weights>): NamedTensor[] {
  return [...tensors].map(([name, weights]) => ({ name, weights }))
}

/** Whether bytes begin like JSON. */
export function isJson(bytes: Uint8Array): boolean {
  let at = 0
  while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09)) at++
  return bytes[at] === 0x7b || bytes[at] === 0x5b
}

function parse({ name, bytes }: NamedBytes): object {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new OpnormError('file', `${name}: expected JSON, got ${(cause as Error).message}. The file is damaged or cut short`, {
      cause,
    })
  }
}

/** The shards a TF.js model names. */
export function tfjsCompanions(file: NamedBytes): string[] {
  const json = parse(file)
  if (isManifest(json)) return shardsOf(json, file.name)
  const { weightsManifest } = json as Record<string, unknown>
  return weightsManifest === undefined ? [] : shardsOf(weightsManifest, file.name)
}
