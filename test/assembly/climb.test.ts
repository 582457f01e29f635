import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  adjointTimes,
  bits,
  type Complex,
  fenced,
  pack,
  randomMatrix,
  SIDES,
  spectra,
  unpack,
  withSpectrum,
  zeros,
} from './pairs.ts'

interface Pair {
  value: number
  residual: number
  v: Complex
}

/** Lanczos on two matrices, which share nothing but the call. */
function climb(batch: readonly Complex[], steps: number, starts: readonly Complex[]): Pair[] {
  const n = batch[0].rows
  const [x, out] = fenced([4 * n, 4], (arena, x, out) => {
    arena.f64(x, 4 * n).set(pack([...starts]))
    const work = arena.alloc((steps + 1) * n * 32 + steps * 48)
    arena.routines.climb(n, steps, arena.put(pack([...batch])), x, work, out)
  })
  return batch.map((_, lane) => ({ value: out[lane], residual: out[2 + lane], v: unpack(x, lane, n, 1) }))
}

/** ‖Gv − ρv‖ and ‖v‖. */
function check(g: Complex, { value, v }: Pair): [number, number] {
  const image = adjointTimes(g, v)
  const re = image.re.map((x, i) => x - value * v.re[i])
  const im = image.im.map((x, i) => x - value * v.im[i])
  return [Math.hypot(...re, ...im), Math.hypot(...v.re, ...v.im)]
}

test('as many steps as there are rows give the top eigenvalue of every kind of spectrum, and a unit vector with the residual that is said', () => {
  for (const n of SIDES.filter(side => side <= 33)) {
    for (const { name, values } of spectra(n)) {
      const batch = [0, 1].map(i => withSpectrum(values, 5 * n + i))
      const found = climb(batch, n, [randomMatrix(n, 1, 1), randomMatrix(n, 1, 2)])
      found.forEach((pair, lane) => {
        const [left, length] = check(batch[lane], pair)
        assert.ok(Math.abs(pair.value - values[0]) < 2e-14, `${name}, n = ${n}: ${pair.value} for ${values[0]}`)
        assert.ok(Math.abs(length - 1) < 1e-14, `${name}, n = ${n}: length ${length}`)
        assert.ok(left < 1e-6 && left < pair.residual + 1e-7, `${name}, n = ${n}: residual ${left}, said ${pair.residual}`)
      })
    }
  }
})

test('fewer steps give a Rayleigh quotient, below λ_max, and the same from the vector that came back', () => {
  for (const n of [9, 32, 33]) {
    const g = withSpectrum(
      Array.from({ length: n }, (_, i) => 1 - i / n),
      n,
    )
    const starts = [randomMatrix(n, 1, 3), randomMatrix(n, 1, 4)]
    const few = climb([g, g], 4, starts)
    few.forEach(pair => {
      const image = adjointTimes(g, pair.v)
      const quotient = pair.v.re.reduce((sum, x, i) => sum + x * image.re[i] + pair.v.im[i] * image.im[i], 0)
      assert.ok(Math.abs(pair.value - quotient) < 1e-14 && pair.value < 1 + 1e-15)
      const [left] = check(g, pair)
      assert.ok(Math.abs(left - pair.residual) < 1e-13, `${left} for ${pair.residual}`)
    })
    const more = climb(
      [g, g],
      4,
      few.map(({ v }) => v),
    )
    more.forEach((pair, lane) => {
      assert.ok(pair.value >= few[lane].value - 1e-15 && pair.value < 1 + 1e-15)
    })
  }
})

test('matrices of zeros, and starts of zeros; lanes do not see each other', () => {
  for (const n of [1, 3, 8]) {
    const g = withSpectrum(
      Array.from({ length: n }, (_, i) => 1 / (1 + i)),
      n,
    )
    const start = randomMatrix(n, 1, 9)
    const [alone] = climb([g, g], n, [start, start])
    const [beside, nothing] = climb([g, zeros(n, n)], n, [start, start])
    assert.is(bits(alone.v.re), bits(beside.v.re))
    assert.is(alone.value, beside.value)
    assert.ok(!(Math.abs(nothing.value) > 1e-15))
    const [fromNothing] = climb([g, g], n, [zeros(n, 1), start])
    assert.ok(Math.abs(check(g, fromNothing)[1] - 1) < 1e-14)
  }
})

test.run()
