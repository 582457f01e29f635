import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { eigenpairs, symmetricEigenpairs } from '../../src/runtime/hermitian.ts'
import { uniform } from '../torus/random-layers.ts'
import { bits, type Complex, SIDES, spectra, withSpectrum, zeros } from '../assembly/pairs.ts'

const interleaved = ({ re, im }: Complex) => Float64Array.from({ length: 2 * re.length }, (_, i) => (i % 2 ? im : re)[i >> 1])

/** max |G v − λ v| and max |vᴴw − δ| over all pairs. */
function errors(g: Complex, values: Float64Array, vectors: readonly Float64Array[]): { residual: number; overlap: number } {
  const n = g.rows
  let [residual, overlap] = [0, 0]
  vectors.forEach((v, k) => {
    for (let i = 0; i < n; i++) {
      let [re, im] = [-values[k] * v[i], -values[k] * v[n + i]]
      for (let j = 0; j < n; j++) {
        re += g.re[j * n + i] * v[j] - g.im[j * n + i] * v[n + j]
        im += g.re[j * n + i] * v[n + j] + g.im[j * n + i] * v[j]
      }
      residual = Math.max(residual, Math.abs(re), Math.abs(im))
    }
    for (let l = 0; l <= k; l++) {
      let [re, im] = [k === l ? -1 : 0, 0]
      for (let i = 0; i < n; i++) {
        re += v[i] * vectors[l][i] + v[n + i] * vectors[l][n + i]
        im += v[i] * vectors[l][n + i] - v[n + i] * vectors[l][i]
      }
      overlap = Math.max(overlap, Math.abs(re), Math.abs(im))
    }
  })
  return { residual, overlap }
}

test('the top ten, or all of a small matrix: values, residuals and orthogonality', () => {
  for (const n of SIDES) {
    for (const [i, { name, values }] of spectra(n).entries()) {
      const g = withSpectrum(values, 3 * n + i)
      const count = n <= 33 ? n : 10
      const got = eigenpairs(interleaved(g), n, count)
      for (let k = 0; k < count; k++) {
        assert.ok(
          Math.abs(got.values[k] - values[k]) < 1e-15 * (8 + n),
          `${name}, n = ${n}: λ_${k} = ${got.values[k]} for ${values[k]}`,
        )
      }
      const { residual, overlap } = errors(g, got.values, got.vectors)
      assert.ok(residual < 1e-15 * (8 + n), `${name}, n = ${n}: residual ${residual}`)
      assert.ok(overlap < 1e-14, `${name}, n = ${n}: overlap ${overlap}`)
    }
  }
})

test('diagonal, zero and negative matrices', () => {
  const g = zeros(4, 4)
  for (const [i, x] of [-2, 3, 3, -1].entries()) g.re[i * 5] = x
  const { values, vectors } = eigenpairs(interleaved(g), 4, 4)
  assert.ok([3, 3, -1, -2].every((x, i) => Math.abs(values[i] - x) < 1e-15))
  assert.ok(errors(g, values, vectors).residual < 1e-14)
  const nothing = eigenpairs(interleaved(zeros(3, 3)), 3, 3)
  assert.ok(nothing.values.every(x => Math.abs(x) < 1e-300))
  assert.ok(errors(zeros(3, 3), nothing.values, nothing.vectors).overlap < 1e-15)
})

test('graded matrices, whose columns are up to 280 orders apart', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = uniform(seed)
    const n = 2 + (seed % 7)
    const scales = Array.from({ length: n }, () => 10 ** (-140 * next()))
    scales[seed % n] = 1
    const g = zeros(n, n)
    for (let j = 0; j < n; j++)
      for (let i = j; i < n; i++) {
        g.re[j * n + i] = g.re[i * n + j] = (next() - 0.5) * scales[i] * scales[j]
        g.im[j * n + i] = i === j ? 0 : (next() - 0.5) * scales[i] * scales[j]
        g.im[i * n + j] = -g.im[j * n + i]
      }
    const { values, vectors } = eigenpairs(interleaved(g), n, n)
    const { residual, overlap } = errors(g, values, vectors)
    assert.ok(residual < 1e-14 && overlap < 1e-13, `seed ${seed}: residual ${residual}, overlap ${overlap}`)
  }
})

test('symmetric matrices far below 1 and above it', () => {
  for (const unit of [1e-290, 1e-200, 1, 1e200]) {
    const { values, vectors } = symmetricEigenpairs([Float64Array.of(2 * unit, unit), Float64Array.of(unit, 2 * unit)], 2)
    assert.ok(Math.abs(values[0] / unit - 3) < 1e-15 && Math.abs(values[1] / unit - 1) < 1e-15, `${unit}: ${values}`)
    assert.ok(vectors.flatMap(v => Array.from(v)).every(x => Math.abs(Math.abs(x) - Math.SQRT1_2) < 1e-15))
  }
})

test('the same bits on every call', () => {
  const g = interleaved(withSpectrum(spectra(17)[0].values, 1))
  const text = () => eigenpairs(g, 17, 5).vectors.map(bits).join()
  const first = text()
  eigenpairs(interleaved(withSpectrum(spectra(9)[1].values, 2)), 9, 2)
  assert.is(text(), first)
})

test.run()
