import { existsSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { version } from '../../src/version.ts'
import { folder, put, report, run, SMALL, safetensors } from './terminal.ts'

const place = folder()
const model = put(place, 'm.safetensors', safetensors(SMALL))

test('the version is the package’s', () => {
  assert.is(version, JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version)
})

test('the table names every layer and brackets its norm', async () => {
  const { code, out, err } = await run([model])
  assert.is(code, 0)
  assert.is(err, '')
  const { models } = await report([model])
  for (const { name, enclosure, shape } of models[0].layers) {
    const line = out.split('\n').find(text => text.startsWith(name))!
    assert.match(line, shape!.kernel.join('×'))
    const [, low, high] = line.match(/([\d.]+) … ([\d.]+)/)!
    assert.ok(Number(low) <= enclosure!.lower! && enclosure!.upper! <= Number(high), line)
  }
  assert.match(out, '2 convolutions, 1 dense layer')
  assert.match(out, /product of the layers ≤ /)
})

test('JSON is the report itself: finite, ordered, with the gap asked for', async () => {
  const whole = await report([model, '--gap', '1e-3'])
  assert.is(whole.opnorm, version)
  assert.is(whole.goal.gap, 1e-3)
  for (const layer of whole.models[0].layers) {
    const { lower, upper, gap } = layer.enclosure!
    assert.ok(lower! > 0 && lower! <= upper! && gap! <= 1e-3 * (1 + 1e-9))
  }
  const product = whole.models[0].layers.reduce((total, layer) => total * layer.enclosure!.upper!, 1)
  assert.ok(whole.models[0].product! >= product && whole.models[0].product! <= product * (1 + 1e-12))
})

test('a limit that is not met is exit 1 and names the layer', async () => {
  const norms = (await report([model])).models[0].layers.map(layer => layer.enclosure!.upper!)
  assert.is((await run([model, '--max-norm', String(Math.max(...norms))])).code, 0)
  const below = await run([model, '--max-norm', String(Math.max(...norms) * 0.999)])
  assert.is(below.code, 1)
  assert.match(below.out, /weight: expected a norm of at most .* got up to/)
  const lipschitz = await run([model, '--max-lipschitz', '1'])
  assert.is(lipschitz.code, 1)
  assert.match(lipschitz.out, 'no graph in the file')
})

test('methods stand beside the enclosure with their ratio to it', async () => {
  const { models } = await report([model, '--method', 'frobenius,power', '--input-size', '8', '--layers', '?.weight*'])
  assert.equal(models[0].layers, [])
  const convolutions = await report([model, '--method', 'frobenius,power', '--input-size', '8', '--layers', 'a*'])
  for (const layer of convolutions.models[0].layers) {
    const [frobenius, power] = layer.claims
    assert.is(frobenius.kind, 'upper')
    assert.ok(frobenius.ratio! >= 1 - 1e-9)
    assert.is(power.kind, 'lower')
    assert.ok(power.ratio! <= 1 + 1e-9 && power.ratio! > 0)
  }
  const { out } = await run([model, '--method', 'frobenius'])
  assert.match(out.split('\n')[0], 'frobenius')
  assert.match(out, /≤ [\d.]+ {2}[\d.]+×/)
})

test('layers are chosen by pattern', async () => {
  const names = async (pattern: string) => (await report([model, '--layers', pattern])).models[0].layers.map(layer => layer.name)
  assert.equal(await names('*.weight'), ['a.weight', 'b.weight', 'fc.weight'])
  assert.equal(await names('b.weight'), ['b.weight'])
  assert.equal(await names('*c*'), ['fc.weight'])
  assert.equal(await names('weight'), [])
})

test('folding multiplies the batch norm into its layer', async () => {
  const gamma = Float32Array.of(2, -4, 0.5, 1)
  const variance = Float32Array.of(1, 4, 0.25, 1)
  const kernel = new Float32Array(16)
  for (let i = 0; i < 4; i++) kernel[5 * i] = 1
  const path = put(
    place,
    'bn.safetensors',
    safetensors({
      'conv1.weight': { shape: [4, 4, 1, 1], data: kernel },
      'bn1.weight': { shape: [4], data: gamma },
      'bn1.bias': { shape: [4] },
      'bn1.running_mean': { shape: [4] },
      'bn1.running_var': { shape: [4], data: variance },
    }),
  )
  const plain = (await report([path])).models[0]
  assert.ok(Math.abs(plain.layers[0].enclosure!.upper! - 1) < 1e-5)
  assert.is(plain.batchNorms, 1)
  const { folded, enclosure } = (await report([path, '--fold'])).models[0].layers[0]
  assert.is(folded, 'bn1')
  // The largest |γ|/√(v + ε) of the four channels, with PyTorch's ε.
  const truth = Math.max(...Array.from(gamma, (g, i) => Math.abs(g) / Math.sqrt(variance[i] + 1e-5)))
  assert.ok(enclosure!.lower! <= truth && truth <= enclosure!.upper!, `${enclosure!.lower} ${truth} ${enclosure!.upper}`)
})

test('CSV has one row per layer and method, quoted where it must be', async () => {
  const odd = put(place, 'odd,"name".safetensors', safetensors({ 'a.weight': { shape: [2, 2, 3, 3] } }))
  const { out } = await run([odd, '--format', 'csv', '--method', 'frobenius'])
  const rows = out.trimEnd().split('\r\n')
  assert.is(rows.length, 3)
  assert.ok(rows[1].startsWith(`"${odd.replaceAll('"', '""')}",a.weight,conv,2x2x3x3,1x1,`))
  const fields = rows[0].split(',').length
  for (const row of rows) assert.is(row.replace(/"(?:[^"]|"")*"/g, '').split(',').length, fields)
})

test('a name that a spreadsheet would take for a formula is text in CSV; numbers stay numbers', async () => {
  const names = ['=1+1.weight', '@SUM(A1).weight', '-1+2.weight', '+1;=2.weight', '\t=1.weight', '\r=1.weight', '1=1.weight']
  const tensors = Object.fromEntries(names.map(name => [name, { shape: [1, 1, 1], data: Float32Array.of(1e-9) }]))
  const { out } = await run([put(place, 'sly.safetensors', safetensors(tensors)), '-f', 'csv'])
  const cells = out.replaceAll('\r\n', '\n').match(/"(?:[^"]|"")*"|[^,\n]*/g)!
  for (const name of names.slice(0, -1)) {
    assert.ok(cells.includes(`'${name}`) || cells.includes(`"'${name}"`), name)
    assert.not(cells.includes(name) || cells.includes(`"${name}"`), name)
  }
  assert.ok(cells.includes('1=1.weight'))
  const numeric = cells.filter(cell => /^'?-?[\d.]+(e[-+]\d+)?$/.test(cell))
  assert.ok(numeric.length > 4 * names.length && numeric.every(cell => !cell.startsWith("'")))
})

test('Markdown keeps names in their cells', async () => {
  const odd = put(place, 'md.safetensors', safetensors({ 'a|b<i>.weight': { shape: [2, 2, 3, 3] } }))
  const { out } = await run([odd, '-f', 'markdown'])
  assert.match(out, 'a\\|b\\<i\\>.weight')
  assert.is(out.split('\n').filter(line => line.startsWith('|')).length, 3)
})

test('colour only on a terminal, and never with NO_COLOR', async () => {
  const coloured = async (settings: object) => (await run([model, '-q', '--max-norm', '1e-3'], settings)).out.includes('\u001b[')
  assert.not(await coloured({}))
  assert.ok(await coloured({ tty: true, env: { TERM: 'xterm' } }))
  assert.not(await coloured({ tty: true, env: { TERM: 'xterm', NO_COLOR: '1' } }))
  assert.not(await coloured({ tty: true, env: { TERM: 'dumb' } }))
  assert.ok(await coloured({ env: { FORCE_COLOR: '1' } }))
})

test('control characters of a name do not reach the terminal', async () => {
  const sly = put(place, 'sly.safetensors', safetensors({ '\u001b[31mred\n.weight': { shape: [2, 2, 3, 3] } }))
  const { out } = await run([sly])
  assert.not(out.includes('\u001b'))
  assert.ok(out.includes('\\x1b[31mred\\x0a.weight'), out)
})

test('reports go to files, findings to standard error', async () => {
  const target = `${place}/out.json`
  const { code, out, err } = await run([model, '--json', '-o', target, '--max-norm', '1e-3'])
  assert.is(code, 1)
  assert.is(out, '')
  assert.match(err, 'expected a norm of at most 0.001')
  assert.is(JSON.parse(readFileSync(target, 'utf8')).models.length, 1)
})

test('quiet leaves the findings', async () => {
  assert.is((await run([model, '-q'])).out, '')
  assert.match((await run([model, '-q', '--max-norm', '1e-3'])).out, 'a.weight')
})

test('an interrupted audit reports what it has, says so, and leaves with 130', async () => {
  const interrupt = new AbortController()
  interrupt.abort()
  const { code, out } = await run([model, '--json'], { signal: interrupt.signal })
  assert.is(code, 130)
  assert.is(JSON.parse(out).partial, true)
})

const resnet = new URL('../../../shared/models/resnet20.safetensors', import.meta.url).pathname
if (existsSync(resnet)) {
  test('resnet20: 19 convolutions, the known norms', async () => {
    const { models } = await report([resnet])
    const convolutions = models[0].layers.filter(layer => layer.op === 'conv')
    assert.is(convolutions.length, 19)
    for (const { enclosure } of convolutions) assert.ok(enclosure!.gap! <= 1e-6)
    for (const [name, norm] of [
      ['module.conv1.weight', 10.6909918],
      ['module.layer3.2.conv2.weight', 8.4336583],
    ] as const) {
      const { lower, upper } = convolutions.find(layer => layer.name === name)!.enclosure!
      // The known values are themselves good to 1e-7 of the norm.
      assert.ok(lower! <= norm * (1 + 1e-7) && norm * (1 - 1e-7) <= upper!, `${name}: ${lower} … ${upper}`)
    }
  })
} else console.log('skip resnet20: ../shared/models is not here')

test.run()
