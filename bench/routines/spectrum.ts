/** Bidiagonalisation, 32·n³/3 operations a complex matrix; then all singular values of the bidiagonals; and the complete decomposition. */
import { borrow } from '../../src/runtime/arena.ts'
import { best, pairsFor, rate, time, uniform } from '../frame.ts'

for (const n of [4, 8, 16, 32, 64, 128, 256, 512]) {
  const pairs = pairsFor(n)
  const { bidiagonal, values, svd } = borrow(arena => {
    const source = uniform(pairs * n * n * 4)
    const from = arena.put(source)
    const a = arena.alloc(source.byteLength)
    const de = arena.alloc(pairs * n * 32)
    const sigma = arena.alloc(pairs * n * 16)
    const u = arena.alloc(source.byteLength)
    const v = arena.alloc(source.byteLength)
    const w = arena.alloc(48 * n * n + 496 * n + 256)
    const view = arena.f64(0, w / 8)
    // The reduction destroys its input; the copy that restores it is a few per cent and counted.
    const copy = () => view.copyWithin(a / 8, from / 8, from / 8 + source.length)
    return {
      bidiagonal: () => {
        copy()
        arena.routines.bidiagonal(pairs, n, n, a, de, w)
      },
      values: () => arena.routines.singularValues(pairs, n, de, sigma, w),
      svd: () => {
        copy()
        arena.routines.svd(pairs, n, n, a, u, sigma, v, w)
      },
    }
  })
  const each = (name: string, work: () => void) =>
    console.log(`${name.padEnd(28)} ${String(n).padStart(9)}  ${time(best(work) / (2 * pairs))} a matrix`)
  await rate('bidiagonal', n, (64 * pairs * n ** 3) / 3, bidiagonal)
  each('singularValues', values)
  if (n <= 128) each('svd', svd)
}
