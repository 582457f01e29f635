import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { only } from '../../assembly/only.mjs'
import { textOf } from '../../assembly/text.mjs'
import { text } from '../../src/runtime/generated/wasm.ts'
import { bytesOf } from '../../src/runtime/wasm-text.ts'

const whole = readFileSync(new URL('../../dist/opnorm.wasm', import.meta.url))
const exportsOf = (bytes: Buffer) =>
  new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes))).exports as Record<string, never>

test('a module of some of the routines has these and no others, and is smaller', () => {
  const names = ['memory', 'heapBase', 'dot', 'exp']
  const less = only(whole, names)
  assert.equal(Object.keys(exportsOf(less)).sort(), [...names].sort())
  assert.ok(less.length < whole.length / 10)
  assert.equal([...bytesOf({ ...textOf(less), unpack: text.unpack })], [...less])
})

test('what is left computes what it did, with its tables where they were', () => {
  const [all, some] = [whole, only(whole, ['memory', 'heapBase', 'exp', 'turns'])].map(exportsOf) as unknown as {
    memory: WebAssembly.Memory
    heapBase(): number
    exp(x: number): number
    turns(count: number, n: number, j: number, out: number): void
  }[]
  for (const x of [-700.25, -1, 0, 0.3, 1, 17.5, 709]) assert.is(some.exp(x), all.exp(x))
  assert.is(some.heapBase(), all.heapBase())
  const angles = [all, some].map(({ memory, heapBase, turns }) => {
    const at = (heapBase() + 15) & ~15
    const view = new Float64Array(memory.buffer, at, 24)
    view.set([0, 1, 2, 3, 4, 5, 6, 7])
    turns(8, 7, at, at + 64)
    return [...view]
  })
  assert.equal(angles[0], angles[1])
})

test('a name the module does not have stops the build', () => {
  assert.throws(() => only(whole, ['memory', 'inverse']), /inverse/)
})

test.run()
