/** The test of t·I − G that passes (no early exit): 4·n³/3 operations a matrix, in double precision, in single and in fixed point. */
import { borrow } from '../../src/runtime/arena.ts'
import { pairsFor, rate, uniform } from '../frame.ts'

for (const name of ['cholesky', 'choleskySingle', 'choleskyFixed'] as const) {
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
      const w = arena.alloc(n * n * 32 + 1600 * n + 10000)
      const out = arena.alloc(pairs * 16 + 64)
      if (name !== 'choleskyFixed') return () => arena.routines[name](pairs, n, g, level, w, out)
      return () => {
        for (let k = 0; k < pairs; k++) arena.routines.choleskyFixed(n, g + k * n * n * 32, level + 16 * k, w, out)
      }
    })
    await rate(name, n, (4 * lanes * pairs * n * n * n) / 3, work)
  }
}
