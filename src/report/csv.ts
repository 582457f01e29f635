import type { Claim, LayerReport, ModelReport, NetworkReport, Report } from '../report.ts'

const HEADER = [
  'file',
  'layer',
  'op',
  'kernel',
  'stride',
  'dilation',
  'groups',
  'padding',
  'transposed',
  'input_size',
  'folded',
  'method',
  'kind',
  'scope',
  'value',
  'lower',
  'upper',
  'gap',
  'ratio',
  'work',
  'ms',
  'error',
]

/** null: not proven, or nothing to say */
type Cell = string | number | null

/**
 * One row per layer and method, and one per network, numbers in full; what is not proven is empty. RFC 4180.
 *
 * Names are a stranger's: what a spreadsheet would take for a formula begins with ' instead.
 */
export function toCsv(report: Report): string {
  const rows = report.models.flatMap(model =>
    model.error
      ? [unreadRow(model)]
      : [...model.layers.flatMap(layer => layerRows(model, layer)), ...(model.network ? [networkRow(model, model.network)] : [])],
  )
  return [HEADER, ...rows].map(row => row.map(field).join(',') + '\r\n').join('')
}

function unreadRow(model: ModelReport): Cell[] {
  return [model.file, ...new Array<string>(HEADER.length - 2).fill(''), model.error!.message]
}

/** The whole network, where a layer would stand: its certificate, and the floor that was found. */
function networkRow({ file }: ModelReport, { upper, lower, refused }: NetworkReport): Cell[] {
  const known: Record<string, Cell> = { file, op: 'network', error: refused ?? null }
  if (upper !== null) Object.assign(known, { method: 'composition', kind: 'upper', scope: 'this-size', value: upper })
  if (upper !== null) Object.assign(known, { lower: lower ?? 0, upper })
  return HEADER.map(title => known[title] ?? null)
}

function layerRows(model: ModelReport, layer: LayerReport): Cell[][] {
  const { shape } = layer
  const about: Cell[] = [
    model.file,
    layer.name,
    layer.op,
    shape?.kernel.join('x') ?? '',
    shape?.stride.join('x') ?? '',
    shape?.dilation.join('x') ?? '',
    shape?.groups ?? null,
    shape?.padding ?? '',
    shape ? String(shape.transposed) : '',
    shape?.inputSize?.join('x') ?? '',
    layer.folded ?? '',
  ]
  if (layer.error || !layer.enclosure)
    return [[...about, ...new Array<string>(HEADER.length - about.length - 1).fill(''), layer.error?.message ?? '']]
  return [layer.enclosure, ...layer.claims].map(claim => [...about, ...claimFields(claim)])
}

function claimFields(claim: Claim): Cell[] {
  const { method, kind, scope, value, lower, upper, gap, ratio, work, ms, error } = claim
  return [method, kind, scope, value, lower, upper, gap, ratio, work, ms.toFixed(3), error?.message ?? null]
}

/** https://owasp.org/www-community/attacks/CSV_Injection */
function field(cell: Cell): string {
  if (typeof cell !== 'string') return String(cell ?? '')
  const text = /^[=+\-@\t\r\n]/.test(cell) ? `'${cell}` : cell
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
