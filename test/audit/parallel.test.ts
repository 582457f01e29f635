import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { audit, type Step } from '../../src/audit/audit.ts'
import { auditParallel } from '../../src/audit/parallel.ts'
import type { AuditWorker } from '../../src/audit/thread.ts'
import { OpnormError } from '../../src/errors.ts'
import { readModel } from '../../src/formats/index.ts'
import { folder, numbers, put, safetensors } from '../cli/terminal.ts'

// A worker as it is shipped: bundled JavaScript.
const place = folder()
const script = `${place}/worker.mjs`
await build({
  entryPoints: [fileURLToPath(new URL('../../src/audit/worker.ts', import.meta.url))],
  outfile: script,
  bundle: true,
  format: 'esm',
})
let started = 0
const starts = (path: string) => () => {
  started++
  return new Worker(path, { execArgv: [] })
}
const worker = starts(script)

const tensors = Object.fromEntries(
  Array.from({ length: 6 }, (_, i) => [`l${i}.weight`, { shape: [6, 2 + i, 3, 3], data: numbers(54 * (2 + i), i + 1) }]),
)
const bytes = safetensors({
  ...tensors,
  'l0.bn.weight': { shape: [6], data: numbers(6, 7) },
  'l0.bn.bias': { shape: [6] },
  'l0.bn.running_mean': { shape: [6] },
  'l0.bn.running_var': { shape: [6], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
})
const model = readModel({ name: 'm.safetensors', bytes })
const goal = { gap: 1e-3, fold: true, methods: ['f4', 'gram'], pictures: true }

const timeless = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, held) => (key === 'ms' ? 0 : held)))

/** What a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  return undefined
}

/** A worker that enlists, and then does `what` with its first layer; without `what`, it is the true one from then on. */
function bad(name: string, what: string): string {
  return put(
    place,
    `${name}.mjs`,
    `import { parentPort } from 'node:worker_threads'
     parentPort.on('message', message => {
       if (!('module' in message)) { ${what} }
     })
     parentPort.postMessage({ present: '' })`,
  )
}

test('one worker, three, this thread: the report of audit, to the bit', async () => {
  const wanted = timeless(audit(model, goal))
  for (const workers of [0, 1, 3])
    assert.equal(timeless(await auditParallel(model, goal, { workers, worker })), wanted, `${workers}`)
})

test('small models need no workers, and no more are started than there are layers', async () => {
  started = 0
  await auditParallel(model, goal, { worker })
  assert.is(started, 0)
  await auditParallel(model, { layers: 'l[01]*' }, { workers: 5, worker })
  assert.is(started, 0)
  await auditParallel(model, { layers: 'l1*' }, { workers: 5, worker })
  assert.is(started, 1)
})

test('every step is a valid report, in the order of the model', async () => {
  const steps: Step[] = []
  const report = await auditParallel(model, goal, { workers: 2, worker, onStep: step => steps.push(step) })
  assert.equal(
    steps.map(({ done, total, report }) => [done, total, report.partial]),
    [...[1, 2, 3, 4, 5, 6].map(done => [done, 6, true]), [6, 6, false]],
  )
  for (const step of steps) {
    const places = step.report.models[0].layers.map(layer => layer.index)
    assert.equal(
      places,
      [...places].sort((a, b) => a - b),
    )
  }
  assert.is(steps.at(-1)!.report, report)
})

test('the model is whole after an audit: what is sent to workers is a copy', async () => {
  const before = bytes.slice()
  await auditParallel(model, goal, { workers: 2, worker })
  assert.equal(bytes, before)
})

for (const [name, what, sentence] of [
  ['exits', 'process.exit(7)', 'ended with code 7'],
  ['throws', 'throw new RangeError("no room")', 'no room'],
]) {
  test(`a layer whose worker ${name} gets another one, once, and the audit is whole`, async () => {
    const dies = bad(name, what)
    let first = true
    const once = () => {
      const path = first ? dies : script
      first = false
      return new Worker(path, { execArgv: [] })
    }
    assert.equal(timeless(await auditParallel(model, goal, { workers: 2, worker: once })), timeless(audit(model, goal)))
  })

  test(`a layer whose workers both ${name.replace(/s$/, '')} is reported, the others are audited`, async () => {
    const fatal = put(
      place,
      `fatal-${name}.mjs`,
      `import { parentPort } from 'node:worker_threads'
       const { on } = parentPort
       const before = message => { if (message.name === 'l2.weight') { ${what} } }
       parentPort.on = (type, listener) => on.call(parentPort, type, message => (before(message), listener(message)))
       await import(${JSON.stringify(script)})`,
    )
    started = 0
    const report = await auditParallel(model, goal, { workers: 2, worker: starts(fatal) })
    const { layers } = report.models[0]
    assert.equal(
      layers.map(({ enclosure }) => enclosure !== null),
      [true, true, false, true, true, true],
    )
    assert.match(layers[2].error!.message, sentence)
    assert.equal(
      report.findings.map(({ what, layer }) => [what, layer]),
      [['no-bound', 'l2.weight']],
    )
    assert.ok(started <= 4, `${started} workers`)
  })
}

test('an aborted audit is rejected with the reason, in the middle of a layer too', async () => {
  const hangs = bad('hangs', 'for (;;) ;')
  const abort = new AbortController()
  const found = rejection(auditParallel(model, goal, { workers: 2, worker: starts(hangs), signal: abort.signal }))
  setTimeout(() => abort.abort('enough'), 300)
  assert.is(await found, 'enough')
  assert.is(await rejection(auditParallel(model, goal, { workers: 0, signal: AbortSignal.abort('before') })), 'before')
})

test('abort in this thread is heard between two layers, and what was done is known', async () => {
  const abort = new AbortController()
  const steps: Step[] = []
  const onStep = (step: Step) => {
    steps.push(step)
    if (step.done === 2) abort.abort()
  }
  const reason = await rejection(auditParallel(model, goal, { workers: 0, signal: abort.signal, onStep }))
  assert.is((reason as Error).name, 'AbortError')
  assert.is(steps.at(-1)!.report.models[0].layers.length, 2)
  assert.is(steps.at(-1)!.report.partial, true)
})

test('a script that does not start is an error that says what to do', async () => {
  const broken = put(place, 'broken.mjs', 'throw new Error("broken")')
  const refuses = (): AuditWorker => {
    throw new Error('not allowed')
  }
  for (const [worker, given] of [
    [starts(`${place}/nowhere.mjs`), 'Cannot find module'],
    [starts(broken), 'broken'],
    [refuses, 'not allowed'],
  ] as const) {
    const error = (await rejection(auditParallel(model, goal, { workers: 2, worker }))) as OpnormError
    assert.instance(error, OpnormError)
    assert.is(error.code, 'runtime')
    assert.match(error.message, /^worker: expected opnorm\/audit\/worker to start, got .*Give the option worker/)
    assert.match(error.message, given)
  }
})

test('of two workers one that does not start leaves the work to the other', async () => {
  let first = true
  const lame = () => {
    const path = first ? `${place}/nowhere.mjs` : script
    first = false
    return new Worker(path, { execArgv: [] })
  }
  assert.equal(timeless(await auditParallel(model, goal, { workers: 2, worker: lame })), timeless(audit(model, goal)))
})

test('options that are none are refused', async () => {
  for (const workers of [-1, 1.5, Number.NaN, '2' as unknown as number])
    assert.is(((await rejection(auditParallel(model, goal, { workers }))) as OpnormError).code, 'option')
  assert.is(((await rejection(auditParallel(model, { methods: ['none'] }))) as OpnormError).code, 'option')
})

test.run()
