import { fail, show } from '../../errors.ts'
import { sizeOf } from '../../tensor.ts'
import type { NamedBytes, Weights } from '../model.ts'
import { checkShape, derived, type Dtype, weights, widthOf } from '../weights.ts'

/** One group of a weights manifest: tensors that lie one behind another in the shards named. */
interface Group {
  paths: string[]
  weights: unknown[]
}

const DTYPES: Readonly<Record<string, Dtype>> = {
  float32: 'float32',
  float16: 'float16',
  int32: 'int32',
  uint16: 'uint16',
  uint8: 'uint8',
  bool: 'bool',
}

/**
 * The weights a TF.js manifest describes: shape and type per tensor, the numbers one behind another in shards, as they are or quantised
 * to uint8, uint16 (value · scale + min) or float16.
 *
 * @param files the shards, found by the last component of their path
 * @throws OpnormError `file` when a shard is missing, or the shards are too short or too long
 */
export function readManifest(manifest: unknown, files: readonly NamedBytes[], what: string): Map<string, Weights> {
  const tensors = new Map<string, Weights>()
  for (const group of groupsOf(manifest, what)) {
    const shards = group.paths.map(path => findShard(path, files, what))
    const total = shards.reduce((sum, shard) => sum + shard.length, 0)
    let at = 0
    for (const entry of group.weights) {
      const spec = specOf(entry, what)
      if (tensors.has(spec.name)) fail('file', what, 'each tensor once', `${show(spec.name)} twice`, 'The manifest is damaged')
      const length = sizeOf(spec.shape) * widthOf[spec.stored]
      if (at + length > total)
        fail(
          'file',
          `${what}: ${spec.name}`,
          `${at + length} bytes in its shards`,
          String(total),
          'A shard is missing or cut short',
        )
      tensors.set(
        spec.name,
        spec.restore(weights(span(shards, at, at + length), spec.stored, spec.shape, `${what}: ${spec.name}`)),
      )
      at += length
    }
    if (at < total)
      fail(
        'file',
        `${what}: ${group.paths.join(', ')}`,
        `${at} bytes`,
        String(total),
        'The shards are of another model, or damaged',
      )
  }
  return tensors
}

/** The shards of a manifest, by the paths it gives. */
export function shardsOf(manifest: unknown, what: string): string[] {
  return groupsOf(manifest, what).flatMap(group => group.paths.map(lastPart))
}

export function isManifest(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isGroup)
}

function isGroup(group: unknown): group is Group {
  const { paths, weights } = (group ?? {}) as Record<string, unknown>
  return Array.isArray(paths) && Array.isArray(weights) && paths.every(path => typeof path === 'string')
}

function groupsOf(manifest: unknown, what: string): Group[] {
  if (!Array.isArray(manifest) || !manifest.every(isGroup))
    fail('file', what, 'a weights manifest: groups with paths and weights', show(manifest), 'The file is damaged')
  return manifest
}

function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}

function findShard(path: string, files: readonly NamedBytes[], what: string): Uint8Array {
  const name = lastPart(path)
  const file = files.find(held => lastPart(held.name) === name)
  if (!file) fail('file', what, `its shard ${show(name)}`, 'none of that name', 'Give the shards together with the model')
  return file.bytes
}

interface Spec {
  name: string
  shape: number[]
  /** how the numbers lie in the shard */
  stored: Dtype
  restore: (stored: Weights) => Weights
}

function specOf(entry: unknown, what: string): Spec {
  const { name, shape, dtype, quantization } = (entry ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || !Array.isArray(shape) || typeof dtype !== 'string')
    fail('file', what, 'name, shape and dtype for each tensor', show(entry), 'The manifest is damaged')
  const sides = checkShape(shape, `${what}: ${name}`)
  const { dtype: held = dtype, scale, min } = (quantization ?? {}) as Record<string, unknown>
  const stored = typeof held === 'string' && Object.hasOwn(DTYPES, held) ? DTYPES[held] : undefined
  // A string's length is written in the data, so nothing behind it could be placed.
  if (!stored)
    fail(
      'file',
      `${what}: ${name}`,
      `numbers of type ${Object.keys(DTYPES).join(', ')}`,
      show(held),
      'Leave it out when converting',
    )
  if (!quantization || stored === 'float16') return { name, shape: sides, stored, restore: plain => plain }
  if (typeof scale !== 'number' || typeof min !== 'number')
    fail('file', `${what}: ${name}`, 'a scale and a min', `${show(scale)}, ${show(min)}`, 'The manifest is damaged')
  // As TF.js restores them: computed in double, kept as float32.
  const restore = (quantised: Weights): Weights =>
    derived(quantised, sides, values => Float32Array.from(values, value => value * scale + min))
  return { name, shape: sides, stored, restore }
}

/** Bytes [begin, end) of shards laid one behind another: a view, or a copy where a tensor lies across shards. */
function span(shards: readonly Uint8Array[], begin: number, end: number): Uint8Array {
  const pieces: Uint8Array[] = []
  let start = 0
  for (const shard of shards) {
    const from = Math.max(begin - start, 0)
    const to = Math.min(end - start, shard.length)
    if (from < to) pieces.push(shard.subarray(from, to))
    start += shard.length
  }
  if (pieces.length === 1) return pieces[0]
  const joined = new Uint8Array(end - begin)
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}
