import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { OpnormError } from '../../src/index.ts'
import { absent, type Case, loadCases, present } from './cases.ts'
import { checks, layerOf, subjectOf } from './checks.ts'

/** Reference material that no method answers: it says how other keys were made. */
const explained = ['vjp', 'topMultiplicity']

if (!present) {
  console.log(absent)
  test.skip(absent, () => {})
} else {
  const cases = loadCases().filter(entry => entry.type !== 'curvature')
  for (const entry of cases) test(`${entry.id}: ${entry.what}`, () => verify(entry))

  test('every expect key has a check', () => {
    const keys = new Set(cases.flatMap(entry => Object.keys(entry.expect)).filter(key => key !== 'error'))
    const open = [...keys].filter(key => !(key in checks) && !explained.includes(key))
    assert.equal(open, [], `unchecked keys: ${open.join(', ')}`)
  })
}

function verify(entry: Case): void {
  if (entry.expect.error) {
    refuses(entry)
    return
  }
  const subject = subjectOf(entry)
  const wrong: string[] = []
  for (const key of Object.keys(entry.expect)) {
    const started = performance.now()
    const why = checks[key]?.(subject)
    if (why) wrong.push(`${key}: ${why}`)
    if (process.env.TIMES && performance.now() - started > 300)
      console.log(entry.id, key, Math.round(performance.now() - started))
  }
  assert.equal(wrong, [])
}

/** Bad cases: one sentence, and the first bad entry named. */
function refuses(entry: Case): void {
  const { kind, multiIndex } = entry.expect.error
  try {
    layerOf(entry)
  } catch (error) {
    assert.instance(error, OpnormError)
    const { code, message } = error as OpnormError
    assert.is(code, kind)
    assert.match(message, /^.+: expected .+, got .+\. .+/)
    if (multiIndex) assert.ok(message.includes(`[${multiIndex.join(', ')}]`), message)
    return
  }
  assert.unreachable('it was accepted')
}

test.run()
