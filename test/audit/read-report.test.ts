import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { audit } from '../../src/audit/audit.ts'
import { compared } from '../../src/audit/compare.ts'
import { merge } from '../../src/audit/merge.ts'
import { readReport } from '../../src/audit/read-report.ts'
import { OpnormError } from '../../src/errors.ts'
import { readModel } from '../../src/formats/index.ts'
import { toCsv } from '../../src/report/csv.ts'
import { toHtml } from '../../src/report/html.ts'
import { toJson } from '../../src/report/json.ts'
import { toMarkdown } from '../../src/report/markdown.ts'
import { toText } from '../../src/report/text.ts'
import type { Report } from '../../src/report.ts'
import { floats, writeOnnx } from '../formats/writers/onnx.ts'
import { folder, numbers, put, run, safetensors } from '../cli/terminal.ts'

/** A report with something in every field. */
function full(): Report {
  const graph = readModel({
    name: 'graph.onnx',
    bytes: writeOnnx({
      nodes: [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { pads: [1, 1] } }],
      initializers: [floats('w', [2, 2, 3], numbers(12))],
      inputs: [{ name: 'x', shape: [1, 2, 8] }],
      outputs: [{ name: 'y' }],
    }),
  })
  const goal = {
    methods: ['f4', 'power'],
    pictures: true,
    maxNorm: 0.1,
    inputShapes: { x: [1, 2, 8] },
    shard: { part: 1, of: 1 },
  }
  const one = audit(graph, goal)
  const weights = { 'a.weight': { shape: [2, 2, 3, 3], data: numbers(36).fill(Number.NaN, 3, 4) }, 'b.bias': { shape: [2] } }
  const two = audit(readModel({ name: 'b.safetensors', bytes: safetensors(weights) }), goal)
  const whole = { ...one, models: [...one.models, ...two.models], findings: [...one.findings, ...two.findings] }
  return JSON.parse(toJson(compared(whole, one)))
}

/** Every place in a value, the first entries of its longest lists. */
function places(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [
    path,
    ...Object.keys(value)
      .slice(0, 40)
      .flatMap(key => (Number(key) > 3 ? [] : places((value as never)[key], [...path, key]))),
  ]
}

function changed(value: unknown, [key, ...rest]: readonly (string | number)[], to: unknown): unknown {
  if (key === undefined) return to
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>
  copy[key] = changed(copy[key], rest, to)
  return copy
}

const whole = full()
const WRONG = [null, undefined, 'text', '<script>', -1, 0.5, 1e9, true, [], {}, [[]], { length: 1e9 }]

test('a report comes back as it was', () => {
  assert.equal(readReport('r', toJson(whole)), whole)
})

test('a report with anything in any place is read and rendered, or is one sentence', () => {
  let refused = 0
  for (const path of places(whole))
    for (const wrong of WRONG) {
      const said = `${path.join('.')} = ${JSON.stringify(wrong)}`
      let read: Report
      try {
        read = readReport('r.json', JSON.stringify(changed(whole, path, wrong) ?? null))
        merge([read])
      } catch (error) {
        assert.instance(error, OpnormError, `${said}: ${error}`)
        assert.match((error as Error).message, /^[^\n]+: expected [^\n]+, got [^\n]+\. [^\n]+$/, said)
        refused++
        continue
      }
      for (const render of [toText, toMarkdown, toCsv, toJson, toHtml])
        try {
          assert.not.match(render(read), '<script>alert', said)
        } catch (error) {
          assert.unreachable(`${said}: ${error}`)
        }
    }
  assert.ok(refused > 1000, String(refused))
})

test('a sentence says where a report is damaged, and the command leaves with 3', async () => {
  const place = folder()
  const claim = ['models', 0, 'layers', 0, 'enclosure', 'upper']
  const evil = put(place, 'evil.json', JSON.stringify(changed(whole, claim, '<script>\u001b[31m')))
  const { code, out, err } = await run(['merge', evil, '--html', `${place}/evil.html`])
  assert.is(code, 3)
  assert.is(out, '')
  assert.is(
    err,
    `opnorm: ${evil}: models[0].layers[0].enclosure.upper: expected a number, got '<script>\\x1b[31m'. ` +
      'The report is damaged: make it again with opnorm --json\n',
  )
  const picture = put(
    place,
    'picture.json',
    JSON.stringify(changed(whole, ['models', 0, 'layers', 0, 'picture', 'surface'], 'x')),
  )
  assert.match((await run(['merge', picture])).err, 'picture.surface: expected an object')
  assert.is((await run(['merge', picture])).code, 3)
  const infinite = put(place, 'infinite.json', toJson(whole).replace(/"upper": [\d.e-]+/, '"upper": 1e999'))
  assert.match((await run(['merge', infinite])).err, 'expected a number, got Infinity')
  const many = put(place, 'many.json', JSON.stringify(changed(whole, ['goal', 'shard', 'of'], 2 ** 40)))
  assert.match((await run(['merge', many])).err, 'Run the missing ones: 2, 3, ')
})

test('what is not a report’s is left behind, however deep', () => {
  const json = JSON.stringify(whole).replace('{', `{"more":${'['.repeat(100_000)}${']'.repeat(100_000)},`)
  assert.equal(readReport('r', json), whole)
})

test.run()
