import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv, OpnormError } from '../../src/index.ts'
import { borrow } from '../../src/runtime/arena.ts'
import { withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { inMemory } from '../../src/torus/search.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'

const layer = conv({ data: Array.from({ length: 36 }, (_, i) => ((i * 7) % 11) - 5), shape: [2, 2, 3, 3] })

test('a search that finds no more memory says so, and the next one is none the worse', () => {
  const before = spectralNorm(layer)
  withGramSymbol(symbolEverySize(layer), 0, gram =>
    borrow(arena => {
      const { openSearch, searchRound } = arena.routines
      const problem = arena.put([1e-6, 1e6, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 48, 48, 1, 1, 1, 0])
      // a few bytes below the end of what 32 bits can address
      openSearch(gram.record, problem, 2 ** 32 - 256)
      const failed = () => inMemory(arena, () => void searchRound())
      assert.throws(
        failed,
        (error: unknown) => error instanceof OpnormError && error.code === 'memory' && /wider gap/.test(error.message),
      )
    }),
  )
  assert.equal(spectralNorm(layer), before)
})

test('other failures of the module are not taken for it', () => {
  borrow(arena => {
    // a record that points beyond the memory there is
    const broken = arena.alloc(88)
    arena.i32(broken, 22).fill(2 ** 31 - 1)
    arena.i32(broken, 3).set([1, 1, 1])
    arena.routines.openSearch(broken, arena.put(new Float64Array(18).fill(1)), arena.alloc(0))
    const failed = () => inMemory(arena, () => void arena.routines.searchRound())
    assert.throws(failed, (error: unknown) => !(error instanceof OpnormError))
  })
})

test.run()
