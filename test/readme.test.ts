import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { folder } from './cli/terminal.ts'

/** Every JavaScript example of the README runs, and prints what its comments say. */
const root = new URL('..', import.meta.url)
const blocks = [...readFileSync(new URL('README.md', root), 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].map(match => match[1])

test('there are examples', () => assert.ok(blocks.length >= 3))

for (const [i, block] of blocks.entries()) {
  test(`example ${i + 1} is true`, async () => {
    const promised = [...block.matchAll(/^console\.log\(.*\) *\/\/ (.*)$/gm)].map(match => match[1])
    const source = block.replace(
      /from 'opnorm(\/audit)?'/g,
      (_, entry) => `from '${new URL(entry ? 'src/audit.ts' : 'src/index.ts', root)}'`,
    )
    const file = `${folder()}/example.mts`
    writeFileSync(file, source)
    const said: string[] = []
    const log = console.log
    console.log = (...words: unknown[]) => void said.push(words.join(' '))
    try {
      await import(file)
    } finally {
      console.log = log
    }
    assert.ok(promised.length > 0)
    assert.equal(said, promised)
  })
}

test.run()
