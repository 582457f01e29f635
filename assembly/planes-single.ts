/**
 * The matrix product between Winograd's transforms, in single precision: y[tile][o] = Σ_i kernel[o][i]·x[tile][i].
 *
 *   panels   ceil(m/8) × depth × 8 numbers: the kernel, eight output channels side by side, the last ones filled with zeros
 *   x, y     tiles × depth, tiles × m
 *
 * A block is 8 channels × 4 tiles: eight accumulators, two loads of the kernel and four splats of the input for eight products. m and
 * depth are multiples of four.
 */
export function planeSingle(tiles: i32, depth: i32, m: i32, panels: usize, x: usize, y: usize): void {
  const row = (<usize>depth) << 2
  const out = (<usize>m) << 2
  for (let o = 0; o < m; o += 8, panels += 8 * row, y += 32) {
    let from = x
    let to = y
    for (let left = tiles; left > 0; left -= 4, from += 4 * row, to += 4 * out) {
      block(min(4, left), row, panels, from, m - o > 4, out, to)
    }
  }
}

/** `tiles` ≤ 4 by eight channels, or four where not `whole`; missing tiles repeat the last one and are not stored. */
@inline
function block(tiles: i32, row: usize, w: usize, x0: usize, whole: bool, out: usize, y: usize): void {
  const x1 = tiles > 1 ? x0 + row : x0
  const x2 = tiles > 2 ? x1 + row : x1
  const x3 = tiles > 3 ? x2 + row : x2
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0)
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0)
  for (let at: usize = 0; at < row; at += 4, w += 32) {
    const k0 = v128.load(w)
    const k1 = v128.load(w, 16)
    let s = v128.load32_splat(x0 + at)
    a0 = f32x4.add(a0, f32x4.mul(k0, s))
    b0 = f32x4.add(b0, f32x4.mul(k1, s))
    s = v128.load32_splat(x1 + at)
    a1 = f32x4.add(a1, f32x4.mul(k0, s))
    b1 = f32x4.add(b1, f32x4.mul(k1, s))
    s = v128.load32_splat(x2 + at)
    a2 = f32x4.add(a2, f32x4.mul(k0, s))
    b2 = f32x4.add(b2, f32x4.mul(k1, s))
    s = v128.load32_splat(x3 + at)
    a3 = f32x4.add(a3, f32x4.mul(k0, s))
    b3 = f32x4.add(b3, f32x4.mul(k1, s))
  }
  put(y, whole, a0, b0)
  if (tiles > 1) put(y + out, whole, a1, b1)
  if (tiles > 2) put(y + 2 * out, whole, a2, b2)
  if (tiles > 3) put(y + 3 * out, whole, a3, b3)
}

@inline
function put(at: usize, whole: bool, a: v128, b: v128): void {
  v128.store(at, a)
  if (whole) v128.store(at, b, 16)
}
