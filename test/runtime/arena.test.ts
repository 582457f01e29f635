import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { borrow } from '../../src/runtime/arena.ts'
import { backend } from '../../src/runtime/instance.ts'

test('the module runs, and it is WebAssembly', () => {
  assert.is(backend().kind, 'wasm')
  assert.ok(backend().memory >= 64 * 65536)
})

test('memory is a stack: what was borrowed is given back, also after a throw', () => {
  const first = borrow(arena => arena.alloc(100))
  assert.throws(() =>
    borrow(arena => {
      arena.alloc(1000)
      throw new Error('stop')
    }),
  )
  borrow(arena => {
    const outer = arena.alloc(8)
    assert.is(outer, first)
    assert.is(outer % 16, 0)
    const inner = borrow(nested => nested.alloc(8))
    assert.is(inner, outer + 16)
    assert.is(arena.alloc(8), inner)
  })
})

test('it grows when asked for more, and refuses more than there is', () => {
  borrow(arena => {
    const at = arena.alloc(32 * 2 ** 20)
    arena.f64(at, 4 * 2 ** 20).fill(1)
    assert.throws(() => arena.alloc(2 ** 33), /^memory: expected room for 8192 MB more, got/)
  })
})

test('turns: exact at the axes, within 2⁻⁵² elsewhere', () => {
  const n = 360360
  borrow(arena => {
    const whole = Float64Array.from({ length: 4000 }, (_, i) => (i * 7919 - 3960 * 4000) | 0)
    whole.set([0, n / 4, n / 2, (3 * n) / 4, n, -n, -n / 4, 5 * n + n / 2])
    const at = arena.put(whole)
    const out = arena.alloc(whole.length * 16)
    arena.routines.turns(whole.length, n, at, out)
    const got = arena.f64(out, 2 * whole.length)
    assert.equal(
      Array.from(got.subarray(0, 16), x => x + 0),
      [1, 0, 0, 1, -1, 0, 0, -1, 1, 0, 1, 0, 0, -1, -1, 0],
    )
    for (let i = 0; i < whole.length; i++) {
      const turn = ((whole[i] % n) + n) % n
      assert.ok(Math.abs(got[2 * i] - Math.cos((2 * Math.PI * turn) / n)) < 2e-15, `cos of ${turn}/${n}`)
      assert.ok(Math.abs(got[2 * i + 1] - Math.sin((2 * Math.PI * turn) / n)) < 2e-15, `sin of ${turn}/${n}`)
    }
  })
})

test.run()
