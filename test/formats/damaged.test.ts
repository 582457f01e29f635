import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { companions, type Model, readModel } from '../../src/formats/index.ts'
import { toTensor } from '../../src/tensor.ts'
import { bases } from './bases.ts'
import { type Damaged, damagedFiles } from './damaged.ts'
import { hostile } from './hostile.ts'

/** Time of this process, so that what else runs on the machine does not count. */
function milliseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

// What one file costs is asked for, not what the collector leaves lying about between files.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const SENTENCE = /^.+: expected .+, got .+\. .+/s

/** Reads a file and everything it offers, as an audit would; gives the error there is. */
function outcome({ what, files }: Damaged): OpnormError | undefined {
  try {
    companions(files[0])
    use(readModel(files))
    return undefined
  } catch (error) {
    assert.instance(error, OpnormError, `${what}: ${error}`)
    assert.match((error as Error).message, SENTENCE, what)
    return error as OpnormError
  }
}

function use({ layers, batchNorms }: Model): void {
  const attempt = (make: () => void) => {
    try {
      make()
    } catch (error) {
      assert.instance(error, OpnormError, String(error))
    }
  }
  for (const { op, kernel, geometry } of layers) attempt(() => (op === 'conv' ? conv(kernel, geometry) : dense(kernel)))
  for (const { mean, variance } of batchNorms) for (const vector of [mean, variance]) attempt(() => toTensor(vector))
}

test('the files they are made from are sound', () => {
  for (const [what, files] of Object.entries(bases())) {
    assert.is(outcome({ what, files }), undefined, what)
    assert.ok(readModel(files).layers.length > 0, what)
  }
})

test('files made to break a reader, and sound ones damaged: each one clear error, quickly', () => {
  const made = new Set(Object.keys(hostile()))
  assert.ok(made.size >= 80)
  let count = 0
  let refused = 0
  for (const damaged of damagedFiles()) {
    const { what } = damaged
    const started = process.cpuUsage()
    const error = outcome(damaged)
    const spent = milliseconds(started)
    assert.ok(spent < 2000, `${what}: ${spent.toFixed(0)} ms`)
    if (error) refused++
    if (made.has(what)) assert.is(error?.code, 'file', what)
    if (++count % 25 === 0) collectGarbage()
  }
  console.log(`${count} damaged files, ${refused} refused`)
  assert.ok(count >= 300)
  assert.ok(refused > count / 2)
})

test('memory stays below 512 MB', () => {
  const { maxRSS } = process.resourceUsage()
  console.log(`peak ${(maxRSS / 1024).toFixed(0)} MB`)
  assert.ok(maxRSS / 1024 < 512)
})

test.run()
