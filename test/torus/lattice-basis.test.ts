import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { covarianceOf, determinant, reducedBasis, variance } from '../../src/torus/lattice-basis.ts'
import { uniform } from './random-layers.ts'

const form = (next: () => number, axes: number) => {
  const spots = Array.from({ length: 2 + Math.floor(4 * next()) }, () => ({
    at: Array.from({ length: axes }, () => Math.floor(9 * next()) - 4),
    weight: next(),
  }))
  return covarianceOf(spots)
}

test('reduced bases are bases of all whole vectors', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = uniform(seed)
    const basis = reducedBasis(form(next, 1 + (seed % 3)))
    assert.ok(Math.abs(Math.abs(signedDeterminant(basis)) - 1) < 1e-9, JSON.stringify(basis))
  }
})

test('the first of two axes is a shortest vector there is, the second a shortest beside it', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const covariance = form(uniform(seed), 2)
    const sizes = reducedBasis(covariance).map(u => variance(covariance, u))
    const reach = covariance[0][0] + covariance[1][1]
    const found: { u: number[]; size: number }[] = []
    for (let a = -12; a <= 12; a++)
      for (let b = 0; b <= 12; b++) if (b > 0 || a > 0) found.push({ u: [a, b], size: variance(covariance, [a, b]) })
    found.sort((x, y) => x.size - y.size)
    const [first] = found
    const second = found.find(({ u }) => u[0] * first.u[1] !== u[1] * first.u[0])!
    sizes.sort((x, y) => x - y)
    assert.ok(
      sizes[0] <= first.size + 1e-9 * reach && sizes[1] <= second.size + 1e-9 * reach,
      `${seed}: ${sizes} ${first.size} ${second.size}`,
    )
  }
})

test('determinants are Gram determinants of the rows', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const covariance = form(uniform(seed), 1 + (seed % 3))
    const size = covariance.reduce((product, row, d) => product * (row[d] + 1e-12), 1)
    assert.ok(Math.abs(determinant(covariance) - Math.max(0, signedDeterminant(covariance))) <= 1e-9 * size)
  }
})

/** By minors. */
function signedDeterminant(rows: readonly (readonly number[])[]): number {
  if (rows.length === 1) return rows[0][0]
  return rows[0].reduce(
    (sum, x, d) => sum + (d % 2 ? -x : x) * signedDeterminant(rows.slice(1).map(row => row.filter((_, e) => e !== d))),
    0,
  )
}

test.run()
