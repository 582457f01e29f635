/**
 * What bounds the norm of each tap of G, from the planes of `halfPlanes`: Σx², the largest Σ|x| of a row, and that of a column.
 *
 *   planes  in    b(b+1)/2 × 4·(1 + 2·taps) doubles, b = ⌈n/2⌉      w  work  4·b doubles
 *   out     out   (1 + taps) × three doubles
 */
export function planeNorms(n: i32, taps: i32, planes: usize, w: usize, out: usize): void {
  const size = (<usize>(1 + 2 * taps)) << 5
  const length = (<usize>((n + 1) & ~1)) << 3
  for (let t = 0; t <= taps; t++, planes += 32, out += 24) {
    memory.fill(w, 0, 2 * length)
    store<f64>(out, sums(length, planes, size, t == 0 ? 0 : (<usize>taps) << 5, w, w + length))
    store<f64>(out, peak(w, length), 8)
    store<f64>(out, peak(w + length, length), 16)
  }
}

/** Adds |x| of one tap to the sums of its rows and columns; returns Σx². G₀ is there itself, of the others the sums and, `far` behind, the differences. */
function sums(length: usize, at: usize, size: usize, far: usize, rows: usize, columns: usize): f64 {
  let squares = f64x2.splat(0)
  const half = f64x2.splat(0.5)
  for (let j: usize = 0; j < length; j += 16) {
    for (let i = j; i < length; i += 16, at += size) {
      // below the diagonal, entries 00 10 and 01 11; above it what mirrors them
      let x = v128.load(at), y = v128.load(at, 16)
      let p = x, q = y
      if (far > 0) {
        const d = v128.load(at + far), e = v128.load(at + far, 16)
        p = f64x2.mul(half, f64x2.sub(x, d))
        q = f64x2.mul(half, f64x2.sub(y, e))
        x = f64x2.mul(half, f64x2.add(x, d))
        y = f64x2.mul(half, f64x2.add(y, e))
      }
      if (i == j) {
        // entry 01 is the mirror of 10
        y = f64x2.replace_lane(y, 0, 0)
        p = f64x2.replace_lane(p, 0, 0)
        q = f64x2.splat(0)
      }
      squares = f64x2.add(squares, f64x2.add(add(rows + i, columns + j, x, y), add(columns + i, rows + j, p, q)))
    }
  }
  return f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1)
}

/** Two columns x, y of two entries: their sizes to two sums down and two across. Returns x² + y². */
@inline
function add(down: usize, across: usize, x: v128, y: v128): v128 {
  const a = f64x2.abs(x), b = f64x2.abs(y)
  v128.store(down, f64x2.add(v128.load(down), f64x2.add(a, b)))
  v128.store(across, f64x2.add(v128.load(across), f64x2.add(v128.shuffle<f64>(a, b, 0, 2), v128.shuffle<f64>(a, b, 1, 3))))
  return f64x2.add(f64x2.mul(x, x), f64x2.mul(y, y))
}

function peak(x: usize, length: usize): f64 {
  let most: f64 = 0
  for (const end = x + length; x < end; x += 8) most = Math.max(most, load<f64>(x))
  return most
}
