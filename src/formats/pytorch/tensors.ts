import { fail } from '../../errors.ts'
import type { GeometryEntry, Skipped } from '../model.ts'
import type { NamedTensor } from '../state-dict.ts'
import { type Call, isCall, isTuple, type Key, type Value } from './python.ts'
import { KNOWN, type Source, tensorOf } from './storage.ts'

export interface Found {
  readonly tensors: NamedTensor[]
  readonly skipped: Skipped[]
  /** geometry of the convolution modules of a model saved whole */
  readonly geometry: Record<string, GeometryEntry>
  /** what else a convolution module says of itself that its norm does not cover, by the name of its weight */
  readonly remarks: Record<string, string>
  /** ε of the batch norm modules of a model saved whole, by the name of their running mean */
  readonly epsilons: Record<string, number>
}

const MAX_DEPTH = 64

/**
 * Every tensor in an unpickled value, named by the path to it; the part of the path all share (state_dict, model) left out.
 *
 * Dicts, lists, modules saved whole and the attributes of unknown objects are looked through, as data. Optimizer state is not.
 */
export function collect(value: Value, source: Source): Found {
  const found: Found = { tensors: [], skipped: [], geometry: {}, remarks: {}, epsilons: {} }
  const paths: string[][] = []
  const seen = new Set<object>()
  const stack: { value: Value; path: string[] }[] = [{ value, path: [] }]
  while (stack.length > 0) {
    const { value, path } = stack.pop()!
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) continue
    if (path.length > MAX_DEPTH)
      fail('file', source.what, `dicts nested at most ${MAX_DEPTH} deep`, 'deeper ones', 'It is no state dict')
    const tensor = isCall(value) ? tensorOf(value, source) : undefined
    if (typeof tensor === 'string') found.skipped.push({ name: path.join('.'), why: tensor })
    else if (tensor) {
      found.tensors.push({ name: '', weights: tensor })
      paths.push(path)
    } else if (!seen.has(value)) {
      seen.add(value)
      if (isOptimizer(value, path)) found.skipped.push({ name: path.join('.'), why: 'optimizer state, not a layer' })
      else {
        if (isCall(value) && isConvolution(value)) {
          Object.assign(found.geometry, moduleGeometry(value, path))
          Object.assign(found.remarks, moduleRemark(value, path))
        }
        Object.assign(found.epsilons, moduleEpsilon(value, path))
        const entries = childrenOf(value)
        for (let i = entries.length - 1; i >= 0; i--) stack.push({ value: entries[i][1], path: nextPath(path, entries[i][0]) })
      }
    }
  }
  return withoutPrefix(found, paths)
}

function nextPath(path: string[], key: Key | undefined): string[] {
  return key === undefined ? path : [...path, String(key)]
}

/** What a container holds; the parts of a module that are only there to sort its contents get no name. */
function childrenOf(value: Value): [Key | undefined, Value][] {
  if (value instanceof Map) return [...value].map(([key, held]) => [TRANSPARENT.has(key) ? undefined : key, held])
  if (Array.isArray(value)) return value.map((held, i) => [i, held])
  if (isTuple(value)) return value.tuple.map((held, i) => [i, held])
  if (!isCall(value)) return []
  const { items, elements, state } = value
  return [
    ...childrenOf(items),
    ...childrenOf(elements),
    ...(state === undefined ? [] : ([[undefined, state]] as [undefined, Value][])),
  ]
}

const TRANSPARENT: ReadonlySet<Key> = new Set(['_parameters', '_buffers', '_modules'])

function isOptimizer(value: Value, path: readonly string[]): boolean {
  if (value instanceof Map && value.has('param_groups') && value.has('state')) return true
  const last = path[path.length - 1] ?? ''
  return path.length === 1 && /^(optim|lr_scheduler|scheduler|scaler|grad_scaler|amp$)/i.test(last)
}

type Module = Call & { readonly state: Map<Key, Value> }

function isConvolution(call: Call): call is Module {
  return /^torch\.nn\.modules\.conv\.Conv/.test(call.callee) && call.state instanceof Map
}

/** Padding by reflection or repetition shows an entry several times: the norm with zeros around is none of that layer. */
function moduleRemark({ state }: Module, path: readonly string[]): Record<string, string> {
  const mode = state.get('padding_mode')
  if (mode !== 'reflect' && mode !== 'replicate') return {}
  const remark = `the layer pads by '${mode}'; its norm with zero padding is shown, and its own can be larger`
  return { [[...path, 'weight'].join('.')]: remark }
}

/** ε, which a batch norm of any class carries beside its statistics: among its buffers, or (scripted, frozen) with its own attributes. */
function moduleEpsilon(value: Value, path: readonly string[]): Record<string, number> {
  if (!isCall(value) || !(value.state instanceof Map)) return {}
  const { state } = value
  const buffers = state.get('_buffers')
  const epsilon = state.get('eps')
  const isNorm = state.has('running_mean') || (buffers instanceof Map && buffers.has('running_mean'))
  return isNorm && typeof epsilon === 'number' ? { [[...path, 'running_mean'].join('.')]: epsilon } : {}
}

/** Stride, padding and the like, which a convolution module saved whole carries with it. */
function moduleGeometry({ state }: Module, path: readonly string[]): Record<string, GeometryEntry> {
  const list = (key: string): number[] | undefined => {
    const value = state.get(key)
    return isTuple(value) && value.tuple.every(n => typeof n === 'number') ? (value.tuple as number[]) : undefined
  }
  const padding = state.get('padding')
  const pad = padding === 'same' || padding === 'valid' ? padding : list('padding')
  const groups = state.get('groups')
  const transposed = state.get('transposed') === true
  const entry: GeometryEntry = {
    ...optional('stride', list('stride')),
    ...optional('dilation', list('dilation')),
    ...optional('pad', pad),
    ...(typeof groups === 'number' && { groups }),
    ...(transposed && { transposed, ...optional('outputPadding', list('output_padding')) }),
    ...(state.get('padding_mode') === 'circular' && { padding: 'circular' as const }),
  }
  return { [[...path, 'weight'].join('.')]: entry }
}

function optional<K extends string, V>(key: K, value: V | undefined): { [k in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [k in K]?: V }
}

// Where checkpoints keep the model among other things. Inside a state dict every part of a path is a name.
const WRAPPER =
  /^(state_dict|model|model_state(_dict)?|net(work)?|params|weights|module_state_dict|ema|state_dict_ema|generator|discriminator)$/

/** Leaves out leading path parts that all tensors share, as long as they are a checkpoint's wrapping and not the network's own names. */
function withoutPrefix({ tensors, skipped, geometry, remarks, epsilons }: Found, paths: readonly string[][]): Found {
  let shared = 0
  while (
    paths.length > 0 &&
    paths.every(path => path.length > shared + 1 && path[shared] === paths[0][shared] && WRAPPER.test(path[shared]))
  )
    shared++
  const prefix = paths.length > 0 && shared > 0 ? paths[0].slice(0, shared).join('.') + '.' : ''
  const trim = (name: string): string => (prefix !== '' && name.startsWith(prefix) ? name.slice(prefix.length) : name)
  const renamed = <T>(held: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(held).map(([name, value]) => [trim(name), value]))
  return {
    // A tensor saved alone has no name.
    tensors: tensors.map(({ weights }, i) => ({ name: paths[i].slice(shared).join('.') || 'tensor', weights })),
    skipped,
    geometry: renamed(geometry),
    remarks: renamed(remarks),
    epsilons: renamed(epsilons),
  }
}

// Whatever these are called with, weights have no need of them.
const HOSTILE =
  /^(os|posix|nt|sys|subprocess|commands|popen2|pty|socket|shutil|runpy|importlib|imp|ctypes|code|codeop|_?pickle|marshal|webbrowser|multiprocessing|signal|urllib|http|ftplib|smtplib|pdb|bdb|timeit|cProfile|profile|doctest|pip|torch\.hub)(\.|$)|^(builtins|__builtin__)\.(eval|exec|execfile|compile|open|input|__import__|globals|reload|breakpoint)$/

/**
 * Names every call in a pickle that is not a tensor's.
 *
 * @throws OpnormError `file` for calls that are there to do something on the machine that loads the file
 */
export function unknownCalls(called: ReadonlySet<string>, what: string): Skipped[] {
  const skipped: Skipped[] = []
  for (const name of called) {
    if (HOSTILE.test(name)) fail('file', what, 'weights', `a call of ${name}`, 'Nothing was run; do not load this file in Python')
    if (!KNOWN.has(name) && !/^torch\._utils\._rebuild_/.test(name))
      skipped.push({ name, why: 'a Python class or function: named, never run' })
  }
  return skipped
}
