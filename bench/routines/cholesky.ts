/** The test of t·I − G that passes (no early exit): 4·n³/3 operations a matrix, in double and in single precision. */
import { borrow } from '../../src/runtime/arena.ts'
import { pairsFor, rate, uniform } from '../frame.ts'

for (const name of ['cholesky', 'choleskySingle'] as const) {
  for (const n of [8, 16, 32, 64, 128, 256, 512]) {
    const pairs = pairsFor(n)
    const lanes = name === 'cholesky' ? 2 : 4
    const work = borrow(arena => {
      const g = arena.alloc(pairs * n * n * 32)
      const level = arena.alloc(pairs * 16)
      if (lanes === 2) {
        arena.f64(g, pairs * n * n * 4).set(uniform(pairs * n * n * 4))
        arena.f64(level, 2 * pairs).fill(4 * n)
      } else {
        arena.f32(g, pairs * n * n * 8).set(uniform(pairs * n * n * 8))
        arena.f32(level, 4 * pairs).fill(4 * n)
      }
      const w = arena.alloc(n * n * 32)
      const out = arena.alloc(pairs * 16)
      return () => arena.routines[name](pairs, n, g, level, w, out)
    })
    await rate(name, n, (4 * lanes * pairs * n * n * n) / 3, work)
  }
}
