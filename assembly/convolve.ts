/**
 * A convolution and its weight gradient, on channels-last vectors. Geometry is tables: which input each output pixel starts at, and which
 * runs of adjacent numbers its taps cover. So stride, dilation, padding, dimension and the adjoint are the caller's, and cost nothing here.
 *
 *   places   per output pixel (u32, u32): byte offset of its first input in x, of its channels in y
 *   table    per run (i32, i32): byte offset from the pixel's first input, and length in doubles; the lengths add up to `depth`
 *   panels   ceil(m/4) × depth × 4 doubles: the kernel, four output channels side by side, short ones filled with zeros
 *
 * A tile is 4 channels × 4 pixels: eight accumulators, two loads of the kernel and four splats of the input for eight products.
 */

/** Pixels that share one pass over the kernel: their input stays in the second-level cache, a panel in the first. */
const CHUNK: i32 = 128

/** y[pixel][o] = Σ over runs of kernel[o][·]·x[pixel + run][·], for m output channels; x may be read up to its last run only. */
export function convolve(
  pixels: i32, places: usize, runs: i32, table: usize, depth: i32, m: i32, panels: usize, x: usize, y: usize,
): void {
  const panelBytes = (<usize>depth) << 5
  for (let first = 0; first < pixels; first += CHUNK) {
    const last = min(first + CHUNK, pixels)
    let panel = panels
    let out = y
    for (let o = 0; o < m; o += 4, panel += panelBytes, out += 32) {
      for (let p = first; p < last; p += 4) {
        tile(min(4, last - p), places + ((<usize>p) << 3), runs, table, min(4, m - o), panel, x, out)
      }
    }
  }
}

/** A tile of `pixels` ≤ 4 by `width` ≤ 4: missing pixels repeat the last one and are not stored. */
@inline
function tile(pixels: i32, place: usize, runs: i32, table: usize, width: i32, panel: usize, x: usize, y: usize): void {
  const place1 = pixels > 1 ? place + 8 : place
  const place2 = pixels > 2 ? place + 16 : place1
  const place3 = pixels > 3 ? place + 24 : place2
  const x0 = x + load<u32>(place)
  const x1 = x + load<u32>(place1)
  const x2 = x + load<u32>(place2)
  const x3 = x + load<u32>(place3)
  let a0 = f64x2.splat(0), a1 = f64x2.splat(0), a2 = f64x2.splat(0), a3 = f64x2.splat(0)
  let b0 = f64x2.splat(0), b1 = f64x2.splat(0), b2 = f64x2.splat(0), b3 = f64x2.splat(0)
  let w = panel
  for (const stop = table + ((<usize>runs) << 3); table < stop; table += 8) {
    let at = <usize>load<i32>(table)
    const end = w + ((<usize>load<i32>(table, 4)) << 5)
    for (; w < end; w += 32, at += 8) {
      const k0 = v128.load(w)
      const k1 = v128.load(w, 16)
      let s = v128.load64_splat(x0 + at)
      a0 = f64x2.add(a0, f64x2.mul(k0, s))
      b0 = f64x2.add(b0, f64x2.mul(k1, s))
      s = v128.load64_splat(x1 + at)
      a1 = f64x2.add(a1, f64x2.mul(k0, s))
      b1 = f64x2.add(b1, f64x2.mul(k1, s))
      s = v128.load64_splat(x2 + at)
      a2 = f64x2.add(a2, f64x2.mul(k0, s))
      b2 = f64x2.add(b2, f64x2.mul(k1, s))
      s = v128.load64_splat(x3 + at)
      a3 = f64x2.add(a3, f64x2.mul(k0, s))
      b3 = f64x2.add(b3, f64x2.mul(k1, s))
    }
  }
  put(y + load<u32>(place, 4), width, a0, b0)
  if (pixels > 1) put(y + load<u32>(place1, 4), width, a1, b1)
  if (pixels > 2) put(y + load<u32>(place2, 4), width, a2, b2)
  if (pixels > 3) put(y + load<u32>(place3, 4), width, a3, b3)
}

/** Stores the first `width` of four numbers. */
function put(at: usize, width: i32, a: v128, b: v128): void {
  if (width > 3) {
    v128.store(at, a)
    v128.store(at, b, 16)
    return
  }
  v128.store64_lane(at, a, 0)
  if (width > 1) v128.store64_lane(at, a, 1, 8)
  if (width > 2) v128.store64_lane(at, b, 0, 16)
}

/**
 * The gradient of ⟨u, K v⟩ with respect to the kernel, in the layout of the panels: out[o][j] = Σ over pixels of u[pixel][o]·v[pixel + run][j].
 * Reads up to 24 bytes beyond the last number of u and of v; what it finds there reaches only the padding of the panels.
 */
export function correlate(
  pixels: i32, places: usize, runs: i32, table: usize, m: i32, u: usize, v: usize, out: usize,
): void {
  const stop = table + ((<usize>runs) << 3)
  const end = places + ((<usize>pixels) << 3)
  for (let o = 0; o < m; o += 4, u += 32) {
    for (let r = table; r < stop; r += 8) {
      const length = load<i32>(r, 4)
      for (let j = 0; j < length; j += 4) {
        moment(places, end, u, v + <usize>load<i32>(r) + ((<usize>j) << 3), min(4, length - j), out)
        out += (<usize>min(4, length - j)) << 5
      }
    }
  }
}

/** Σ over pixels of four numbers of u times `width` ≤ 4 numbers of v. */
@inline
function moment(place: usize, end: usize, u: usize, v: usize, width: i32, out: usize): void {
  let a0 = f64x2.splat(0), a1 = f64x2.splat(0), a2 = f64x2.splat(0), a3 = f64x2.splat(0)
  let b0 = f64x2.splat(0), b1 = f64x2.splat(0), b2 = f64x2.splat(0), b3 = f64x2.splat(0)
  for (; place < end; place += 8) {
    const at = v + load<u32>(place)
    const from = u + load<u32>(place, 4)
    const k0 = v128.load(from)
    const k1 = v128.load(from, 16)
    let s = v128.load64_splat(at)
    a0 = f64x2.add(a0, f64x2.mul(k0, s))
    b0 = f64x2.add(b0, f64x2.mul(k1, s))
    s = v128.load64_splat(at, 8)
    a1 = f64x2.add(a1, f64x2.mul(k0, s))
    b1 = f64x2.add(b1, f64x2.mul(k1, s))
    s = v128.load64_splat(at, 16)
    a2 = f64x2.add(a2, f64x2.mul(k0, s))
    b2 = f64x2.add(b2, f64x2.mul(k1, s))
    s = v128.load64_splat(at, 24)
    a3 = f64x2.add(a3, f64x2.mul(k0, s))
    b3 = f64x2.add(b3, f64x2.mul(k1, s))
  }
  put(out, 4, a0, b0)
  if (width > 1) put(out + 32, 4, a1, b1)
  if (width > 2) put(out + 64, 4, a2, b2)
  if (width > 3) put(out + 96, 4, a3, b3)
}

/**
 * One kernel per channel (depthwise): y[pixel][c] = Σ over taps of kernel[tap][c]·x[pixel + tap][c], `table` being (i32 offset, 1) per tap.
 * Reads 8 bytes beyond the last channel where their number is odd.
 */
export function convolveDepthwise(
  pixels: i32, places: usize, taps: i32, table: usize, channels: i32, kernel: usize, x: usize, y: usize,
): void {
  const stop = table + ((<usize>taps) << 3)
  const row = (<usize>channels) << 3
  for (const end = places + ((<usize>pixels) << 3); places < end; places += 8) {
    const from = x + load<u32>(places)
    const to = y + load<u32>(places, 4)
    for (let c: usize = 0; c < row; c += 16) {
      let sum = f64x2.splat(0)
      let w = kernel + c
      for (let t = table; t < stop; t += 8, w += row) {
        sum = f64x2.add(sum, f64x2.mul(v128.load(w), v128.load(from + c + <usize>load<i32>(t))))
      }
      if (row - c > 8) v128.store(to + c, sum)
      else v128.store64_lane(to + c, sum, 0)
    }
  }
}

/** The gradient of the depthwise kernel: out[tap][c] = Σ over pixels of u[pixel][c]·v[pixel + tap][c]. */
export function correlateDepthwise(
  pixels: i32, places: usize, taps: i32, table: usize, channels: i32, u: usize, v: usize, out: usize,
): void {
  const end = places + ((<usize>pixels) << 3)
  const row = (<usize>channels) << 3
  for (const stop = table + ((<usize>taps) << 3); table < stop; table += 8, out += row) {
    const tap = v + <usize>load<i32>(table)
    for (let c: usize = 0; c < row; c += 16) {
      let sum = f64x2.splat(0)
      for (let place = places; place < end; place += 8) {
        sum = f64x2.add(sum, f64x2.mul(v128.load(u + c + load<u32>(place, 4)), v128.load(tap + c + load<u32>(place))))
      }
      if (row - c > 8) v128.store(out + c, sum)
      else v128.store64_lane(out + c, sum, 0)
    }
  }
}

/** Copies segments (u32 to, u32 from, u32 bytes), which is how a vector gets its zero or circular border. */
export function relay(count: i32, segments: usize, from: usize, to: usize): void {
  for (let i = 0; i < count; i++, segments += 12) {
    memory.copy(to + load<u32>(segments), from + load<u32>(segments, 4), load<u32>(segments, 8))
  }
}
