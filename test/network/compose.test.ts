import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bound, Kind, Scope } from '../../src/bound.ts'
import { concat, parallel, residual, sequential } from '../../src/network/compose.ts'
import { decompose, type Matrix, mulberry32, seeded } from '../oracle.ts'

function bound<K extends Kind>(kind: K, value: number, scope: Scope = 'every-size'): Bound<K> {
  return { value, kind, method: 'test', scope, lower: kind === 'upper' ? 0 : value, upper: value, work: 1 }
}

function random(rows: number, columns: number, seed: number): Matrix {
  return { rows, columns, data: seeded(seed, rows * columns) }
}

const norm = (matrix: Matrix): number => decompose(matrix).sigma[0]
const upper = (matrix: Matrix): Bound<'upper'> => bound('upper', norm(matrix) * (1 + 1e-12))

function times(a: Matrix, b: Matrix): Matrix {
  const data = new Float64Array(a.rows * b.columns)
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.columns; k++)
      for (let j = 0; j < b.columns; j++) data[i * b.columns + j] += a.data[i * a.columns + k] * b.data[k * b.columns + j]
  return { rows: a.rows, columns: b.columns, data }
}

function plus(a: Matrix, b: Matrix): Matrix {
  return { ...a, data: a.data.map((x, i) => x + b.data[i]) }
}

function stack(a: Matrix, b: Matrix): Matrix {
  return { rows: a.rows + b.rows, columns: a.columns, data: Float64Array.from([...a.data, ...b.data]) }
}

function diagonal(a: Matrix, b: Matrix): Matrix {
  const columns = a.columns + b.columns
  const data = new Float64Array((a.rows + b.rows) * columns)
  for (let i = 0; i < a.rows; i++) data.set(a.data.subarray(i * a.columns, (i + 1) * a.columns), i * columns)
  for (let i = 0; i < b.rows; i++)
    data.set(b.data.subarray(i * b.columns, (i + 1) * b.columns), (a.rows + i) * columns + a.columns)
  return { rows: a.rows + b.rows, columns, data }
}

function identity(n: number): Matrix {
  return { rows: n, columns: n, data: Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)) }
}

test('random linear networks: the exact norm of the whole is below the composition, and the tight cases are tight', () => {
  const next = mulberry32(7)
  for (let seed = 0; seed < 60; seed++) {
    const [n, m] = [1 + Math.floor(next() * 5), 1 + Math.floor(next() * 5)]
    const a = random(m, n, 3 * seed)
    const b = random(n, m, 3 * seed + 1)
    const c = random(m, n, 3 * seed + 2)
    assert.ok(norm(times(b, a)) <= sequential(upper(a), upper(b)).value)
    assert.ok(norm(plus(identity(n), times(b, a))) <= residual(sequential(upper(a), upper(b))).value)
    assert.ok(norm(plus(a, c)) <= residual(upper(a), upper(c)).value)
    assert.ok(norm(stack(a, c)) <= concat(upper(a), upper(c)).value)
    const together = parallel(upper(a), upper(b)).value
    assert.ok(norm(diagonal(a, b)) <= together)
    assert.ok(together <= norm(diagonal(a, b)) * (1 + 2e-12))
    // One block of a deeper network: x + b(a(x)), then c, its output beside a(x).
    const block = plus(identity(n), times(b, a))
    const whole = stack(times(c, block), a)
    assert.ok(norm(whole) <= concat(sequential(residual(sequential(upper(a), upper(b))), upper(c)), upper(a)).value)
  }
})

test('values of exact arithmetic stay exact; others are rounded up', () => {
  const one = bound('exact', 1)
  assert.is(sequential().value, 1)
  assert.is(sequential(one, one).value, 1)
  assert.is(residual(one).value, 2)
  assert.is(residual(one, one, one).value, 3)
  assert.is(concat(one, one, one, one).value, 2)
  const third = bound('upper', 1 / 3)
  assert.ok(sequential(third, third).value >= (1 / 3) * (1 / 3))
  assert.ok(residual(bound('upper', 1e-30)).value > 1)
  assert.is(sequential(bound('upper', 0), bound('upper', Infinity)).value, 0)
  assert.is(sequential(bound('upper', 1e200), bound('upper', 1e200)).value, Infinity)
  assert.ok(sequential(bound('upper', 1e-200), bound('upper', 1e-200)).value > 0)
  assert.ok(Math.abs(concat(bound('upper', 3e200), bound('upper', 4e200)).value / 5e200 - 1) < 1e-14)
  assert.ok(Math.abs(concat(bound('upper', 3e-200), bound('upper', 4e-200)).value / 5e-200 - 1) < 1e-14)
})

test('a composition speaks of every size only if all its parts do', () => {
  const here = bound('upper', 2, 'this-size')
  const everywhere = bound('upper', 3)
  for (const compose of [sequential, residual, parallel, concat]) {
    assert.is(compose(everywhere, everywhere).scope, 'every-size')
    assert.is(compose(everywhere, here).scope, 'this-size')
    assert.is(compose(everywhere, here).kind, 'upper')
    assert.is(compose(everywhere, here).work, 2)
  }
})

test('the lower end of a block diagonal or a stack is that of its largest part', () => {
  assert.is(parallel(bound('exact', 2), bound('exact', 3)).lower, 3)
  assert.is(concat(bound('exact', 2), bound('exact', 3)).lower, 3)
  // A part at every size says nothing from below about one size.
  assert.is(parallel(bound('exact', 2, 'this-size'), bound('exact', 3)).lower, 2)
  assert.is(sequential(bound('exact', 2), bound('exact', 3)).lower, 0)
})

test('what is not proven from above does not compile, and throws', () => {
  const estimate = bound('estimate', 1)
  const lower = bound('lower', 1)
  const some: Bound = bound('upper', 1)
  const refused = (work: () => unknown): void => assert.throws(work, (error: { code: string }) => error.code === 'kind')
  // @ts-expect-error an estimate is no certificate
  refused(() => sequential(estimate))
  // @ts-expect-error a lower bound is no certificate
  refused(() => sequential(lower))
  // @ts-expect-error an estimate is no certificate
  refused(() => residual(estimate))
  // @ts-expect-error a lower bound is no certificate
  refused(() => parallel(bound('upper', 1), lower))
  // @ts-expect-error an estimate is no certificate
  refused(() => concat(bound('upper', 1), estimate))
  // @ts-expect-error of any kind is not proven either, though this one would do at run time
  sequential(some)
  assert.throws(() => residual(), /^residual: expected at least one branch, got none\./)
  // @ts-expect-error a number is no bound
  assert.throws(() => sequential(3), /^sequential: part 0: expected a bound, got 3\./)
  assert.throws(() => sequential({ ...bound('upper', 1), upper: NaN }), /^sequential: part 0: expected 0 ≤ lower ≤ upper/)
  for (const ends of [{ lower: 2, upper: 1 }, { lower: NaN }, { lower: -1 }, { upper: '1' }] as object[])
    for (const compose of [sequential, residual, parallel, concat])
      assert.throws(() => compose({ ...bound('upper', 1), ...ends } as never), /0 ≤ lower ≤ upper/)
})

test.run()
