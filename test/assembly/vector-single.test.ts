import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Arena } from '../../src/runtime/arena.ts'
import { fenced } from './pairs.ts'
import { seeded } from './seeded.ts'

const LENGTHS = [4, 12, 16, 20, 64, 100]

const rounded = (seed: number, n: number) => Float32Array.from(seeded(seed, n))

/** Room for a multiple of sixteen numbers, in doubles. */
const room = (n: number) => 8 * Math.ceil(n / 16)

/** Vectors one behind the other from `at`, each padded with zeros. */
function write(arena: Arena, at: number, vectors: Float32Array[]): number {
  const stride = 8 * room(vectors[0].length)
  vectors.forEach((x, i) => {
    arena.f32(at + i * stride, stride / 4).fill(0)
    arena.f32(at + i * stride, x.length).set(x)
  })
  return stride
}

const put = (arena: Arena, x: Float32Array) => {
  const at = arena.alloc(8 * room(x.length))
  write(arena, at, [x])
  return at
}

const inner = (x: ArrayLike<number>, y: ArrayLike<number>) => Array.from(x).reduce((sum, value, i) => sum + value * y[i], 0)
const floats = (x: Float64Array, n: number) => new Float32Array(x.buffer, x.byteOffset, n)

test('demote: every number as Math.fround has it, in its place, and nothing beyond them', () => {
  const edges = [
    0,
    -0,
    1 + 2 ** -24,
    1 + 3 * 2 ** -24,
    -(1 + 2 ** -23),
    2 ** -149,
    2 ** -150,
    -(2 ** -140) * 1.3,
    3.4e38,
    1e39,
    Infinity,
    1e-300,
  ]
  for (const n of LENGTHS) {
    const x = Float64Array.from(seeded(n, n), (value, i) => (i % 3 === 1 ? edges[i % edges.length] : value * 1e3))
    fenced([n / 2], (arena, out) => {
      arena.routines.demote(n, arena.put(x), out)
      assert.equal(Array.from(arena.f32(out, n)), Array.from(x, Math.fround), `${n}`)
    })
  }
})

test('dotSingle: in double precision, and nothing of the numbers beyond the end', () => {
  for (const n of LENGTHS) {
    const [x, y] = [rounded(n, n), rounded(n + 1, n)]
    fenced([1], (arena, out) => {
      const got = arena.routines.dotSingle(n, put(arena, x), put(arena, y))
      arena.f64(out, 1)[0] = got
      assert.ok(Math.abs(got - inner(x, y)) < 1e-14 * n, `${n}: ${got}`)
    })
  }
})

test('axpySingle and scaleSingle, the latter in place and whatever was there', () => {
  for (const n of LENGTHS) {
    const [x, y] = [rounded(n, n), rounded(n + 1, n)]
    const s = Math.fround(0.3)
    const [sum, scaled, same] = fenced([n / 2, n / 2, n / 2], (arena, a, b, c) => {
      const from = put(arena, x)
      arena.f32(a, n).set(y)
      arena.f32(c, n).set(x)
      arena.routines.axpySingle(n, 0.3, from, a)
      arena.routines.scaleSingle(n, 0.3, from, b)
      arena.routines.scaleSingle(n, 0.3, c, c)
    })
    floats(sum, n).forEach((value, i) => {
      assert.is(value, Math.fround(y[i] + Math.fround(s * x[i])), `${n} at ${i}`)
      assert.is(floats(scaled, n)[i], Math.fround(s * x[i]))
      assert.is(floats(same, n)[i], Math.fround(s * x[i]))
    })
  }
})

test('projectSingle: all components of w as it was, then all subtracted', () => {
  for (const n of LENGTHS)
    for (const count of [0, 1, 2, 3, 6]) {
      const basis = Array.from({ length: count }, (_, i) => rounded(i, n).map(x => x / 8))
      const w = rounded(77, n)
      const [got, components] = fenced([room(n), count], (arena, at, c) => {
        write(arena, at, [w])
        const vectors = arena.alloc(8 * room(n) * (count + 1))
        const stride = count > 0 ? write(arena, vectors, basis) : 0
        arena.routines.projectSingle(count, n, vectors, stride, at, c)
      })
      basis.forEach((q, i) => {
        assert.ok(Math.abs(components[i] - inner(q, w)) < 1e-13, `${n}, ${count}: component ${i}`)
      })
      for (let k = 0; k < n; k++) {
        const wanted = basis.reduce((sum, q, i) => sum - components[i] * q[k], w[k])
        assert.ok(Math.abs(floats(got, n)[k] - wanted) < 1e-6 * (1 + count), `${n}, ${count} at ${k}`)
      }
    }
})

test('combineSingle: the first vectors become combinations of all, the others stay', () => {
  for (const n of LENGTHS)
    for (const [count, kept] of [
      [1, 1],
      [3, 2],
      [5, 5],
    ]) {
      const basis = Array.from({ length: count }, (_, i) => rounded(i, n))
      const mix = seeded(55, count * kept)
      const [got] = fenced([count * room(n)], (arena, at) => {
        const stride = write(arena, at, basis)
        arena.routines.combineSingle(count, kept, n, at, stride, arena.put(mix), arena.alloc(kept * 64))
      })
      for (let j = 0; j < count; j++)
        for (let k = 0; k < n; k++) {
          const value = floats(got, got.length * 2)[2 * room(n) * j + k]
          const wanted = j < kept ? basis.reduce((sum, q, i) => sum + q[k] * mix[j * count + i], 0) : basis[j][k]
          assert.ok(Math.abs(value - wanted) < (j < kept ? 1e-6 * count : 1e-30), `${n}, ${count}: ${j} at ${k}`)
        }
    }
})

test('planeSingle: the matrix product, on both sides of a block of tiles and of channels', () => {
  for (const tiles of [1, 2, 3, 8])
    for (const [m, depth] of [
      [4, 4],
      [8, 12],
      [12, 8],
      [16, 4],
      [20, 16],
    ]) {
      const [kernel, x] = [rounded(1, m * depth), rounded(2, tiles * depth)]
      const [got] = fenced([(tiles * m) / 2], (arena, y) => {
        const panels = arena.alloc(Math.ceil(m / 16) * depth * 64)
        const view = arena.f32(panels, Math.ceil(m / 16) * depth * 16).fill(0)
        for (let o = 0; o < m; o++)
          for (let i = 0; i < depth; i++) view[((o >> 4) * depth + i) * 16 + (o & 15)] = kernel[o * depth + i]
        arena.routines.planeSingle(tiles, depth, m, panels, put(arena, x), y)
      })
      for (let t = 0; t < tiles; t++)
        for (let o = 0; o < m; o++) {
          const wanted = inner(kernel.subarray(o * depth, (o + 1) * depth), x.subarray(t * depth, (t + 1) * depth))
          assert.ok(Math.abs(floats(got, tiles * m)[t * m + o] - wanted) < 1e-6 * depth, `${tiles} × ${depth} × ${m}: ${t}, ${o}`)
        }
    }
})

test.run()
