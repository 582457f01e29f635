/** G = AᴴA in pair layout, lower triangle: 4·m·n·(n + 1) operations a matrix. */
import { borrow } from '../../src/runtime/arena.ts'
import { pairsFor, rate, uniform } from '../frame.ts'

for (const n of [8, 16, 32, 64, 128, 256, 512]) {
  const pairs = pairsFor(n)
  const work = borrow(arena => {
    const a = arena.put(uniform(pairs * n * n * 4))
    const g = arena.alloc(pairs * n * n * 32)
    return () => arena.routines.gram(pairs, n, n, a, g)
  })
  await rate('gram', n, 8 * pairs * n * n * (n + 1), work)
}
