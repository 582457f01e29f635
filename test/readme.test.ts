import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { saidBy } from './said.ts'

/** Every JavaScript example of the README runs, and prints what its comments say. */
const root = new URL('..', import.meta.url)
const blocks = [...readFileSync(new URL('README.md', root), 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].map(match => match[1])

test('there are examples', () => assert.ok(blocks.length >= 3))

for (const [i, block] of blocks.entries()) {
  test(`example ${i + 1} is true`, async () => {
    const promised = [...block.matchAll(/^console\.log\(.*\) *\/\/ (.*)$/gm)].map(match => match[1])
    const said = await saidBy(block)
    assert.ok(promised.length > 0)
    assert.equal(said, promised)
  })
}

test.run()
