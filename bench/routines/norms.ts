/**
 * σ₁ alone, and all singular values, of batches of random complex matrices, beside NumPy's svdvals in the same run.
 *
 * Only what follows the symbol is timed: Gram matrix, tridiagonalisation, largest eigenvalue; bidiagonalisation and dqds.
 */
import { spawnSync } from 'node:child_process'
import { borrow } from '../../src/runtime/arena.ts'
import { best, pairsFor, time, uniform } from '../frame.ts'

const NUMPY = `
import sys, time, numpy as np
n, count = int(sys.argv[1]), int(sys.argv[2])
a = np.random.default_rng(0).standard_normal((count, n, n)) + 1j*np.random.default_rng(1).standard_normal((count, n, n))
least = 1e9
stop = time.perf_counter() + 0.5
while time.perf_counter() < stop:
    t = time.perf_counter(); np.linalg.svd(a, compute_uv=False); least = min(least, time.perf_counter() - t)
print(least/count)
`

function numpy(n: number, count: number): number {
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }
  const { stdout } = spawnSync('/usr/bin/python3', ['-c', NUMPY, `${n}`, `${count}`], { env, encoding: 'utf8' })
  return Number(stdout || Number.NaN)
}

console.log('a matrix      σ₁ only    all values   NumPy svdvals   σ₁ only ×   all ×')
for (const n of [8, 16, 32, 64, 128, 256]) {
  const pairs = pairsFor(n)
  const [norm, all] = borrow(arena => {
    const source = arena.put(uniform(pairs * n * n * 4))
    const a = arena.alloc(pairs * n * n * 32)
    const g = arena.alloc(pairs * n * n * 32)
    const de = arena.alloc(pairs * n * 32)
    const w = arena.alloc(Math.max(4 * n * 32, 224 * n + 512))
    const out = arena.alloc(pairs * n * 16)
    const view = arena.f64(0, arena.alloc(16) / 8)
    const { gram, tridiagonal, largestEigenvalue, bidiagonal, singularValues } = arena.routines
    return [
      () => {
        gram(pairs, n, n, source, g)
        tridiagonal(pairs, n, g, de, w)
        largestEigenvalue(pairs, n, de, out)
      },
      () => {
        view.copyWithin(a / 8, source / 8, source / 8 + pairs * n * n * 4)
        bidiagonal(pairs, n, n, a, de, w)
        singularValues(pairs, n, de, out, w)
      },
    ].map(work => best(work, 0.3) / (2 * pairs))
  })
  const reference = numpy(n, Math.min(64, 2 * pairs))
  const times = [norm, all, reference].map(time).join('    ')
  console.log(`${String(n).padStart(8)}  ${times}      ${(reference / norm).toFixed(2)}        ${(reference / all).toFixed(2)}`)
}
