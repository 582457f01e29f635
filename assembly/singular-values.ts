/**
 * All singular values of pairs of real bidiagonal matrices, in descending order.
 *
 * The two lanes are two independent dqds iterations that take turns sweep by sweep, so that one's divisions run in the shadow of the
 * other's. A matrix that used up its sweeps is solved by bisection instead, which cannot fail. Any finite entries: each matrix is scaled by
 * a power of two of its own.
 *
 *   de      in   pairs × n × [d d'][e e']     d, e ≥ 0; the last e is not read
 *   values  out  pairs × n × [σ σ']
 *   w       scratch, 112n + 256 bytes
 */
import { bisection } from './bisection'
import { Dqds, FLOOR, begin, advance, sweep, sweepBoth } from './inline/dqds'

export function singularValues(pairs: i32, n: i32, de: usize, values: usize, w: usize): void {
  const room = (<usize>n) * 56
  const a = changetype<Dqds>(w)
  const b = changetype<Dqds>(w + 128)
  for (let g = 0; g < pairs; g++) {
    let left = begin(a, n, de, w + 256)
    let right = begin(b, n, de + 8, w + 256 + room)
    while (left && right) {
      sweepBoth(a, b)
      left = advance(a)
      right = advance(b)
    }
    while (left) {
      sweep(a)
      left = advance(a)
    }
    while (right) {
      sweep(b)
      right = advance(b)
    }
    finish(a, n, de, values)
    finish(b, n, de + 8, values + 8)
    de += (<usize>n) << 5
    values += (<usize>n) << 4
  }
}

/** Sorts what was found and scales it back. */
function finish(a: Dqds, n: i32, de: usize, out: usize): void {
  if (a.sweeps > a.limit) {
    bisection(n, de, a.scale, out)
    return
  }
  // Nearly sorted already: dqds finds the small values first and stores them last.
  for (let i = 0; i < n; i++) {
    const x = load<f64>(a.found + ((<usize>i) << 3))
    let at = out + ((<usize>i) << 4)
    for (; at > out && load<f64>(at - 16) < x; at -= 16) store<f64>(at, load<f64>(at - 16))
    store<f64>(at, x)
  }
  const back = 1 / a.scale
  for (let i = 0; i < n; i++) {
    const at = out + ((<usize>i) << 4)
    const square = load<f64>(at)
    store<f64>(at, square > 2 * FLOOR ? Math.sqrt(square) * back : 0)
  }
}
