import { eigenpairs } from '../runtime/hermitian.ts'

/**
 * The part of a complex matrix above a ceiling: `E = Σ_{σ_j > c} (1 − c/σ_j)·(F v_j) v_jᴴ`, so that F − E has its singular values clipped.
 * The v_j are eigenvectors of FᴴF; only as many are computed as exceed c.
 *
 * @param f m × n, column-major, re and im in turn
 * @param count how many singular values exceed c
 */
export function excess(f: Float64Array, m: number, n: number, count: number, c: number): Float64Array {
  const part = new Float64Array(2 * m * n)
  for (const v of eigenpairs(gramOf(f, m, n), n, count).vectors) {
    const w = image(f, m, n, v)
    const sigma = Math.sqrt(w.reduce((sum, x) => sum + x * x, 0))
    if (sigma > c) addOuter(part, w, v, n, 1 - c / sigma)
  }
  return part
}

/** FᴴF, the lower triangle. */
function gramOf(f: Float64Array, m: number, n: number): Float64Array {
  const g = new Float64Array(2 * n * n)
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      const [x, y] = [2 * m * i, 2 * m * j]
      let [re, im] = [0, 0]
      for (let k = 0; k < 2 * m; k += 2) {
        re += f[x + k] * f[y + k] + f[x + k + 1] * f[y + k + 1]
        im += f[x + k] * f[y + k + 1] - f[x + k + 1] * f[y + k]
      }
      g[2 * (j * n + i)] = re
      g[2 * (j * n + i) + 1] = im
    }
  }
  return g
}

/** F v, re and im in turn; v is [re…][im…]. */
function image(f: Float64Array, m: number, n: number, v: Float64Array): Float64Array {
  const w = new Float64Array(2 * m)
  for (let j = 0; j < n; j++) {
    const [re, im] = [v[j], v[n + j]]
    for (let i = 0; i < 2 * m; i += 2) {
      const [fr, fi] = [f[2 * m * j + i], f[2 * m * j + i + 1]]
      w[i] += fr * re - fi * im
      w[i + 1] += fr * im + fi * re
    }
  }
  return w
}

/** part += factor · w vᴴ. */
function addOuter(part: Float64Array, w: Float64Array, v: Float64Array, n: number, factor: number): void {
  for (let j = 0; j < n; j++) {
    const [re, im] = [factor * v[j], -factor * v[n + j]]
    const column = j * w.length
    for (let i = 0; i < w.length; i += 2) {
      part[column + i] += w[i] * re - w[i + 1] * im
      part[column + i + 1] += w[i] * im + w[i + 1] * re
    }
  }
}
