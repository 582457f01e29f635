import { entryFor, spell } from './geometry.ts'
import type { BatchNorm, Layer, LayerGeometry, ReadOptions, Weights } from './model.ts'

/** Constants of a graph and of those around it. */
export type Scope = (name: string) => Weights | undefined

export interface Work {
  readonly what: string
  readonly options: ReadOptions
  /** which stored tensor a constant was made from */
  readonly origin: ReadonlyMap<string, string>
  readonly layers: Map<string, Layer>
  readonly norms: Map<string, BatchNorm>
  readonly skipped: Map<string, string>
  /** stored tensors that a layer or a norm holds */
  readonly used: Set<string>
  /** per weight, the layer of each way it is used */
  readonly ways: Map<string, Map<string, string>>
  /** how many nodes use a layer */
  readonly uses: Map<string, number>
}

interface Found {
  readonly op: 'conv' | 'dense'
  readonly kernel: Weights
  readonly kind: string
  readonly geometry?: LayerGeometry
  readonly inputSize?: readonly number[]
}

/** Registers a layer under its weight's name, or finds the one registered when another node uses the same weight the same way. */
export function add(constant: string, found: Found, work: Work, suffix = ''): Layer | undefined {
  const stored = work.origin.get(constant) ?? constant
  const weight = stored + suffix
  const entry = entryFor(work.options.geometry, weight)
  if (entry?.op === 'skip') return skip(stored, 'the geometry table says so', work)
  if (found.kernel.shape.some(side => side === 0)) return skip(stored, 'an empty tensor', work)
  const axes = found.kernel.shape.length - 2
  const geometry = entry && found.op === 'conv' ? spell(entry, axes, weight, found.geometry) : (found.geometry ?? {})
  const listed = entry?.inputSize
  const inputSize = typeof listed === 'number' ? new Array<number>(axes).fill(listed) : (listed ?? found.inputSize)
  const layer: Layer = {
    name: weight,
    op: found.op,
    kernel: found.kernel,
    geometry,
    geometryFrom: entry ? 'table' : 'graph',
    kind: found.kind,
    ...(inputSize && { inputSize }),
  }
  work.used.add(stored)
  const name = nameOfUse(layer, work)
  if (!work.layers.has(name)) work.layers.set(name, { ...layer, name })
  work.uses.set(name, (work.uses.get(name) ?? 0) + 1)
  return work.layers.get(name)
}

/** The weight's own name for its first use; a name of its own for each further way to use it. */
function nameOfUse(layer: Layer, { ways }: Work): string {
  const known = ways.get(layer.name) ?? new Map<string, string>()
  ways.set(layer.name, known)
  const way = JSON.stringify([layer.op, layer.geometry, layer.kernel.shape, layer.inputSize])
  const name = known.get(way) ?? (known.size === 0 ? layer.name : `${layer.name} (${known.size + 1})`)
  known.set(way, name)
  return name
}

export function skip(constant: string, why: string, work: Work): undefined {
  work.skipped.set(work.origin.get(constant) ?? constant, why)
  return undefined
}
