/**
 * C += AᵀB of real column-major planes, 2·m·n² operations, and AᵀA, half of them: taps of the Gram symbol, Gram matrices of unfoldings.
 * Then G(θ) from its taps, 4 operations for each of them and each entry of a triangle.
 */
import { borrow } from '../../src/runtime/arena.ts'
import { packedBytes, planesBytes, tileSide } from '../../src/runtime/gram-taps.ts'
import { pairsFor, rate, uniform } from '../frame.ts'

const SIDES = [8, 16, 32, 64, 128, 256, 512]

for (const n of SIDES) {
  const [pack, product, square] = borrow(arena => {
    const { pack, autocorrelate } = arena.routines
    const from = arena.put(uniform(n * n))
    const [a, b] = [arena.alloc(packedBytes(n, n)), arena.alloc(packedBytes(n, n))]
    const c = arena.alloc(tileSide(n) ** 2 * 8)
    pack(n, n, from, b)
    return [() => pack(n, n, from, a), () => autocorrelate(n, n, a, b, c), () => autocorrelate(n, n, a, a, c)]
  })
  await rate('autocorrelate', n, 2 * n ** 3, product)
  await rate('autocorrelate, packing', n, 2 * n ** 3, () => {
    pack()
    product()
  })
  await rate('autocorrelate, AᵀA', n, n * n * (n + 1), square)
}

const taps = 12
for (const n of SIDES) {
  for (const pairs of [1, Math.max(2, pairsFor(n))]) {
    const work = borrow(arena => {
      const planes = arena.alloc(planesBytes(n, taps))
      const phase = arena.put(uniform(pairs * taps * 4, 2))
      const g = arena.alloc(pairs * n * n * 32)
      return () => arena.routines.hermitianSymbol(pairs, n, taps, planes, phase, g)
    })
    await rate(pairs === 1 ? 'hermitianSymbol, one pair' : 'hermitianSymbol', n, pairs * 4 * taps * n * (n + 1), work)
  }
}
