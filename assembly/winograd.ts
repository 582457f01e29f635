/**
 * Winograd's minimal filtering F(4×4, 3×3) on channels-last images: a tile of 4×4 outputs takes 36 products a channel pair instead of 144.
 * The products in between are 36 matrix products, one for each entry of the transformed tile; `convolve` makes them.
 *
 *   planes  36 of them, `plane` bytes apart: entry e = 6·row + column of every tile, channels-last     w  scratch, 36 × 16 bytes
 *
 * Numbers of channels are even. Lavin & Gray 2016, arXiv:1509.09308.
 */

/** A line of six through Bᵀ, each number `step` bytes after the one before; results `next` bytes apart. */
@inline
function spread(x: usize, step: usize, y: usize, next: usize): void {
  const x0 = v128.load(x)
  const x1 = v128.load(x + step)
  const x2 = v128.load(x + 2 * step)
  const x3 = v128.load(x + 3 * step)
  const x4 = v128.load(x + 4 * step)
  const x5 = v128.load(x + 5 * step)
  const four = f64x2.splat(4)
  const two = f64x2.splat(2)
  const five = f64x2.splat(5)
  v128.store(y, f64x2.add(f64x2.sub(f64x2.mul(four, x0), f64x2.mul(five, x2)), x4))
  const even = f64x2.sub(x4, f64x2.mul(four, x2))
  const odd = f64x2.sub(x3, f64x2.mul(four, x1))
  v128.store(y + next, f64x2.add(even, odd))
  v128.store(y + 2 * next, f64x2.sub(even, odd))
  const near = f64x2.sub(x4, x2)
  const far = f64x2.mul(two, f64x2.sub(x3, x1))
  v128.store(y + 3 * next, f64x2.add(near, far))
  v128.store(y + 4 * next, f64x2.sub(near, far))
  v128.store(y + 5 * next, f64x2.add(f64x2.sub(f64x2.mul(four, x1), f64x2.mul(five, x3)), x5))
}

/** A line of six through Aᵀ: four numbers. */
@inline
function gather(x: usize, step: usize, y: usize, next: usize): void {
  const x1 = v128.load(x + step)
  const x2 = v128.load(x + 2 * step)
  const x3 = v128.load(x + 3 * step)
  const x4 = v128.load(x + 4 * step)
  const sum = f64x2.add(x1, x2)
  const difference = f64x2.sub(x1, x2)
  const outerSum = f64x2.add(x3, x4)
  const outerDifference = f64x2.sub(x3, x4)
  v128.store(y, f64x2.add(f64x2.add(v128.load(x), sum), outerSum))
  v128.store(y + next, f64x2.add(difference, f64x2.mul(f64x2.splat(2), outerDifference)))
  v128.store(y + 2 * next, f64x2.add(sum, f64x2.mul(f64x2.splat(4), outerSum)))
  v128.store(
    y + 3 * next,
    f64x2.add(f64x2.add(difference, f64x2.mul(f64x2.splat(8), outerDifference)), v128.load(x + 5 * step)),
  )
}

/** A row of tiles to its planes: planes[e][tile] = (Bᵀ d B)[e]; x is the tiles' first pixel, `row` bytes a row of pixels. */
export function winogradInput(tiles: i32, channels: i32, row: usize, x: usize, plane: usize, planes: usize, w: usize): void {
  const pixel = (<usize>channels) << 3
  for (let t = 0; t < tiles; t++, x += 4 * pixel, planes += pixel) {
    for (let c: usize = 0; c < pixel; c += 16) {
      for (let j: usize = 0; j < 6; j++) spread(x + c + j * pixel, row, w + j * 16, 96)
      for (let i: usize = 0; i < 6; i++) spread(w + i * 96, 16, planes + c + 6 * i * plane, plane)
    }
  }
}

/** A row of tiles from its planes: y ← Aᵀ P A, the first `height` ≤ 4 rows of it and `width` pixels of each row. */
export function winogradOutput(
  width: i32, height: i32, channels: i32, row: usize, y: usize, plane: usize, planes: usize, w: usize,
): void {
  const pixel = (<usize>channels) << 3
  for (let left = width; left > 0; left -= 4, y += 4 * pixel, planes += pixel) {
    const columns = <usize>min(4, left)
    for (let c: usize = 0; c < pixel; c += 16) {
      for (let j: usize = 0; j < 6; j++) gather(planes + c + j * plane, 6 * plane, w + j * 16, 96)
      for (let i: usize = 0; i < <usize>height; i++) {
        gather(w + i * 96, 16, w + 384, 16)
        for (let j: usize = 0; j < columns; j++) v128.store(y + c + i * row + j * pixel, v128.load(w + 384 + j * 16))
      }
    }
  }
}
