/** One matrix on its way. A window [lo, hi] of the array is being worked on; below it everything is found, above wait other blocks. */
@unmanaged
export class Dqds {
  /** First d of the matrix, at a stride of 32 bytes; where its first value goes, at a stride of 16. */
  source: usize
  target: usize
  /** [q e] by index, 16 bytes each, in two buffers that sweeps go between; `other` is the distance from one to the other. */
  qe: usize
  other: isize
  /** For the last index of a waiting block: its first index and its shift so far. */
  blocks: usize
  found: usize
  lo: i32
  hi: i32
  sweeps: i32
  limit: i32
  failures: i32
  parity: i32
  /** Power of two that the entries were multiplied by. */
  scale: f64
  /** Sum of shifts, in two parts. */
  sigma: f64
  rest: f64
  tau: f64
  /** Of the last sweep: the last three d, the smallest of those before, and the smallest new e. */
  last: f64
  second: f64
  third: f64
  least: f64
  leastE: f64
}

/** Bytes that a state is given, a multiple of 16. */
export const STATE: usize = 128

/** The smallest d of the last sweep but for the last one. */
@inline
export function leading(a: Dqds): f64 {
  return Math.min(Math.min(a.least, a.third), a.second)
}

/** The other buffer becomes the current one. */
export function turn(a: Dqds): void {
  a.qe += a.other
  a.other = -a.other
  a.parity ^= 1
}

/** Turns the window round if its small end comes first: the reversed (q, e) has the same values. */
export function turnRound(a: Dqds): bool {
  const first = a.qe + ((<usize>a.lo) << 4)
  const last = a.qe + ((<usize>a.hi) << 4)
  if (load<f64>(first) * 1.5 >= load<f64>(last)) return false
  let p = first
  let q = last
  for (; p < q; p += 16, q -= 16) {
    const x = load<f64>(p)
    store<f64>(p, load<f64>(q))
    store<f64>(q, x)
  }
  for (p = first + 8, q = last - 8; p < q; p += 16, q -= 16) {
    const x = load<f64>(p)
    store<f64>(p, load<f64>(q))
    store<f64>(q, x)
  }
  return true
}
