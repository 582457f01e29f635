import { countOf, type Frequencies, type Symbol } from '../symbol.ts'
import { type Arena, borrow } from './arena.ts'
import { pairsAbove } from './hermitian.ts'
import { openSymbol } from './symbol-values.ts'

/**
 * What of a symbol lies above a level: `E = Σ_{σ_j > c} (1 − c/σ_j)·(F v_j) v_jᴴ` at every frequency where there is any, so that F − E has
 * its singular values cut at c.
 *
 * The v_j are eigenvectors of FᴴF, and only those above c² are computed; a frequency that stays below costs a Cholesky test of c²I − FᴴF
 * and nothing more. Otherwise 4mn² + (16/3)n³ flops and 8n(n + 2m) for every v_j.
 *
 * @param level c, for the scaled symbol
 * @param take called with the index of the frequency and E, column-major, re and im in turn; E is overwritten by the next one
 * @returns the largest singular value met, 0 if all frequencies stay below
 */
export function excessAt(
  symbol: Symbol,
  group: number,
  frequencies: Frequencies,
  level: number,
  take: (index: number, excess: Float64Array) => void,
): number {
  const { rows: m, columns: n } = symbol
  const count = countOf(frequencies)
  const part = new Float64Array(2 * m * n)
  return borrow(arena => {
    const symbols = openSymbol(arena, symbol, group, frequencies)
    const f = arena.alloc(m * n * 32)
    const g = arena.alloc(n * n * 32)
    const de = arena.alloc(n * 32)
    const exceeds = testAbove(arena, n, g, level * level)
    let sigma = 0
    for (let first = 0; first < count; first += 2) {
      const here = Math.min(2, count - first)
      symbols.write(first, here, f)
      arena.routines.gram(1, m, n, f, g)
      const above = exceeds().slice(0, here)
      if (!above.includes(true)) continue
      borrow(inner => inner.routines.tridiagonal(1, n, g, de, inner.alloc(2 * n * 32)))
      above.forEach((is, lane) => {
        if (!is) return
        const { values, vectors } = pairsAbove(arena, n, g, de, lane as 0 | 1, level * level)
        if (values.length === 0) return
        sigma = Math.max(sigma, Math.sqrt(values[0]))
        cut(arena.f64(f, 4 * m * n).subarray(lane), m, n, vectors, level, part)
        take(first + lane, part)
      })
    }
    return sigma
  })
}

/** Whether some eigenvalue of the pair of Gram matrices at `g` may be at least `t`, lane by lane. */
function testAbove(arena: Arena, n: number, g: number, t: number): () => boolean[] {
  const level = arena.put([t, t])
  const work = arena.alloc(n * n * 32)
  const passed = arena.alloc(16)
  return () => {
    arena.routines.cholesky(1, n, g, level, work, passed)
    return Array.from(arena.f64(passed, 2), ok => ok !== 1)
  }
}

/** part = Σ (1 − c/σ)·(F v) vᴴ over the given eigenvectors; F is one lane of a pair, v is [re…][im…]. */
function cut(f: Float64Array, m: number, n: number, vectors: readonly Float64Array[], c: number, part: Float64Array): void {
  part.fill(0)
  const w = new Float64Array(2 * m)
  for (const v of vectors) {
    image(f, m, n, v, w)
    let square = 0
    for (let i = 0; i < 2 * m; i++) square += w[i] * w[i]
    const sigma = Math.sqrt(square)
    if (sigma > c) addOuter(part, w, v, n, 1 - c / sigma)
  }
}

/** w = F v, re and im in turn. */
function image(f: Float64Array, m: number, n: number, v: Float64Array, w: Float64Array): void {
  w.fill(0)
  for (let j = 0, at = 0; j < n; j++) {
    const [re, im] = [v[j], v[n + j]]
    for (let i = 0; i < 2 * m; i += 2, at += 4) {
      w[i] += f[at] * re - f[at + 2] * im
      w[i + 1] += f[at] * im + f[at + 2] * re
    }
  }
}

/** part += factor · w vᴴ. */
function addOuter(part: Float64Array, w: Float64Array, v: Float64Array, n: number, factor: number): void {
  const length = w.length
  for (let j = 0, at = 0; j < n; j++) {
    const [re, im] = [factor * v[j], -factor * v[n + j]]
    for (let i = 0; i < length; i += 2, at += 2) {
      part[at] += w[i] * re - w[i + 1] * im
      part[at + 1] += w[i] * im + w[i + 1] * re
    }
  }
}
