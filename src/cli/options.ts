import { parseArgs } from 'node:util'
import { METHOD_NAMES, methodNamed } from '../audit/methods.ts'
import { nearest } from '../audit/nearest.ts'
import { fail, OpnormError } from '../errors.ts'
import type { Goal } from '../report.ts'

export const FORMATS = ['table', 'json', 'csv', 'html', 'markdown'] as const
export type Format = (typeof FORMATS)[number]

const PADDINGS = ['zero', 'circular'] as const

/** What the user asked for. */
export interface Command {
  readonly verb: 'audit' | 'merge' | 'help' | 'version'
  /** model files, or the parts to merge: names and patterns */
  readonly files: readonly string[]
  readonly goal: Goal
  readonly format: Format
  /** where the report goes; absent: standard output */
  readonly output?: string
  /** an HTML report besides */
  readonly html?: string
  /** a JSON table of geometries */
  readonly geometry?: string
  /** an earlier report to compare with */
  readonly compare?: string
  readonly threads?: number
  readonly quiet: boolean
}

const OPTIONS = {
  gap: { type: 'string' },
  'input-size': { type: 'string' },
  padding: { type: 'string' },
  method: { type: 'string', short: 'm', multiple: true },
  layers: { type: 'string' },
  fold: { type: 'boolean' },
  geometry: { type: 'string' },
  'input-shape': { type: 'string', multiple: true },
  'max-norm': { type: 'string' },
  'max-lipschitz': { type: 'string' },
  format: { type: 'string', short: 'f' },
  json: { type: 'boolean' },
  output: { type: 'string', short: 'o' },
  html: { type: 'string' },
  compare: { type: 'string' },
  shard: { type: 'string' },
  threads: { type: 'string' },
  quiet: { type: 'boolean', short: 'q' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

export const OPTION_NAMES = Object.keys(OPTIONS)

/** Options that a merge comes too late for. */
const OF_THE_PARTS = [
  'gap',
  'input-size',
  'padding',
  'method',
  'layers',
  'fold',
  'geometry',
  'input-shape',
  'shard',
  'threads',
] as const satisfies readonly (keyof typeof OPTIONS)[]

type Values = ReturnType<typeof parse>['values']

/** The command line as a command. @throws OpnormError `usage` */
export function readCommand(args: readonly string[]): Command {
  refuseUnknown(args)
  const { values, positionals } = parse(args)
  const merging = positionals[0] === 'merge'
  const files = merging ? positionals.slice(1) : positionals
  const verb = values.help ? 'help' : values.version ? 'version' : merging ? 'merge' : 'audit'
  if (files.length === 0 && (verb === 'audit' || verb === 'merge'))
    usage('FILE', merging ? 'the JSON parts of a report' : 'at least one model file', 'none', 'Try opnorm --help')
  if (verb === 'merge')
    for (const name of OF_THE_PARTS)
      if (values[name] !== undefined)
        usage('opnorm merge', 'limits and formats', `--${name}`, 'It is decided where the parts are audited: give it there')
  return {
    verb,
    files,
    goal: goalOf(values),
    format: values.json ? 'json' : oneOf('--format', values.format, FORMATS, 'table'),
    ...given('output', values.output),
    ...given('html', values.html),
    ...given('geometry', values.geometry),
    ...given('compare', values.compare),
    ...given('threads', values.threads === undefined ? undefined : whole('--threads', values.threads)),
    quiet: values.quiet ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (cause) {
    throw new OpnormError('usage', `${(cause as Error).message.split('\n')[0].replace(/\.$/, '')}. Try opnorm --help`, { cause })
  }
}

/** parseArgs stops at the first unknown option; here it also says which one was meant. */
function refuseUnknown(args: readonly string[]): void {
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(OPTIONS, token.name)) continue
    const close = nearest(token.name, OPTION_NAMES)
    usage('option', 'a known one', token.rawName, close ? `Did you mean --${close}?` : 'Try opnorm --help')
  }
}

function goalOf(values: Values): Goal {
  return {
    ...given('gap', values.gap === undefined ? undefined : positive('--gap', values.gap)),
    ...given('methods', methodsOf(values.method)),
    ...given('inputSize', sizesOf('--input-size', values['input-size'])),
    ...given('padding', values.padding === undefined ? undefined : oneOf('--padding', values.padding, PADDINGS, 'zero')),
    ...given('layers', values.layers),
    ...given('fold', values.fold),
    ...given('inputShapes', shapesOf(values['input-shape'])),
    ...given('maxNorm', values['max-norm'] === undefined ? undefined : positive('--max-norm', values['max-norm'])),
    ...given(
      'maxLipschitz',
      values['max-lipschitz'] === undefined ? undefined : positive('--max-lipschitz', values['max-lipschitz']),
    ),
    ...given('pictures', values.html !== undefined || values.format === 'html' ? true : undefined),
    ...given('shard', shardOf(values.shard)),
  }
}

function methodsOf(values: readonly string[] | undefined): string[] | undefined {
  if (values === undefined) return undefined
  const names = values.flatMap(value => value.split(',')).map(name => name.trim())
  for (const name of names) {
    try {
      methodNamed(name)
    } catch {
      const close = nearest(name, METHOD_NAMES)
      usage('--method', METHOD_NAMES.join(', '), `'${name}'`, close ? `Did you mean ${close}?` : 'Try opnorm --help')
    }
  }
  return names
}

/** 32 or 32x48 */
function sizesOf(option: string, value: string | undefined): number[] | number | undefined {
  if (value === undefined) return undefined
  const sides = value.split(/[x×,]/).map(side => whole(option, side))
  return sides.length === 1 ? sides[0] : sides
}

/** 1x3x32x32 for the first input, name=1x3x32x32 for another */
function shapesOf(values: readonly string[] | undefined): Goal['inputShapes'] {
  if (values === undefined) return undefined
  return Object.fromEntries(
    values.map(value => {
      const at = value.lastIndexOf('=')
      return [value.slice(0, Math.max(0, at)), [sizesOf('--input-shape', value.slice(at + 1)) ?? []].flat()]
    }),
  )
}

function shardOf(value: string | undefined): Goal['shard'] {
  if (value === undefined) return undefined
  const [, part, of] = (/^(\d+)\/(\d+)$/.exec(value) ?? []).map(Number)
  if (!(part >= 1 && part <= of && Number.isSafeInteger(of)))
    usage('--shard', 'i/n with 1 ≤ i ≤ n', `'${value}'`, 'For example --shard 3/16')
  return { part, of }
}

function positive(option: string, value: string): number {
  const number = Number(value)
  if (!(number > 0 && number < Infinity)) usage(option, 'a number above 0', `'${value}'`, 'For example 1e-3')
  return number
}

function whole(option: string, value: string): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1) usage(option, 'whole numbers from 1', `'${value}'`, 'For example 32 or 32x48')
  return number
}

function oneOf<T extends string>(option: string, value: string | undefined, allowed: readonly T[], absent: T): T {
  if (value === undefined) return absent
  if ((allowed as readonly string[]).includes(value)) return value as T
  const close = nearest(value, allowed)
  usage(option, allowed.join(', '), `'${value}'`, close ? `Did you mean ${close}?` : 'Try opnorm --help')
}

function usage(what: string, wanted: string, got: string, advice: string): never {
  fail('usage', what, wanted, got, advice)
}

/** A property only where there is a value: absent and undefined are the same to readers, not to JSON. */
function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }
}
