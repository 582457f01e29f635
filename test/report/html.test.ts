import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { audit } from '../../src/audit/audit.ts'
import { compared } from '../../src/audit/compare.ts'
import { readModel } from '../../src/formats/index.ts'
import { pngUri } from '../../src/report/charts/png.ts'
import { toHtml } from '../../src/report/html.ts'
import { toText } from '../../src/report/text.ts'
import type { Report } from '../../src/report.ts'
import { numbers, safetensors } from '../cli/terminal.ts'

const HOSTILE = `<img src=x onerror=alert(1)>"'&.weight`
const bytes = safetensors({
  'curve.weight': { shape: [2, 2, 5] },
  'plane.weight': { shape: [3, 2, 3, 3] },
  'space.weight': { shape: [2, 2, 3, 3, 3] },
  'point.weight': { shape: [2, 2, 1, 1] },
  'zero.weight': { shape: [2, 2, 3, 3], data: new Float32Array(36) },
  'nan.weight': { shape: [2, 2, 3, 3], data: numbers(36).fill(Number.NaN, 7, 8) },
  'fc.weight': { shape: [3, 4] },
  [HOSTILE]: { shape: [2, 2, 3, 3] },
})
const report = audit(readModel({ name: '<b>m</b>.safetensors', bytes }), {
  methods: ['gram', 'f4', 'power'],
  pictures: true,
  maxNorm: 1,
})
const html = toHtml(report)

test('one file: nothing is fetched, nothing foreign is run', () => {
  for (const [, url] of html.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(url, /^(#|data:image\/png;base64,)/)
  assert.not.match(html, /@import|url\((?!data:)/)
  assert.is([...html.matchAll(/<script/g)].length, 1)
  assert.not.match(html, '<img src=x')
  assert.not.match(html, '<b>m</b>')
})

test('every layer has a row, a card and a way from one to the other', () => {
  for (const { index } of report.models[0].layers) {
    assert.match(html, `href="#m0-${index}"`)
    assert.match(html, `id="m0-${index}"`)
  }
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(match => match[1])
  assert.is(new Set(ids).size, ids.length)
})

test('tags are balanced', () => {
  const open: string[] = []
  const empty = new Set(['meta', 'img', 'line', 'polyline', 'polygon'])
  for (const [, close, name, inside] of html
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .matchAll(/<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^>"])*)>/g)) {
    if (empty.has(name) || inside.endsWith('/')) continue
    if (close) assert.is(open.pop(), name)
    else open.push(name)
  }
  assert.equal(open, [])
})

test('no number is missing or broken in a picture', () => {
  assert.not.match(html, /undefined|\[object|Infinity/)
  for (const [, points] of html.matchAll(/points="([^"]*)"/g)) assert.match(points, /^[-\d., ]+$/)
  for (const [, style] of html.matchAll(/style="([^"]*)"/g)) assert.not.match(style, /NaN|undefined/)
})

test('findings, comparison, a file without layers and one that could not be read', () => {
  const models: Report['models'] = [
    { ...report.models[0], layers: [], product: null },
    { ...report.models[0], layers: [], error: { code: 'file', message: 'cut <short>' } },
  ]
  const page = toHtml(compared({ ...report, models, partial: true }, report))
  assert.match(page, 'No layers found')
  assert.match(page, 'cut &lt;short&gt;')
  assert.match(page, 'This report is incomplete')
  assert.match(page, 'gone')
  assert.match(html, 'expected a norm of at most 1')
})

test('a gap that was not reached is said to be that, whatever stopped the search', () => {
  const model = readModel({ name: 'm.safetensors', bytes: safetensors({ 'plane.weight': { shape: [3, 2, 3, 3] } }) })
  for (const [gap, said] of [
    [1e-6, false],
    [1e-15, true],
  ] as const) {
    const own = audit(model, { gap })
    assert.is(own.models[0].layers[0].enclosure!.converged, !said)
    assert.is(toText(own).includes('(gap not reached)'), said)
    assert.is(toHtml(own).includes('the gap asked for was not reached'), said)
  }
})

test('a PNG that a decoder accepts: signature, chunks, checksums', () => {
  const png = Buffer.from(pngUri(Uint8Array.of(0, 1, 2, 3, 4, 5), 3, 2, new Uint8Array(768)).split(',')[1], 'base64')
  assert.equal([...png.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10])
  const types: string[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    types.push(png.toString('latin1', at + 4, at + 8))
    at += length + 12
  }
  assert.equal(types, ['IHDR', 'PLTE', 'IDAT', 'IEND'])
  // The checksum of an empty IEND is a known constant.
  assert.is(png.readUInt32BE(png.length - 4), 0xae426082)
})

test('a layer whose norm is beyond every double has no pictures, and the others have', () => {
  const data = new Float32Array(new Float64Array(4).fill(1.7e308).buffer)
  const large = safetensors({ 'large.weight': { shape: [1, 1, 4], dtype: 'F64', data }, 'small.weight': { shape: [2, 2, 3] } })
  const { models, ...rest } = audit(readModel({ name: 'large.safetensors', bytes: large }), { pictures: true })
  assert.equal(models[0].layers[0].picture, {})
  assert.match(toHtml({ models, ...rest }), 'large.weight')
  assert.ok(models[0].layers[1].picture?.surface)
})

test.run()
