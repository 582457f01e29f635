import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { singleCost } from '../../src/runtime/cholesky-tests.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { eigenpairs } from '../../src/runtime/hermitian.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { complement, setErrors, times } from '../torus/parts.ts'
import { uniform } from '../torus/random-layers.ts'

const TURNS = [48, 48]

function open<T>(n: number, seed: number, work: (gram: GramSymbol) => T): T {
  const next = uniform(seed)
  const data = Float64Array.from({ length: (n + 1) * n * 9 }, () => next() + next() - 1)
  return withGramSymbol(symbolEverySize(conv({ data, shape: [n + 1, n, 3, 3] })), 0, work)
}

function someFrequencies(count: number) {
  return { turns: TURNS, points: Float64Array.from({ length: 2 * count }, (_, i) => (i * 7 + (i >> 1)) % 48) }
}

/** λ_max(G) at each frequency from the matrix itself, by tridiagonalisation. */
function truth(gram: GramSymbol, count: number): number[] {
  const zero = new Float64Array(2 * gram.n)
  return Array.from({ length: count }, (_, k) => {
    const at = { turns: TURNS, points: someFrequencies(count).points.subarray(2 * k, 2 * k + 2) }
    const matrix = new Float64Array(2 * gram.n * gram.n)
    for (let j = 0; j < gram.n; j++) {
      const unit = zero.slice()
      unit[2 * j] = 1
      matrix.set(times(gram, at, unit), 2 * gram.n * j)
    }
    return eigenpairs(matrix, gram.n, 1).values[0]
  })
}

test('values are below λ_max, ceilings above it and below t; batches of every length; in the middle of the room', () => {
  for (const n of [1, 2, 3, 5, 16, 33]) {
    open(n, n, gram => {
      for (const count of [1, 2, 3, 4, 5, 9]) {
        const exact = truth(gram, count)
        const t = 1.5 * Math.max(...exact)
        const { values, ceilings, vectors } = gram.bracket(someFrequencies(count), t, 12, [])
        assert.is(vectors.length, 2 * n * count)
        exact.forEach((top, k) => {
          assert.ok(values[k] <= top * (1 + 1e-12), `n = ${n}, ${k} of ${count}: ${values[k]} above ${top}`)
          assert.ok(values[k] >= top * 0.9, `n = ${n}, ${k} of ${count}: ${values[k]} far below ${top}`)
          assert.ok(ceilings[k] >= top * (1 - 1e-13), `n = ${n}, ${k} of ${count}: ${ceilings[k]} below ${top}`)
          assert.ok(ceilings[k] <= 0.5 * (top + t) * (1 + 1e-6), `n = ${n}, ${k} of ${count}: ${ceilings[k]} near ${t}`)
        })
      }
    })
  }
})

test('close to t single precision cannot say, and double precision does; below λ_max nothing is proven', () => {
  for (const n of [4, 40, 52]) {
    open(n, 3 * n, gram => {
      const [top] = truth(gram, 1)
      for (const room of [1e-2, 1e-4, 1e-6, 1e-8, 1e-10]) {
        const { ceilings } = gram.bracket(someFrequencies(1), top * (1 + room), 24, [])
        assert.ok(ceilings[0] >= top * (1 - 1e-13) && ceilings[0] <= top * (1 + room), `n = ${n}, room ${room}: ${ceilings[0]}`)
      }
      for (const t of [top * (1 - 1e-10), top * 0.5, 0])
        assert.is(gram.bracket(someFrequencies(1), t, 24, []).ceilings[0], Infinity)
    })
  }
})

test('a test that fails is repeated from a better vector: from a poor start every frequency gets its ceiling', () => {
  for (const n of [50, 61]) {
    open(n, 7 * n, gram => {
      const exact = truth(gram, 7)
      const t = 1.1 * Math.max(...exact)
      const { values, ceilings } = gram.bracket(someFrequencies(7), t, 2, [])
      exact.forEach((top, k) => {
        assert.ok(values[k] <= top * (1 + 1e-12) && values[k] >= top * 0.5, `n = ${n}, ${k}: ${values[k]} for ${top}`)
        assert.ok(ceilings[k] >= top * (1 - 1e-13) && ceilings[k] < t, `n = ${n}, ${k}: ${ceilings[k]} for ${top}`)
      })
    })
  }
})

test('a rough test passes from its margin on and never below λ_max', () => {
  for (const n of [1, 3, 17, 50]) {
    open(n, 11 * n, gram => {
      const exact = truth(gram, 6)
      const lost = singleCost(gram.n, gram, Math.max(...exact))
      assert.ok(lost > 0 && lost < 1e-3 * Math.max(...exact), `n = ${n}: ${lost}`)
      const at = (change: (top: number) => number) => [...gram.belowRoughly(someFrequencies(6), Float64Array.from(exact, change))]
      for (const room of [3, 30])
        assert.equal(
          at(top => top + room * lost),
          [1, 1, 1, 1, 1, 1],
          `n = ${n}, room ${room}`,
        )
      for (const part of [1 - 1e-9, 1 - 1e-6, 0.5, 0])
        assert.equal(
          at(top => top * part),
          [0, 0, 0, 0, 0, 0],
          `n = ${n}, ${part}`,
        )
    })
  }
})

test('tests of many frequencies: each passes or fails by its own λ_max', () => {
  for (const n of [1, 3, 17]) {
    open(n, 13 * n, gram => {
      const exact = truth(gram, 9)
      const lost = 4 * singleCost(gram.n, gram, Math.max(...exact))
      for (const pattern of [0b101010101, 0b010101010, 0b110011001, 0b000100000]) {
        const wanted = exact.map((_, k) => (pattern >> k) & 1)
        const levels = Float64Array.from(exact, (top, k) => (wanted[k] ? top + lost : top * 0.999))
        assert.equal([...gram.below(someFrequencies(9), levels)], wanted, `n = ${n}, double`)
        assert.equal([...gram.belowRoughly(someFrequencies(9), levels)], wanted, `n = ${n}, single`)
      }
    })
  }
})

test('brackets in double precision alone: each value, ceiling and vector is of its own frequency', () => {
  for (const n of [2, 5, 33]) {
    open(n, 17 * n, gram => {
      const exact = truth(gram, 7)
      const t = 1.001 * Math.max(...exact)
      // nothing is left to single precision
      setErrors(gram, { errorSingle: t })
      const { values, ceilings, vectors } = gram.bracket(someFrequencies(7), t, 24, [])
      exact.forEach((top, k) => {
        assert.ok(values[k] <= top * (1 + 1e-12) && values[k] > top * (1 - 1e-3), `n = ${n}, ${k}: ${values[k]} for ${top}`)
        assert.ok(
          ceilings[k] >= top * (1 - 1e-13) && ceilings[k] < 0.5 * (top + t) * (1 + 1e-12),
          `n = ${n}, ${k}: ${ceilings[k]}`,
        )
        const x = vectors.slice(2 * n * k, 2 * n * (k + 1))
        const y = times(gram, { turns: TURNS, points: someFrequencies(7).points.slice(2 * k, 2 * k + 2) }, x)
        const quotient = x.reduce((sum, part, i) => sum + part * y[i], 0)
        assert.ok(Math.abs(quotient - values[k]) < 1e-10 * top, `n = ${n}, ${k}: a vector of ${quotient} for ${values[k]}`)
      })
    })
  }
})

test('a symbol that vanishes somewhere: a value of 0, a vector, and a ceiling', () => {
  withGramSymbol(symbolEverySize(conv({ data: [0, 1, 0, 1, -4, 1, 0, 1, 0], shape: [1, 1, 3, 3] })), 0, gram => {
    const { values, ceilings, vectors } = gram.bracket({ turns: [4, 4], points: Float64Array.of(0, 0) }, 1, 9, [])
    assert.is(values[0], 0)
    assert.ok(ceilings[0] > 0 && ceilings[0] < 1)
    assert.ok(vectors.every(Number.isFinite))
    const [ritz] = gram.climb({ turns: [4, 4], points: Float64Array.of(0, 0) }, 24)
    assert.ok(ritz.value < 1e-280 && Math.abs(ritz.vector[0] ** 2 + ritz.vector[1] ** 2 - 1) < 1e-12)
  })
})

test('the complement: its floor is below what is left of t·I − G beside v, and its products are those of the inverse', () => {
  for (const n of [2, 5, 17]) {
    open(n, 5 * n, gram => {
      const at = { turns: TURNS, points: Float64Array.of(5, 11) }
      const [ritz] = gram.climb(at, 24, [gram.climb(at, 24)[0].vector])
      const t = ritz.value * 1.0001
      const next = uniform(n)
      const vectors = [1, 2, 3].map(() => Float64Array.from({ length: 2 * n }, () => next() - 0.5))
      const found = complement(gram, at, t, { sigma: ritz.value, v: ritz.vector }, vectors)!
      assert.ok(found.floor > 0)
      // y = B⁻¹x is known by B y = x: products are checked through B itself.
      const image = (x: Float64Array) => {
        const y = times(gram, at, x)
        let [re, im] = [0, 0]
        for (let i = 0; i < 2 * n; i += 2) {
          re += ritz.vector[i] * x[i] + ritz.vector[i + 1] * x[i + 1]
          im += ritz.vector[i] * x[i + 1] - ritz.vector[i + 1] * x[i]
        }
        return x.map((value, i) => {
          const along = i & 1 ? re * ritz.vector[i] + im * ritz.vector[i - 1] : re * ritz.vector[i] - im * ritz.vector[i + 1]
          return t * value - y[i] + ritz.value * along
        })
      }
      const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i], 0)
      const images = vectors.map(image)
      const back = complement(gram, at, t, { sigma: ritz.value, v: ritz.vector }, images)!
      vectors.forEach((x, i) => {
        assert.ok(dot(x, images[i]) >= found.floor * dot(x, x), `n = ${n}: floor ${found.floor}`)
        // (Bx)ᴴB⁻¹(By) = xᴴBy
        vectors.forEach((_, j) => {
          const scale = Math.sqrt(dot(x, images[i]) * dot(vectors[j], images[j]))
          assert.ok(Math.abs(back.products[i][j] - dot(x, images[j])) <= 1e-9 * scale, `n = ${n}: product ${i}, ${j}`)
        })
      })
    })
  }
})

test.run()
