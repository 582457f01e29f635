import { fail, show } from '../../errors.ts'
import type { Graph, Side, Weights } from '../model.ts'
import { ordered } from '../order.ts'
import { builder, finish } from './builder.ts'
import { type Config, type Context, type KerasLayer, MAKERS, storedNames } from './keras-layers.ts'

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
  const root = plain(String(record(config).name ?? ''))
  const listed = layersIn(record(config))
  const stored = storedNames(
    constants.keys(),
    listed.map(layer => plain(String(layer.name ?? record(layer.config).name))),
  )
  const isFirst = listed.some(layer => record(layer.config).data_format === 'channels_first')
  const context = { build, what, scope: '', path: '', root, stored, depth: 0, isFirst }
  const outputs = model(String(kind), record(config), undefined, context)
  return { graph: finish(build, String(record(config).name ?? ''), outputs, isFirst ? 'first' : 'last'), origin: build.origin }
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
  const { class_name: kind, config, name, inbound_nodes: calls, module, registered_name: registered } = record(value)
  const settings = record(config)
  const title = name ?? settings.name
  if (typeof kind !== 'string' || typeof title !== 'string')
    fail('file', what, 'a class and a name for each layer', show(value), 'The file is damaged')
  const inbound = Array.isArray(calls) ? calls.filter(call => references(call).length > 0) : []
  return {
    name: plain(title),
    kind,
    config: settings,
    calls: inbound.map(call => references(call)),
    special: inbound.map(call => isSpecial(call)),
    foreign: isForeign(module, registered),
  }
}

/** Keras 3 writes x·2 as a layer 'Multiply' of a module of operations, and somebody's own class may bear any name. */
function isForeign(module: unknown, registered: unknown): boolean {
  if (typeof module === 'string' && /(^|\.)ops(\.|$)/.test(module)) return true
  return typeof registered === 'string' && registered.includes('>') && !/^keras(\.|>)/i.test(registered)
}

/** Whether a call carries settings besides its inputs (training = true, a mask): behind each input in Keras 2, as kwargs in Keras 3. */
function isSpecial(call: unknown, depth = 0): boolean {
  if (depth > MAX_DEPTH) return false
  if (!Array.isArray(call)) return isSet(record(call).kwargs)
  return typeof call[0] === 'string' ? isSet(call[3]) : call.some(inner => isSpecial(inner, depth + 1))
}

function isSet(settings: unknown): boolean {
  return Object.values(record(settings)).some(value => value !== null && value !== false)
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
    layer.special = []
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

function input({ name, config }: KerasLayer, { build, scope }: Context): string {
  const listed = config.batch_input_shape ?? config.batch_shape
  const shape = Array.isArray(listed)
    ? listed.map(side => (Number.isSafeInteger(side) && side > 0 ? side : null) as Side)
    : undefined
  const value = `${scope}${name}:input`
  build.inputs.push({ name: value, ...(shape && { shape }) })
  if (shape) build.shapes.set(value, shape)
  return value
}

function apply(layer: KerasLayer, inputs: readonly string[], context: Context, call: number): string[] {
  const { name, kind, config } = layer
  const output = context.scope + name + (call === 0 ? '' : `:${call}`)
  if (Array.isArray(config.layers)) {
    const inner = { ...context, scope: `${output}/`, path: `${context.path}${name}/`, depth: context.depth + 1 }
    const outputs = model(kind, config, inputs, inner)
    return layer.special[call] ? outputs.map(value => context.build.refuse(value, SPECIAL)) : outputs
  }
  const make = !layer.foreign && Object.hasOwn(MAKERS, kind) ? MAKERS[kind] : undefined
  const made = make ? make({ ...layer, inputs, output, ...context }) : context.build.add(kind, inputs, output, {}, 'keras')
  if (layer.special[call]) context.build.refuse(made, SPECIAL)
  // The graph speaks of one order of axes; Keras layers that do not say have their channels last.
  const spatial = /[123]D(Transpose)?$/.test(kind) && !/Dropout/.test(kind)
  if (make && spatial && context.isFirst && config.data_format !== 'channels_first') context.build.refuse(made, LAST)
  return [made]
}

const LAST = 'its channels come last, and first elsewhere in the model'
const SPECIAL = 'it is called with settings of its own (training, a mask), which are not read'
