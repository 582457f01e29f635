/** Hermitian tridiagonalisation, 16·n³/3 operations a matrix; then the largest eigenvalue. */
import { borrow } from '../../src/runtime/arena.ts'
import { best, pairsFor, rate, time, uniform } from '../frame.ts'

for (const n of [8, 16, 32, 64, 128, 256, 512]) {
  const pairs = pairsFor(n)
  const { copy, reduce, eigenvalue } = borrow(arena => {
    const source = uniform(pairs * n * n * 4)
    for (let i = 0; i < source.length; i++) source[i] *= 0.1
    for (let g = 0; g < pairs; g++)
      for (let j = 0; j < n; j++) source.fill(0.25 * Math.sqrt(n), ((g * n + j) * n + j) * 4, ((g * n + j) * n + j) * 4 + 2)
    const from = arena.put(source)
    const to = arena.alloc(source.byteLength)
    const de = arena.alloc(pairs * n * 32)
    const w = arena.alloc(2 * n * 32)
    const out = arena.alloc(pairs * 16)
    const view = arena.f64(0, (to + source.byteLength) / 8)
    return {
      copy: () => view.copyWithin(to / 8, from / 8, from / 8 + source.length),
      reduce: () => arena.routines.tridiagonal(pairs, n, to, de, w),
      eigenvalue: () => arena.routines.largestEigenvalue(pairs, n, de, out),
    }
  })
  // The reduction destroys its input; the copy that restores it is a few per cent and counted.
  await rate('tridiagonal', n, (32 * pairs * n ** 3) / 3, () => {
    copy()
    reduce()
  })
  console.log(`${'largestEigenvalue'.padEnd(28)} ${String(n).padStart(9)}  ${time(best(eigenvalue) / (2 * pairs))} a matrix`)
}
