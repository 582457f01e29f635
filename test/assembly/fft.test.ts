import FFT from 'fft.js'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Complex } from '../../src/runtime/contract.ts'
import { fourierTransform, realFourierTransform } from '../../src/runtime/fft.ts'
import { indexOf, sizeOf } from '../../src/tensor.ts'
import { seeded } from './seeded.ts'

const complex = (seed: number, length: number): Complex => ({ re: seeded(seed, length), im: seeded(seed + 500, length) })

/** By definition, axis by axis. */
function naive(x: Complex, shape: readonly number[], sign: number): Complex {
  const points = sizeOf(shape)
  let { re, im } = x
  shape.forEach((n, d) => {
    const stride = sizeOf(shape.slice(d + 1))
    const table = Array.from({ length: n }, (_, k) => [Math.cos((2 * Math.PI * k) / n), sign * Math.sin((2 * Math.PI * k) / n)])
    const next = { re: new Float64Array(re.length), im: new Float64Array(re.length) }
    for (let i = 0; i < re.length; i++) {
      const k = indexOf(i % points, shape)[d]
      for (let j = 0; j < n; j++) {
        const [c, s] = table[(j * k) % n]
        const from = i + (j - k) * stride
        next.re[i] += re[from] * c - im[from] * s
        next.im[i] += re[from] * s + im[from] * c
      }
    }
    re = next.re
    im = next.im
  })
  return { re, im }
}

function near(got: Complex, wanted: Complex, scale: number, what: string): void {
  assert.is(got.re.length, wanted.re.length)
  let error = 0
  for (let i = 0; i < got.re.length; i++)
    error = Math.max(error, Math.abs(got.re[i] - wanted.re[i]), Math.abs(got.im[i] - wanted.im[i]))
  assert.ok(error <= 2e-13 * scale, `${what}: off by ${error}`)
}

test('every length from 1 to 130, and image sizes, primes and powers up to 1024, against the definition', () => {
  const lengths = Array.from({ length: 130 }, (_, i) => i + 1)
  lengths.push(196, 224, 243, 251, 256, 343, 448, 509, 512, 625, 720, 729, 997, 1000, 1009, 1023, 1024)
  for (const n of lengths) {
    const x = complex(n, n > 100 ? n : 3 * n)
    for (const sign of [-1, 1] as const) near(fourierTransform(x, [n], sign), naive(x, [n], sign), Math.sqrt(n), `n = ${n}`)
  }
})

test('every length from 1 to 1024: the inverse undoes the transform, and Parseval holds', () => {
  for (let n = 1; n <= 1024; n += n < 200 ? 1 : 7) {
    const x = complex(n, 2 * n)
    const y = fourierTransform(x, [n])
    const back = fourierTransform(y, [n], 1)
    near({ re: back.re.map(v => v / n), im: back.im.map(v => v / n) }, x, 1 / 16, `n = ${n}`)
    const energy = (z: Complex) => z.re.reduce((sum, v, i) => sum + v * v + z.im[i] ** 2, 0)
    assert.ok(Math.abs(energy(y) / (n * energy(x)) - 1) < 1e-13, `n = ${n}`)
  }
})

test('powers of two against fft.js', () => {
  for (let n = 2; n <= 4096; n *= 2) {
    const x = complex(n, n)
    const fft = new FFT(n)
    const [input, output] = [fft.createComplexArray(), fft.createComplexArray()]
    for (let i = 0; i < n; i++) {
      input[2 * i] = x.re[i]
      input[2 * i + 1] = x.im[i]
    }
    fft.transform(output, input)
    const wanted = { re: x.re.map((_, i) => output[2 * i]), im: x.re.map((_, i) => output[2 * i + 1]) }
    near(fourierTransform(x, [n]), wanted, Math.sqrt(n) / 16, `n = ${n}`)
  }
})

const SHAPES = [
  [2, 3],
  [4, 4],
  [7, 5],
  [11, 6],
  [14, 14],
  [28, 28],
  [13, 13],
  [56, 56],
  [130, 40],
  [5, 67],
  [3, 4, 5],
  [8, 8, 8],
  [7, 11, 2],
]

test('two and three axes', () => {
  for (const shape of SHAPES) {
    const points = sizeOf(shape)
    const x = complex(points, 3 * points)
    for (const sign of [-1, 1] as const)
      near(fourierTransform(x, shape, sign), naive(x, shape, sign), Math.sqrt(points), `${shape} sign ${sign}`)
  }
})

test('arrays larger than a block of the cache: columns in blocks', () => {
  for (const shape of [
    [224, 224],
    [96, 101],
  ]) {
    const points = sizeOf(shape)
    const x = complex(3, points)
    near(fourierTransform(x, shape), naive(x, shape, -1), Math.sqrt(points), `${shape}`)
  }
})

test('real input: the half spectrum of each signal of a batch of any size', () => {
  for (const shape of [[1], [2], [5], [8], [31], [32], ...SHAPES.filter(s => sizeOf(s) < 1000)])
    for (const batch of [1, 2, 3, 4, 5, 9, 40]) {
      const points = sizeOf(shape)
      const last = shape[shape.length - 1]
      const half = (last >> 1) + 1
      const x = seeded(batch, batch * points)
      for (const sign of [-1, 1] as const) {
        const got = realFourierTransform(x, shape, sign)
        const whole = fourierTransform({ re: x, im: new Float64Array(x.length) }, shape, sign)
        const keep = (part: Float64Array) => part.filter((_, i) => i % last < half)
        near(got, { re: keep(whole.re), im: keep(whole.im) }, Math.sqrt(points), `${shape} batch ${batch}`)
      }
    }
})

test('identical bits in a batch of any size, repeated and interleaved; zero in, zero out', () => {
  const shape = [12, 11]
  const x = complex(1, 20 * 132)
  const all = fourierTransform(x, shape)
  fourierTransform(complex(9, 35), [7, 5])
  assert.equal(fourierTransform(x, shape), all)
  for (const [first, count] of [
    [0, 1],
    [3, 2],
    [7, 9],
  ]) {
    const slice = (z: Complex) => ({
      re: z.re.slice(first * 132, (first + count) * 132),
      im: z.im.slice(first * 132, (first + count) * 132),
    })
    assert.equal(fourierTransform(slice(x), shape), slice(all))
  }
  const zero = fourierTransform({ re: new Float64Array(22), im: new Float64Array(22) }, [11])
  assert.ok([...zero.re, ...zero.im].every(v => v === 0))
})

test.run()
