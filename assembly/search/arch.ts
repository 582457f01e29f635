/** How high a surface can rise over a box whose corners, and centre, are known: closed forms of METHODS §7 (docs/enclosure.md). */
import { item, setItem } from './numbers'

const faces: usize = memory.data(64, 8)

/**
 * sup over x ∈ [0, 1]^D of Σ_i w_i(x)·values_i + Σ_d x_d(1 − x_d)·bends_d, w the weights of multilinear interpolation, bounded by taking the supremum along one
 * axis after the other (exact for D = 1); the better of the D cyclic orders. Rounded up, for values that are not negative.
 */
export function arch(axes: i32, values: usize, bends: usize): f64 {
  if (axes == 2) {
    const a = item(values, 0), b = item(values, 1), c = item(values, 2), d = item(values, 3)
    const x = item(bends, 0), y = item(bends, 1)
    return min(crest(crest(a, b, x), crest(c, d, x), y), crest(crest(a, c, y), crest(b, d, y), x)) * (1 + 1e-14)
  }
  let best = axes == 0 ? item(values, 0) : Infinity
  for (let first = 0; first < axes; first++) {
    memory.copy(faces, values, (<usize>8) << axes)
    for (let k = 0; k < axes; k++) collapse((1 << (axes - k)) >> 1, k < axes - first ? first : 0, item(bends, (first + k) % axes))
    best = Math.min(best, item(faces, 0))
  }
  return best * (1 + 1e-14)
}

/** The supremum along the axis whose corners are told apart by bit `place`, for each of `count` places on the others. */
function collapse(count: i32, place: i32, along: f64): void {
  const below = (1 << place) - 1
  for (let i = 0; i < count; i++) {
    const at = ((i & ~below) << 1) | (i & below)
    setItem(faces, i, crest(item(faces, at), item(faces, at + 1 + below), along))
  }
}

/** sup (1 − x)a + xb + x(1 − x)c over [0, 1] */
function crest(a: f64, b: f64, c: f64): f64 {
  const rise = Math.abs(b - a)
  return rise < c ? 0.5 * (a + b) + 0.25 * (c + (rise * rise) / c) : Math.max(a, b)
}

/**
 * The same bound of a box of two axes whose centre is known too: the four triangles between an edge and the centre, each by segments along its edge between two
 * half diagonals. Rounded up, for values that are not negative.
 *
 * @param diagonal ½sup(−p'') along half a diagonal, for p as a function on [0, 1]; at least ¼ of either bend
 */
export function archAround(values: usize, centre: f64, bends: usize, diagonal: f64): f64 {
  if (centre == Infinity) return Infinity
  const a = item(values, 0), b = item(values, 1), c = item(values, 2), d = item(values, 3)
  const x = item(bends, 0), y = item(bends, 1)
  const top = Math.max(
    Math.max(gable(a, b, x, centre, diagonal), gable(c, d, x, centre, diagonal)),
    Math.max(gable(a, c, y, centre, diagonal), gable(b, d, y, centre, diagonal)),
  )
  return top * (1 + 1e-14)
}

/**
 * sup over k, w ∈ [0, 1] of (1 − k)m + k((1 − w)a + wb) + k(1 − k)d + k²w(1 − w)x: k = 0 is the centre, k = 1 the edge. Over w it is k·max(a, b) up to
 * k = |b − a|/x, and ½k(a + b) + ¼(k²x + (b − a)²/x) from there; both sums are concave in k since d ≥ ¼x.
 */
function gable(a: f64, b: f64, x: f64, m: f64, d: f64): f64 {
  const rise = Math.abs(b - a)
  const turn = rise < x ? rise / x : 1
  const low = summit(m, Math.max(a, b) - m + d, -d, 0, turn)
  if (turn == 1) return low
  return Math.max(low, summit(m + (0.25 * rise * rise) / x, 0.5 * (a + b) - m + d, 0.25 * x - d, turn, 1))
}

/** sup p + qk + rk² over [from, to], r ≤ 0 */
function summit(p: f64, q: f64, r: f64, from: f64, to: f64): f64 {
  const k = r < 0 ? Math.min(to, Math.max(from, (-0.5 * q) / r)) : q > 0 ? to : from
  return p + k * (q + k * r)
}
