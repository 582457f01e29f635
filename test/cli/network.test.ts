import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { floats, type NodeSpec, writeOnnx } from '../formats/writers/onnx.ts'
import { folder, numbers, put, report, run } from './terminal.ts'

const place = folder()

function network(name: string, ...nodes: NodeSpec[]): string {
  const first: NodeSpec = { op: 'Conv', inputs: ['x', 'w'], outputs: ['a'], attributes: { pads: [1, 1, 1, 1] } }
  const bytes = writeOnnx({
    nodes: [first, ...nodes],
    initializers: [floats('w', [2, 2, 3, 3], numbers(36))],
    inputs: [{ name: 'x', shape: ['n', 2, 'h', 'w'] }],
    outputs: [{ name: 'y' }],
  })
  return put(place, name, bytes)
}

const residual = network(
  'residual.onnx',
  { op: 'Relu', inputs: ['a'], outputs: ['b'] },
  { op: 'Add', inputs: ['x', 'b'], outputs: ['y'] },
)
const sized = ['--input-shape', '1x2x8x8', '--gap', '1e-4']

test('the certificate and the floor below it stand in every format', async () => {
  const { network, layers } = (await report([residual, ...sized])).models[0]
  const { upper, lower, estimate, nodes } = network!
  assert.ok(upper! > layers[0].enclosure!.lower! && upper! <= 1.01 * (1 + layers[0].enclosure!.upper!))
  assert.ok(lower! > 1 && lower! <= estimate! * (1 + 1e-9) && estimate! <= upper!)
  assert.equal(
    nodes.map(node => node.op),
    ['Conv', 'Relu', 'Add'],
  )
  const sentence = new RegExp(`≤ ${String(upper).slice(0, 3)}.*≥ ${String(lower).slice(0, 3)}.* proven`, 's')
  for (const format of ['table', 'markdown', 'html'])
    assert.match((await run([residual, ...sized, '-f', format])).out, sentence, format)
  const row = (await run([residual, ...sized, '-f', 'csv'])).out.split('\r\n').find(line => line.includes(',network,'))!
  assert.ok(row.includes(`composition,upper,this-size,${upper},${lower},${upper},`), row)
})

test('a limit for the whole network decides the exit code', async () => {
  const { upper } = (await report([residual, ...sized])).models[0].network!
  assert.is((await run([residual, ...sized, '--max-lipschitz', String(upper)])).code, 0)
  const over = await run([residual, ...sized, '--max-lipschitz', String(upper! * 0.999)])
  assert.is(over.code, 1)
  assert.match(over.out, 'expected a certified Lipschitz constant of at most')
})

test('an operator without a bound is named, and there is no number', async () => {
  const squared = network('squared.onnx', { op: 'Mul', inputs: ['a', 'a'], outputs: ['y'], name: 'square' })
  const { code, out } = await run([squared, ...sized, '--max-lipschitz', '1e30'])
  assert.is(code, 1)
  assert.match(out, "network: no certificate: Mul 'square': two computed values are multiplied")
  assert.is((await report([squared, ...sized])).models[0].network!.upper, null)
  const open = await run([residual])
  assert.is(open.code, 0)
  assert.match(open.out, "no certificate: input 'x' has open sides [?, 2, ?, ?]. Give them with inputShapes (--input-shape)")
})

test('a shape that contradicts the graph is said with it, and wrong usage', async () => {
  const { code, out, err } = await run([residual, '--input-shape', '1x3x8x8'])
  assert.is(code, 2)
  assert.match(out, 'expected a shape like [?, 2, ?, ?], got [1, 3, 8, 8]')
  assert.match(err, "residual.onnx: --input-shape: expected a shape like [?, 2, ?, ?] for 'x', got [1, 3, 8, 8]. Fill in")
  assert.is((await run([residual, '--input-shape', 'x=1x2x8'])).code, 2)
})

test('the shape of an input that no network has is wrong usage, and the inputs there are are named', async () => {
  const wrong = ['--input-shape', 'y=1x2x8x8']
  const { code, out, err } = await run([residual, ...wrong])
  assert.is(code, 2)
  assert.match(out, '1 convolution')
  assert.is(err, "opnorm: --input-shape: expected 'x', got 'y'. Use the graph's own names\n")
  // A part sees some of the files only: the name may be of another's.
  assert.is((await run([residual, ...wrong, '--shard', '1/2'])).code, 0)
})

test.run()
