/**
 * Other libraries on the same work in one run; each answer is checked against NumPy's before its time counts. Ratios are to this library.
 *
 *   cd bench/versus && npm install && npm start
 */
import FFT from 'fft.js'
import { conv, singularValues } from '../../src/index.ts'
import { borrow } from '../../src/runtime/arena.ts'
import { fourierTransform } from '../../src/runtime/fft.ts'
import { packedBytes, tileSide } from '../../src/runtime/gram-taps.ts'
import { singularValuesOfBatch } from '../../src/runtime/spectrum.ts'
import { svdOf } from '../../src/runtime/svd.ts'
import { best, time, uniform } from '../frame.ts'
import { native, type Timed } from './native.ts'
import { multipliers, peers, transformers } from './peers.ts'

for (const n of [32, 64, 256]) products(n)
for (const n of [16, 32, 64]) singular(n)
for (const n of [16, 64]) decompositions(n)
spectrum(64, 32)
for (const n of [32, 56, 224]) transforms(n)

/** A table: this library first; rows with a wrong answer say so and have no ratio. */
function table(title: string, rows: { name: string; seconds: number; error: number }[]): void {
  console.log(`\n${title}`)
  const own = rows[0].seconds
  for (const { name, seconds, error } of rows) {
    const right = error < 1e-10
    const ratio = right ? `${(seconds / own).toPrecision(3).padStart(7)} ×` : '   wrong'
    console.log(`  ${name.padEnd(34)} ${time(seconds)} ${ratio}   differs by ${error.toExponential(1)}`)
  }
}

/** Complex matrices as two planes, and interleaved for NumPy (whose transposes have the same values). */
function matrices(count: number, n: number) {
  const re = uniform(count * n * n, n)
  const im = uniform(count * n * n, n + 1)
  const both = Float64Array.from({ length: 2 * re.length }, (_, i) => (i & 1 ? im : re)[i >> 1])
  return { re, im, both }
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>, scale = Math.max(...Array.from(b).slice(0, 1000))): number {
  let worst = a.length < b.length ? Infinity : 0
  for (let i = 0; i < b.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]) / scale)
  return worst
}

/** NumPy and this library in turns, three times, so that a slow spell of the machine hits both. */
function inTurns(work: () => void, other: () => Timed | undefined): { own: number; numpy: Timed } {
  let own = Infinity
  let numpy: Timed | undefined
  for (let i = 0; i < 3; i++) {
    own = Math.min(own, best(work, 0.5))
    const run = other()
    if (run && (!numpy || run.seconds < numpy.seconds)) numpy = run
  }
  if (!numpy) throw new Error('this comparison needs /usr/bin/python3 with NumPy to check the answers')
  return { own, numpy }
}

/** AᵀB of real matrices by columns, packing included. */
function products(n: number): void {
  const both = uniform(2 * n * n, n)
  const [a, b] = [both.subarray(0, n * n), both.subarray(n * n)]
  const { work, answer } = borrow(arena => {
    const { pack, autocorrelate } = arena.routines
    const [left, right] = [a, b].map(x => ({ from: arena.put(x), to: arena.alloc(packedBytes(n, n)) }))
    const c = arena.alloc(tileSide(n) ** 2 * 8)
    const work = () => {
      for (const { from, to } of [left, right]) pack(n, n, from, to)
      autocorrelate(n, n, left.to, right.to, c)
    }
    const sum = arena.f64(c, n * n).fill(0)
    work()
    return { work, answer: sum.slice() }
  })
  const { own, numpy } = inTurns(work, () => native('product', both, n))
  table(`Products of ${n}×${n} real matrices`, [
    { name: 'opnorm', seconds: own, error: difference(answer, numpy.answer, n) },
    { name: 'NumPy @', seconds: numpy.seconds, error: 0 },
    ...multipliers.map(({ name, open }) => {
      const { multiply, result } = open(a, b, n)
      const seconds = best(multiply, 0.4)
      return { name, seconds, error: difference(result(), numpy.answer, n) }
    }),
  ])
}

function singular(n: number): void {
  const count = Math.max(8, Math.floor(65536 / n / n))
  const { re, im, both } = matrices(count, n)
  const batch = { rows: n, columns: n, re, im }
  const { own, numpy } = inTurns(
    () => singularValuesOfBatch(batch),
    () => native('svdvals', both, n, n),
  )
  const truth = numpy.answer.subarray(0, n)
  const [a, b] = [re.subarray(0, n * n), im.subarray(0, n * n)]
  table(`All singular values of ${n}×${n} complex matrices, a matrix`, [
    { name: 'opnorm', seconds: own / count, error: difference(singularValuesOfBatch(batch), numpy.answer) },
    { name: 'NumPy svdvals', seconds: numpy.seconds / count, error: 0 },
    ...peers.map(({ name, values }) => ({
      name,
      seconds: best(() => values(a, b, n), 0.6),
      error: difference(values(a, b, n), truth),
    })),
  ])
}

function decompositions(n: number): void {
  const count = Math.max(4, Math.floor(32768 / n / n))
  const { re, im, both } = matrices(count, n)
  const batch = { rows: n, columns: n, re, im }
  const { own, numpy } = inTurns(
    () => svdOf(batch),
    () => native('svd', both, n, n),
  )
  table(`Complete decompositions of ${n}×${n} complex matrices, a matrix`, [
    { name: 'opnorm', seconds: own / count, error: difference(svdOf(batch).sigma, numpy.answer) },
    { name: 'NumPy svd', seconds: numpy.seconds / count, error: 0 },
  ])
}

function spectrum(channels: number, size: number): void {
  const data = uniform(channels * channels * 9)
  const layer = conv({ data, shape: [channels, channels, 3, 3] }, { padding: 'circular', inputSize: size })
  const { own, numpy } = inTurns(
    () => singularValues(layer),
    () => native('spectrum', data, channels, size),
  )
  // NumPy's half spectrum holds every value once or twice: the largest and the sum of squares are compared.
  const values = singularValues(layer)
  const largest = numpy.answer.reduce((top, x) => Math.max(top, x), 0)
  table(`singularValues(conv): ${channels} channels, k = 3, circular ${size}×${size}, the whole spectrum`, [
    { name: 'opnorm', seconds: own, error: Math.abs(values[0] - largest) / largest },
    { name: 'NumPy rfft2 and svdvals', seconds: numpy.seconds, error: 0 },
  ])
}

function transforms(n: number): void {
  const count = Math.max(8, Math.floor(2 ** 19 / n / n))
  const { re, im, both } = matrices(count, n)
  const x = { re: re.subarray(0, count * n * n), im: im.subarray(0, count * n * n) }
  const result = { re: new Float64Array(count * n * n), im: new Float64Array(count * n * n) }
  const { own, numpy } = inTurns(
    () => fourierTransform(x, [n, n], -1, result),
    () => native('fft2', both, n, n),
  )
  const found = Float64Array.from({ length: both.length }, (_, i) => (i & 1 ? result.im : result.re)[i >> 1])
  const rows = [
    { name: 'opnorm', seconds: own / count, error: difference(found, numpy.answer, n) },
    { name: 'NumPy fft2', seconds: numpy.seconds / count, error: 0 },
  ]
  if (Number.isInteger(Math.log2(n))) {
    const first = both.slice(0, 2 * n * n)
    rows.push({
      name: 'fft.js',
      seconds: best(() => plane(first, n)),
      error: difference(plane(first, n), numpy.answer.subarray(0, 2 * n * n), n),
    })
  }
  for (const { name, open } of transformers) {
    const { transform, result } = open(both.subarray(0, 2 * n * n), n)
    rows.push({ name, seconds: best(transform), error: difference(result(), numpy.answer.subarray(0, 2 * n * n), n) })
  }
  table(
    `Fourier transforms of ${n}×${n} complex signals, a signal${Number.isInteger(Math.log2(n)) ? '' : ' (fft.js: powers of two only)'}`,
    rows,
  )
}

/** fft.js row by row, then column by column. */
function plane(signal: Float64Array, n: number): Float64Array {
  const fft = new FFT(n)
  const out = new Float64Array(2 * n * n)
  const line = new Float64Array(2 * n)
  const done = new Float64Array(2 * n)
  for (let i = 0; i < n; i++) {
    fft.transform(done, signal.subarray(2 * n * i, 2 * n * (i + 1)))
    out.set(done, 2 * n * i)
  }
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < n; i++) {
      line[2 * i] = out[2 * (i * n + j)]
      line[2 * i + 1] = out[2 * (i * n + j) + 1]
    }
    fft.transform(done, line)
    for (let i = 0; i < n; i++) {
      out[2 * (i * n + j)] = done[2 * i]
      out[2 * (i * n + j) + 1] = done[2 * i + 1]
    }
  }
  return out
}
