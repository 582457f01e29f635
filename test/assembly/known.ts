/**
 * Matrices whose singular values are known: A = P Σ Qᴴ with P, Q products of random Householder reflections, in double-double arithmetic
 * (about 32 digits), rounded to doubles once at the end. That rounding moves no value by more than 2⁻⁵³‖A‖_F.
 */
import { type Complex, random, zeros } from './pairs.ts'

type Double = readonly [number, number]

/** m×n with the given singular values (n of them, m ≥ n). */
export function withValues(rows: number, values: ArrayLike<number>, seed: number, reflections = 4): Complex {
  const columns = values.length
  const next = random(seed)
  const re = Array.from(
    { length: rows * columns },
    (_, at): Double => [at % rows === Math.floor(at / rows) ? values[at % rows] : 0, 0],
  )
  const im = re.map((): Double => [0, 0])
  for (let r = 0; r < reflections; r++) {
    for (const side of ['left', 'right'] as const) {
      const length = side === 'left' ? rows : columns
      const x = Array.from({ length }, next)
      const y = Array.from({ length }, next)
      // Vectors are rows or columns of A; a reflection from the right uses conj(v), which is as random.
      for (let k = 0; k < (side === 'left' ? columns : rows); k++) {
        reflect(re, im, x, y, side === 'left' ? k * rows : k, side === 'left' ? 1 : rows)
      }
    }
  }
  const a = zeros(rows, columns)
  re.forEach((value, at) => {
    a.re[at] = value[0]
    a.im[at] = im[at][0]
  })
  return a
}

/** a ← a − 2v(vᴴa)/(vᴴv) for the vector at start, start + stride, … */
function reflect(re: Double[], im: Double[], x: number[], y: number[], start: number, stride: number): void {
  let norm: Double = [0, 0]
  let sr: Double = [0, 0]
  let si: Double = [0, 0]
  for (let i = 0, at = start; i < x.length; i++, at += stride) {
    norm = add(norm, add(times([x[i], 0], x[i]), times([y[i], 0], y[i])))
    sr = add(sr, add(times(re[at], x[i]), times(im[at], y[i])))
    si = add(si, add(times(im[at], x[i]), times(re[at], -y[i])))
  }
  sr = over(times(sr, -2), norm)
  si = over(times(si, -2), norm)
  for (let i = 0, at = start; i < x.length; i++, at += stride) {
    re[at] = add(re[at], add(times(sr, x[i]), times(si, -y[i])))
    im[at] = add(im[at], add(times(si, x[i]), times(sr, y[i])))
  }
}

function add([ah, al]: Double, [bh, bl]: Double): Double {
  const s = ah + bh
  const t = s - ah
  const e = ah - (s - t) + (bh - t) + (al + bl)
  const h = s + e
  return [h, e - (h - s)]
}

function times([ah, al]: Double, b: number): Double {
  const p = ah * b
  const ta = 134217729 * ah
  const tb = 134217729 * b
  const a1 = ta - (ta - ah)
  const b1 = tb - (tb - b)
  const a2 = ah - a1
  const b2 = b - b1
  const e = a2 * b2 - (p - a1 * b1 - a2 * b1 - a1 * b2) + al * b
  const h = p + e
  return [h, e - (h - p)]
}

function over(a: Double, b: Double): Double {
  const q = a[0] / b[0]
  const rest = add(a, times(b, -q))
  return add([q, 0], [rest[0] / b[0], 0])
}
