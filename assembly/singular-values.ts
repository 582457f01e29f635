/**
 * All singular values of pairs of real bidiagonal matrices, in descending order.
 *
 * Four matrices are four independent dqds iterations that go sweep by sweep together, so that one's divisions run in the shadow of the
 * others'. A matrix that used up its sweeps is solved by bisection instead, which cannot fail. Any finite entries: each matrix is scaled
 * by a power of two of its own. Results do not depend on which matrices are beside each other.
 *
 *   de      in   pairs × n × [d d'][e e']     d, e ≥ 0; the last e is not read
 *   values  out  pairs × n × [σ σ']
 *   w       scratch, 224n + 512 bytes
 */
import { bisection } from './bisection'
import { FLOOR, advance, begin } from './dqds/iteration'
import { Dqds, STATE } from './dqds/state'
import { sweep, sweepBoth, sweepFour } from './dqds/sweep'

export function singularValues(pairs: i32, n: i32, de: usize, values: usize, w: usize): void {
  const lanes = 2 * pairs
  for (let first = 0; first < lanes; first += 4) {
    const end = min(first + 4, lanes)
    let active = 0
    for (let lane = first; lane < end; lane++) {
      const own = w + <usize>(lane - first) * (<usize>n * 56 + STATE)
      const a = changetype<Dqds>(own)
      a.source = de + <usize>(lane >> 1) * (<usize>n << 5) + (<usize>(lane & 1) << 3)
      a.target = values + <usize>(lane >> 1) * (<usize>n << 4) + (<usize>(lane & 1) << 3)
      if (begin(a, n, own + STATE)) active |= 1 << (lane - first)
      else finish(a, n)
    }
    if (active) run(active, n, w)
  }
}

/** Sweeps the matrices whose bits are set until all are done. */
function run(active: i32, n: i32, w: usize): void {
  const step = <usize>n * 56 + STATE
  const a = changetype<Dqds>(w)
  const b = changetype<Dqds>(w + step)
  const c = changetype<Dqds>(w + 2 * step)
  const d = changetype<Dqds>(w + 3 * step)
  while (active) {
    if (active == 15) sweepFour(a, b, c, d)
    else {
      if ((active & 3) == 3) sweepBoth(a, b)
      else if (active & 1) sweep(a)
      else if (active & 2) sweep(b)
      if ((active & 12) == 12) sweepBoth(c, d)
      else if (active & 4) sweep(c)
      else if (active & 8) sweep(d)
    }
    for (let i = 0; i < 4; i++) {
      if (!((active >> i) & 1)) continue
      const x = changetype<Dqds>(w + <usize>i * step)
      if (advance(x)) continue
      finish(x, n)
      active &= ~(1 << i)
    }
  }
}

/** Sorts what was found and scales it back. */
function finish(a: Dqds, n: i32): void {
  const out = a.target
  if (a.sweeps > a.limit) {
    bisection(n, a.source, a.scale, out)
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
