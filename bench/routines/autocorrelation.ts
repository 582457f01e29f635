/** C += AᵀB of real column-major planes, 2·m·n² operations: taps of the Gram symbol, Gram matrices of unfoldings. */
import { borrow } from '../../src/runtime/arena.ts'
import { rate, uniform } from '../frame.ts'

for (const n of [8, 16, 32, 64, 128, 256, 512]) {
  const work = borrow(arena => {
    const a = arena.put(uniform(n * n))
    const b = arena.put(uniform(n * n, 2))
    const c = arena.alloc(n * n * 8)
    return () => arena.routines.autocorrelate(n, n, a, b, c)
  })
  await rate('autocorrelate', n, 2 * n ** 3, work)
}
