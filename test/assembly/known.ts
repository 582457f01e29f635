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

/**
 * The same for long ones, one reflection from each side in doubles: Σ − u(pᴴ) − q(vᴴ) + s·u(vᴴ) entry by entry, each within a few 2⁻⁵³ of the
 * largest value, which moves no value by more than some 10⁻¹⁵√n of it.
 */
export function withManyValues(rows: number, values: ArrayLike<number>, seed: number): Complex {
  const columns = values.length
  const next = random(seed)
  const [u, v] = [unit(rows, next), unit(columns, next)]
  // s = 4·uᴴΣv
  let [sr, si] = [0, 0]
  for (let k = 0; k < columns; k++) {
    sr += 4 * values[k] * (u.re[k] * v.re[k] + u.im[k] * v.im[k])
    si += 4 * values[k] * (u.re[k] * v.im[k] - u.im[k] * v.re[k])
  }
  const a = zeros(rows, columns)
  for (let j = 0; j < columns; j++) {
    // u·conj(c)·(…) with c = 2σ_j u_j − conj(s)·v_j, and 2σ_i v_i·conj(v_j)
    const [cr, ci] = [
      2 * values[j] * u.re[j] - (sr * v.re[j] + si * v.im[j]),
      2 * values[j] * u.im[j] - (sr * v.im[j] - si * v.re[j]),
    ]
    for (let i = 0; i < rows; i++) {
      const at = j * rows + i
      const twice = i < columns ? 2 * values[i] : 0
      a.re[at] = (i === j ? values[i] : 0) - (u.re[i] * cr + u.im[i] * ci)
      a.im[at] = u.re[i] * ci - u.im[i] * cr
      if (i >= columns) continue
      a.re[at] -= twice * (v.re[i] * v.re[j] + v.im[i] * v.im[j])
      a.im[at] -= twice * (v.im[i] * v.re[j] - v.re[i] * v.im[j])
    }
  }
  return a
}

function unit(length: number, next: () => number): { re: number[]; im: number[] } {
  const x = Array.from({ length: 2 * length }, next)
  const norm = Math.sqrt(x.reduce((s, y) => s + y * y, 0))
  return { re: x.slice(0, length).map(y => y / norm), im: x.slice(length).map(y => y / norm) }
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
