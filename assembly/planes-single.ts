/**
 * The matrix product between Winograd's transforms, in single precision: y[tile][o] = Σ_i kernel[o][i]·x[tile][i].
 *
 *   panels   ceil(m/16) × depth × 16 numbers: the kernel, sixteen output channels side by side, the last ones filled with zeros
 *   x, y     tiles × depth, tiles × m
 *
 * A block is 16 channels × 2 tiles: eight accumulators, four loads of the kernel and two splats of the input for eight products. m is a
 * multiple of four.
 */
export function planeSingle(tiles: i32, depth: i32, m: i32, panels: usize, x: usize, y: usize): void {
  const row = (<usize>depth) << 2
  const out = (<usize>m) << 2
  for (let o = 0; o < m; o += 16, panels += 16 * row, y += 64) {
    let from = x
    let to = y
    for (let left = tiles; left > 0; left -= 2, from += 2 * row, to += 2 * out) {
      const other: usize = left > 1 ? 1 : 0
      block(row, panels, from, from + other * row, m - o, to, to + other * out)
    }
  }
}

/** Two tiles by sixteen channels, of which `width` are stored. */
@inline
function block(row: usize, w: usize, x0: usize, x1: usize, width: i32, y0: usize, y1: usize): void {
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0)
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0)
  for (const end = x0 + row; x0 < end; x0 += 4, x1 += 4, w += 64) {
    const k0 = v128.load(w)
    const k1 = v128.load(w, 16)
    const k2 = v128.load(w, 32)
    const k3 = v128.load(w, 48)
    let s = v128.load32_splat(x0)
    a0 = f32x4.add(a0, f32x4.mul(k0, s))
    a1 = f32x4.add(a1, f32x4.mul(k1, s))
    a2 = f32x4.add(a2, f32x4.mul(k2, s))
    a3 = f32x4.add(a3, f32x4.mul(k3, s))
    s = v128.load32_splat(x1)
    b0 = f32x4.add(b0, f32x4.mul(k0, s))
    b1 = f32x4.add(b1, f32x4.mul(k1, s))
    b2 = f32x4.add(b2, f32x4.mul(k2, s))
    b3 = f32x4.add(b3, f32x4.mul(k3, s))
  }
  put(y0, width, a0, a1, a2, a3)
  put(y1, width, b0, b1, b2, b3)
}

/** Stores the first `width` of sixteen numbers. */
@inline
function put(at: usize, width: i32, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(at, a)
  if (width > 4) v128.store(at, b, 16)
  if (width > 8) v128.store(at, c, 32)
  if (width > 12) v128.store(at, d, 48)
}
