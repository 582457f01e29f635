import { fail, OpnormError, show } from '../errors.ts'
import type {
  Claim,
  Finding,
  Goal,
  LayerComparison,
  LayerReport,
  LayerShape,
  ModelComparison,
  ModelReport,
  NetworkReport,
  NodeReport,
  Picture,
  Problem,
  Report,
} from '../report.ts'
import { sizeOf } from '../tensor.ts'

/**
 * A report from the JSON that `toJson` wrote. It may be a stranger's: every value is looked at, and what is not a report's is left behind.
 *
 * @throws OpnormError `usage` for anything else, `file` for a report that is damaged
 */
export function readReport(name: string, json: string): Report {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw new OpnormError('usage', `${name}: expected a JSON report, got no JSON. Make it with opnorm --json`, { cause })
  }
  const { opnorm, goal, models, findings } = (value ?? {}) as Partial<Report>
  if (typeof opnorm !== 'string' || typeof goal !== 'object' || !Array.isArray(models) || !Array.isArray(findings))
    fail('usage', name, 'a report', 'other JSON', 'Make it with opnorm --json')
  return report(value, name)
}

/** A value as what it should be, or an error that says where it stands. */
type Reader<T> = (value: unknown, at: string) => T

const text = reader('a text', (value): value is string => typeof value === 'string')
const flag = reader('true or false', (value): value is boolean => typeof value === 'boolean')
// JSON has no infinity, but 1e999 is read as one.
const number = reader('a number', (value): value is number => Number.isFinite(value))
const whole = reader('a whole number from 0', (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0)
const object = reader(
  'an object',
  (value): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value),
)
const array = reader('a list', (value): value is unknown[] => Array.isArray(value))

const padding = among('zero', 'circular')
const problem = record<Problem>({ code: text as Reader<Problem['code']>, message: text })

const goal = record<Goal>({
  gap: optional(number),
  methods: optional(list(text)),
  inputSize: optional((value, at) => (Array.isArray(value) ? list(whole)(value, at) : whole(value, at))),
  padding: optional(padding),
  layers: optional(text),
  fold: optional(flag),
  inputShapes: optional((value, at) =>
    Object.fromEntries(Object.entries(object(value, at)).map(([name, shape]) => [name, list(whole)(shape, `${at}.${name}`)])),
  ),
  maxNorm: optional(number),
  maxLipschitz: optional(number),
  pictures: optional(flag),
  shard: optional(record<NonNullable<Goal['shard']>>({ part: whole, of: whole })),
})

const claim = record<Claim>({
  method: text,
  kind: orNull(among('exact', 'upper', 'lower', 'estimate')),
  scope: orNull(among('this-size', 'every-size')),
  value: orNull(number),
  lower: orNull(number),
  upper: orNull(number),
  gap: orNull(number),
  ratio: orNull(number),
  work: number,
  converged: flag,
  ms: number,
  error: optional(problem),
})

const shape = record<LayerShape>({
  kernel: list(whole),
  stride: list(whole),
  dilation: list(whole),
  groups: whole,
  padding,
  transposed: flag,
  inputSize: optional(list(whole)),
})

const samples = record<NonNullable<Picture['surface']>>({ sides: list(whole), values: list(number) })

const picture = record<Picture>({
  surface: optional((value, at) => {
    const surface = samples(value, at)
    const { sides, values } = surface
    if (values.length === 0 || values.length !== sizeOf(sides))
      damaged(`${at}.values`, `${sizeOf(sides)} numbers`, String(values.length))
    return surface
  }),
  spectrum: optional((value, at) => {
    const { count } = record<{ count: number }>({ count: whole })(value, at)
    const { sides, values } = samples(value, at)
    if (values.length === 0 || values.length > count) damaged(`${at}.values`, `1 to ${count} numbers`, String(values.length))
    return { sides, count, values }
  }),
})

const layer = record<LayerReport>({
  index: whole,
  name: text,
  op: among('conv', 'dense'),
  kind: text,
  shape: orNull(shape),
  geometryFrom: among('graph', 'file', 'table', 'default'),
  folded: optional(text),
  note: optional(text),
  enclosure: orNull(claim),
  claims: list(claim),
  picture: optional(picture),
  error: optional(problem),
  ms: number,
})

const node = record<NodeReport>({ name: text, op: text, rule: text, gain: orNull(number), total: orNull(number) })

const network = record<NetworkReport>({
  upper: orNull(number),
  lower: orNull(number),
  estimate: orNull(number),
  refused: optional(text),
  nodes: list(node),
  notes: list(text),
})

const model = record<ModelReport>({
  file: text,
  place: whole,
  format: orNull(text),
  layerCount: whole,
  layers: list(layer),
  batchNorms: whole,
  skipped: list(record<ModelReport['skipped'][number]>({ name: text, why: text })),
  notes: list(text),
  product: orNull(number),
  network: optional(network),
  error: optional(problem),
})

const finding = record<Finding>({
  what: among('unreadable', 'nothing', 'no-bound', 'max-norm', 'max-lipschitz'),
  file: text,
  layer: optional(text),
  message: text,
})

const ends = orNull(record<NonNullable<LayerComparison['before']>>({ lower: number, upper: number }))

const comparison = record<ModelComparison>({
  before: text,
  after: text,
  layers: list(
    record<LayerComparison>({
      name: text,
      before: ends,
      after: ends,
      ratio: orNull(number),
      verdict: among('larger', 'smaller', 'close', 'added', 'removed', 'unknown'),
    }),
  ),
  product: orNull(number),
  network: orNull(number),
})

const report = record<Report>({
  opnorm: text,
  goal,
  models: list(model),
  findings: list(finding),
  partial: flag,
  comparison: optional(list(comparison)),
})

function reader<T>(wanted: string, fits: (value: unknown) => value is T): Reader<T> {
  return (value, at) => (fits(value) ? value : damaged(at, wanted, show(value)))
}

function among<T extends string>(...words: readonly T[]): Reader<T> {
  return reader(words.map(word => `'${word}'`).join(' or '), (value): value is T => words.includes(value as T))
}

function orNull<T>(read: Reader<T>): Reader<T | null> {
  return (value, at) => (value === null ? null : read(value, at))
}

function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, at) => (value === undefined ? undefined : read(value, at))
}

function list<T>(read: Reader<T>): Reader<T[]> {
  return (value, at) => array(value, at).map((entry, i) => read(entry, `${at}[${i}]`))
}

/** The compiler asks for every field that a report may have. */
function record<T extends object>(fields: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  const readers = Object.entries(fields) as [string, Reader<unknown>][]
  return (value, at) => {
    const given = object(value, at)
    const read = readers.map(([key, field]) => [key, field(Object.hasOwn(given, key) ? given[key] : undefined, joined(at, key))])
    return Object.fromEntries(read.filter(([, held]) => held !== undefined)) as T
  }
}

/** part.json: models[0].layers[2].name */
function joined(at: string, key: string): string {
  return at.includes(': ') ? `${at}.${key}` : `${at}: ${key}`
}

function damaged(at: string, wanted: string, given: string): never {
  fail('file', at, wanted, given, 'The report is damaged: make it again with opnorm --json')
}
