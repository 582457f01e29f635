import { fail, show } from '../../errors.ts'
import type { Graph, Side, Weights } from '../model.ts'
import { ordered } from '../order.ts'
import { builder, finish } from './builder.ts'
import { type Config, type Context, type KerasLayer, MAKERS } from './keras-layers.ts'

const MAX_DEPTH = 16

export interface KerasGraph {
  readonly graph: Graph
  readonly origin: ReadonlyMap<string, string>
}

/**
 * The graph of a TF.js layers model: Keras layers as ONNX-style nodes, channels last, each layer's bias and activation as nodes of
 * their own. A layer class without an ONNX counterpart becomes a node of domain 'keras' under its own name.
 *
 * @param topology model.json's modelTopology
 * @throws OpnormError `file`
 */
export function kerasGraph(topology: unknown, constants: Map<string, Weights>, what: string): KerasGraph {
  const outer = record(topology)
  const { class_name: kind, config } = record(outer.model_config ?? outer)
  const build = builder(new Map(constants))
  const listed = layersIn(record(config))
  const formats = new Set(listed.map(layer => record(layer.config).data_format).filter(format => typeof format === 'string'))
  const names = new Map<string, number>()
  for (const layer of listed) {
    const name = plain(String(layer.name ?? record(layer.config).name))
    names.set(name, (names.get(name) ?? 0) + 1)
  }
  const channelsFirst = formats.has('channels_first')
  const context = {
    build,
    what,
    scope: '',
    path: '',
    names,
    ranks: new Map<string, number>(),
    depth: 0,
    channelsFirst,
    mixed: formats.size > 1,
  }
  const outputs = model(String(kind), record(config), undefined, context)
  const channels = channelsFirst ? 'first' : 'last'
  return { graph: finish(build, String(record(config).name ?? ''), outputs, channels), origin: build.origin }
}

/** All layers, those of models inside it included. */
function layersIn(config: Config, depth = 0): Config[] {
  if (!Array.isArray(config.layers) || depth > MAX_DEPTH) return []
  return config.layers.map(record).flatMap(layer => [layer, ...layersIn(record(layer.config), depth + 1)])
}

/** Builds a model's layers, called on `given` (its own inputs when undefined), and names its outputs. */
function model(kind: string, config: Config, given: readonly string[] | undefined, context: Context): string[] {
  const { what } = context
  if (context.depth > MAX_DEPTH)
    fail('file', what, `models nested at most ${MAX_DEPTH} deep`, 'deeper ones', 'The file is damaged')
  const listed = config.layers
  if (!Array.isArray(listed)) fail('file', what, 'a list of layers', show(listed), 'The file is damaged')
  const sequential = kind === 'Sequential'
  const layers = sequential ? chain(listed, what) : listed.map(layer => layerOf(layer, what))
  const heads = references(config.input_layers).map(layerName)
  const values = new Map<string, string[]>()
  for (const { layer, call, key, inputs } of callsOf(layers, what)) {
    const head = layer.kind === 'InputLayer' ? Math.max(0, heads.indexOf(layer.name)) : 0
    if (inputs.length > 0) {
      const names = inputs.map(value => lookup(values, value, what))
      values.set(key, apply(layer, names, context, call))
    } else {
      const name = given ? (given[head] ?? input(layer, context)) : input(layer, context)
      values.set(key, layer.kind === 'InputLayer' ? [name] : apply(layer, [name], context, call))
    }
  }
  const last = layers[layers.length - 1]
  if (sequential) return last ? values.get(`${last.name} 0`)! : []
  return references(config.output_layers).map(value => lookup(values, value, what))
}

interface LayerCall {
  layer: KerasLayer
  call: number
  /** 'layer call' */
  key: string
  inputs: string[]
}

/** Every call of every layer, in an order in which its inputs are known: a layer called twice may feed itself. */
function callsOf(layers: readonly KerasLayer[], what: string): LayerCall[] {
  const names = new Set(layers.map(({ name }) => name))
  if (names.size < layers.length) fail('file', what, 'layers with names of their own', 'one name twice', 'The file is damaged')
  const calls = layers.flatMap(layer =>
    (layer.calls.length > 0 ? layer.calls : [[]]).map((inputs, call) => ({ layer, call, key: `${layer.name} ${call}`, inputs })),
  )
  const order = ordered(
    calls.map(({ key, inputs }) => ({ inputs: inputs.map(callKey), outputs: [key] })),
    () => false,
    what,
  )
  return order.map(index => calls[index])
}

function layerName(value: string): string {
  return value.slice(0, value.indexOf(' '))
}

function callKey(value: string): string {
  return value.slice(0, value.lastIndexOf(' '))
}

function lookup(values: Map<string, string[]>, value: string, what: string): string {
  const outputs = values.get(callKey(value))
  const name = outputs?.[Number(value.slice(value.lastIndexOf(' ') + 1))] ?? outputs?.[0]
  if (name === undefined) fail('file', what, `an output of layer ${show(layerName(value))}`, 'none', 'The file is damaged')
  return name
}

function layerOf(value: unknown, what: string): KerasLayer {
  const { class_name: kind, config, name, inbound_nodes: calls } = record(value)
  const settings = record(config)
  const title = name ?? settings.name
  if (typeof kind !== 'string' || typeof title !== 'string')
    fail('file', what, 'a class and a name for each layer', show(value), 'The file is damaged')
  const inbound = Array.isArray(calls) ? calls.map(references) : []
  return { name: plain(title), kind, config: settings, calls: inbound.filter(call => call.length > 0) }
}

/** Names are joined with spaces below. */
function plain(name: string): string {
  return name.replace(/ /g, '_')
}

/** A sequential model's layers, each called on the one before. */
function chain(listed: unknown[], what: string): KerasLayer[] {
  let previous: KerasLayer | undefined
  return listed.map(value => {
    const layer = layerOf(value, what)
    layer.calls = previous ? [[`${previous.name} 0 0`]] : []
    previous = layer
    return layer
  })
}

/**
 * Values a call refers to, each as 'layer call position': Keras 2 writes [name, call, position, kwargs], Keras 3 tensors with a
 * keras_history, possibly nested.
 */
function references(value: unknown, depth = 0): string[] {
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) {
    const [name, call = 0, position = 0] = value
    if (typeof name === 'string' && typeof call === 'number' && typeof position === 'number')
      return [`${plain(name)} ${call} ${position}`]
    return value.flatMap(inner => references(inner, depth + 1))
  }
  const { keras_history: history, config, args } = value as Config
  return references(history ?? config ?? args, depth + 1)
}

function record(value: unknown): Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : {}
}

function input({ name, config }: KerasLayer, { build, scope, ranks }: Context): string {
  const listed = config.batch_input_shape ?? config.batch_shape
  const shape = Array.isArray(listed)
    ? listed.map(side => (Number.isSafeInteger(side) && side > 0 ? side : null) as Side)
    : undefined
  const value = `${scope}${name}:input`
  build.inputs.push({ name: value, ...(shape && { shape }) })
  if (shape) build.shapes.set(value, shape)
  if (shape) ranks.set(value, shape.length)
  return value
}

function apply(layer: KerasLayer, inputs: readonly string[], context: Context, call: number): string[] {
  const { name, kind, config } = layer
  const output = context.scope + name + (call === 0 ? '' : `:${call}`)
  if (Array.isArray(config.layers)) {
    const inner = { ...context, scope: `${output}/`, path: `${context.path}${name}/`, depth: context.depth + 1 }
    return model(kind, config, inputs, inner)
  }
  // The graph speaks of one order of axes: where a model has both, no layer that depends on it is translated.
  const unclear = context.mixed && config.data_format !== undefined
  const make = Object.hasOwn(MAKERS, kind) && !unclear ? MAKERS[kind] : undefined
  const value = make ? make({ ...layer, inputs, output, ...context }) : context.build.add(kind, inputs, output, {}, 'keras')
  const rank = rankAfter(layer, context.ranks.get(inputs[0]))
  if (make && rank !== undefined) context.ranks.set(value, rank)
  return [value]
}

/** How many axes a layer's output has. */
function rankAfter({ kind, config }: KerasLayer, rank: number | undefined): number | undefined {
  if (kind === 'Flatten') return 2
  if (kind === 'Reshape') return Array.isArray(config.target_shape) ? config.target_shape.length + 1 : undefined
  if (/^Global/.test(kind) && config.keepdims !== true) return 2
  const spatial = /([123])D(Transpose)?$/.exec(kind)
  return spatial && !/Dropout/.test(kind) ? Number(spatial[1]) + 2 : rank
}
