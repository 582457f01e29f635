/** The test of t·I − G that passes (no early exit): 4·n³/3 operations a matrix. */
import { borrow } from '../../src/runtime/arena.ts'
import { pairsFor, rate, uniform } from '../frame.ts'

for (const n of [8, 16, 32, 64, 128, 256, 512]) {
  const pairs = pairsFor(n)
  const work = borrow(arena => {
    const g = arena.put(uniform(pairs * n * n * 4))
    const level = arena.put(new Float64Array(2 * pairs).fill(4 * n))
    const w = arena.alloc(n * n * 32)
    const out = arena.alloc(pairs * 16)
    return () => arena.routines.cholesky(pairs, n, g, level, w, out)
  })
  await rate('cholesky', n, (8 * pairs * n * n * n) / 3, work)
}
