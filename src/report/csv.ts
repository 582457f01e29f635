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

/** One row per layer and method, and one per network, numbers in full; what is not proven is empty. RFC 4180. */
export function toCsv(report: Report): string {
  const rows = report.models.flatMap(model =>
    model.error
      ? [unreadRow(model)]
      : [...model.layers.flatMap(layer => layerRows(model, layer)), ...(model.network ? [networkRow(model, model.network)] : [])],
  )
  return [HEADER, ...rows].map(row => row.map(field).join(',') + '\r\n').join('')
}

function unreadRow(model: ModelReport): string[] {
  return [model.file, ...new Array<string>(HEADER.length - 2).fill(''), model.error!.message]
}

/** The whole network, where a layer would stand: its certificate, and the floor that was found. */
function networkRow({ file }: ModelReport, { upper, lower, refused }: NetworkReport): string[] {
  const known: Record<string, string> = { file, op: 'network', error: refused ?? '' }
  if (upper !== null) Object.assign(known, { method: 'composition', kind: 'upper', scope: 'this-size', value: String(upper) })
  if (upper !== null) Object.assign(known, { lower: String(lower ?? 0), upper: String(upper) })
  return HEADER.map(title => known[title] ?? '')
}

function layerRows(model: ModelReport, layer: LayerReport): string[][] {
  const { shape } = layer
  const about = [
    model.file,
    layer.name,
    layer.op,
    shape?.kernel.join('x') ?? '',
    shape?.stride.join('x') ?? '',
    shape?.dilation.join('x') ?? '',
    String(shape?.groups ?? ''),
    shape?.padding ?? '',
    shape ? String(shape.transposed) : '',
    shape?.inputSize?.join('x') ?? '',
    layer.folded ?? '',
  ]
  if (layer.error || !layer.enclosure)
    return [[...about, ...new Array<string>(HEADER.length - about.length - 1).fill(''), layer.error?.message ?? '']]
  return [layer.enclosure, ...layer.claims].map(claim => [...about, ...claimFields(claim)])
}

function claimFields(claim: Claim): string[] {
  const { method, kind, scope, value, lower, upper, gap, ratio, work, ms, error } = claim
  const numbers = [value, lower, upper, gap, ratio].map(number => (number === null ? '' : String(number)))
  return [method, kind ?? '', scope ?? '', ...numbers, String(work), ms.toFixed(3), error?.message ?? '']
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
