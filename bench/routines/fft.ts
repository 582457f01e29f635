/**
 * Fourier transforms. First the routine itself in cache, per transform; then real images of 4096 channel pairs (fewer of the
 * largest), arrays in and arrays out, beside fft.js doing the same where it can: rows, then columns of the half spectrum; the others are
 * beside NumPy and numpy-ts in bench/versus.
 * Operations are counted as 5·n·log₂ n for a complex transform, half of it for a real one.
 */
import FFT from 'fft.js'
import { borrow } from '../../src/runtime/arena.ts'
import { realFourierTransform } from '../../src/runtime/fft.ts'
import { openAxis } from '../../src/runtime/fft-axis.ts'
import { best, rate, time, uniform } from '../frame.ts'

for (const n of [14, 28, 31, 32, 56, 64, 112, 224, 256, 512, 1024]) {
  const columns = 8
  const outer = Math.max(1, Math.floor(2048 / n / columns))
  const work = borrow(arena => {
    const x = arena.put(new Float64Array(4 * n * columns * outer))
    const y = arena.alloc(32 * n * columns * outer)
    const axis = openAxis(arena, n, columns)
    return () => axis.run(outer, x, y)
  })
  await rate('fft', n, 2 * outer * columns * 5 * n * Math.log2(n), work)
}

for (const [n, count] of [
  [16, 4096],
  [32, 4096],
  [64, 1024],
  [56, 4096],
  [128, 256],
  [224, 256],
  [256, 64],
]) {
  const images = uniform(count * n * n)
  const out = realFourierTransform(images, [n, n])
  const seconds = best(() => realFourierTransform(images, [n, n], -1, out), 0.3)
  let beside = ''
  if ((n & (n - 1)) === 0) {
    const peer = best(byFftJs(n, images, out), 0.3)
    beside = `   fft.js ${time(peer)}   ${(peer / seconds).toFixed(1)} times as long`
  }
  console.log(`real ${`${n}×${n}`.padEnd(9)} × ${String(count).padStart(4)}   ${time(seconds)}${beside}`)
}

function byFftJs(n: number, images: Float64Array, out: { re: Float64Array; im: Float64Array }): () => void {
  const fft = new FFT(n)
  const half = n / 2 + 1
  const row = new Array<number>(n).fill(0)
  const spectrum = fft.createComplexArray()
  const rows = new Float64Array(n * half * 2)
  const column = fft.createComplexArray()
  return () => {
    for (let start = 0, to = 0; start < images.length; start += n * n, to += n * half) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) row[j] = images[start + i * n + j]
        fft.realTransform(spectrum, row)
        for (let j = 0; j < 2 * half; j++) rows[i * 2 * half + j] = spectrum[j]
      }
      for (let j = 0; j < half; j++) {
        for (let i = 0; i < n; i++) {
          column[2 * i] = rows[2 * (i * half + j)]
          column[2 * i + 1] = rows[2 * (i * half + j) + 1]
        }
        fft.transform(spectrum, column)
        for (let i = 0; i < n; i++) {
          out.re[to + i * half + j] = spectrum[2 * i]
          out.im[to + i * half + j] = spectrum[2 * i + 1]
        }
      }
    }
  }
}
