import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as opnorm from '../../src/index.ts'
import { digests } from './digests.ts'
import { realKernels } from './real.ts'

const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8'))
const notMethods = [
  'OpnormError',
  'SLOPES',
  'conv',
  'dense',
  'backend',
  'init',
  'gapOf',
  'activation',
  'batchNorm',
  'globalAveragePool',
]

test('every value, both ends and the gradient of every method have the bits on record', async () => {
  assert.equal(await digests(opnorm, realKernels()), golden)
})

test('every public method is on record', () => {
  const spoken = Object.keys(golden).join()
  const inside: Record<string, string> = {
    apply: 'apply',
    adjoint: 'apply',
    certifiedRadius: 'curvature',
    maxPool: 'pooling',
    averagePool: 'pooling',
  }
  for (const name of ['sequential', 'residual', 'parallel', 'concat']) inside[name] = 'composition'
  for (const name of Object.keys(opnorm)) if (!notMethods.includes(name)) assert.ok(spoken.includes(inside[name] ?? name), name)
})

test.run()
