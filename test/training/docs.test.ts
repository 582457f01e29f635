import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, normalize, penalty, spectralNorm, tensorNorm } from '../../src/index.ts'

/** The example of docs/training.md prints what its comments say. */
test('the example is true', () => {
  const [, block] = readFileSync('docs/training.md', 'utf8').match(/```js\n([\s\S]*?)```/)!
  const promised = [...block.matchAll(/^console\.log\(.*\) *\/\/ (.*)$/gm)].map(match => match[1])
  const said: string[] = []
  const [, names, body] = block.match(/^import \{ (.*) \} from 'opnorm'\n([\s\S]*)$/)!
  assert.is(names, 'conv, normalize, penalty, spectralNorm, tensorNorm')
  const console = { log: (...words: unknown[]) => said.push(words.join(' ')) }
  new Function(...names.split(', '), 'console', body)(conv, normalize, penalty, spectralNorm, tensorNorm, console)
  assert.ok(promised.length >= 4)
  assert.equal(said, promised)
})

test.run()
