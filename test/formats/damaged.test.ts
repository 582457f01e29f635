import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, dense } from '../../src/conv.ts'
import { OpnormError } from '../../src/errors.ts'
import { companions, type Model, readModel } from '../../src/formats/index.ts'
import { toTensor } from '../../src/tensor.ts'
import { bases } from './bases.ts'
import type { Damaged } from './damaged.ts'
import { hostile } from './hostile.ts'

// What they cost, and what becomes of the other files of a call: test/cli/damaged.test.ts.
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

for (const [what, files] of Object.entries(hostile()))
  test(`${what}: refused by the reader`, () => assert.is(outcome({ what, files })?.code, 'file'))

test.run()
