import type { Arena } from './arena.ts'

/** The transform along one axis, its tables in memory. */
export interface TransformAxis {
  /** Transforms `outer` blocks in the buffer `x`, with `y` as room; returns which of the two holds the result. */
  run(outer: number, x: number, y: number): number
}

/** @param stride elements between neighbours along the axis, which are columns transformed together */
export function openAxis(arena: Arena, n: number, stride: number): TransformAxis {
  const radices = radicesOf(n)
  return radices ? openSmooth(arena, n, stride, radices) : openBluestein(arena, n, stride)
}

/** Elements of a block in the second-level cache, as in assembly/fft/transform.ts. */
const BLOCK = 4096

function openSmooth(arena: Arena, n: number, stride: number, radices: number[]): TransformAxis {
  const { list, twiddles } = putPasses(arena, n, radices)
  const scratch = n * stride > BLOCK && stride > 1 ? arena.alloc(Math.max(n, BLOCK) * 64) : 0
  // Addresses come back signed.
  return { run: (outer, x, y) => arena.routines.fft(outer, n, stride, radices.length, list, twiddles, x, y, scratch) >>> 0 }
}

function openBluestein(arena: Arena, n: number, stride: number): TransformAxis {
  const { routines } = arena
  let length = 2 * n - 1
  while (!radicesOf(length)) length++
  const radices = radicesOf(length)!
  const { list, twiddles } = putPasses(arena, length, radices)
  // e^{−πi k²/n}: whole turns of k² over 2n, k² taken modulo 2n on the way so that it stays whole for any n.
  const squares = new Float64Array(n)
  for (let k = 1; k < n; k++) squares[k] = (squares[k - 1] + 2 * k - 1) % (2 * n)
  const chirp = putTurns(
    arena,
    squares.map(square => -square),
    2 * n,
  )
  const spectrum = arena.alloc(length * 16)
  const scratch = arena.alloc(Math.max(length, BLOCK) * 64)
  // The transform of conj chirp, divided by the length, through the lanes like any other signal.
  const wave = arena.f64(scratch, 4 * length).fill(0)
  const values = arena.f64(chirp, 2 * n)
  for (let k = 0; k < n; k++) {
    for (const at of k === 0 ? [0] : [k, length - k]) {
      wave[4 * at] = values[2 * k] / length
      wave[4 * at + 2] = -values[2 * k + 1] / length
    }
  }
  const done = arena.f64(
    routines.fft(1, length, 1, radices.length, list, twiddles, scratch, scratch + length * 32, 0) >>> 0,
    4 * length,
  )
  arena.f64(spectrum, 2 * length).set(Float64Array.from({ length: 2 * length }, (_, i) => done[2 * i]))
  return {
    run(outer, x) {
      routines.bluestein(outer, n, stride, length, radices.length, list, twiddles, chirp, spectrum, x, scratch)
      return x
    },
  }
}

/** Factors 4, then 2, 3, 5, 7, whose product is n: the last pass has no twiddles, so the dearest radix comes last. Undefined for other primes. */
function radicesOf(n: number): number[] | undefined {
  const radices: number[] = []
  for (const r of [4, 2, 3, 5, 7]) for (; n % r === 0; n /= r) radices.push(r)
  return n === 1 ? radices : undefined
}

/** Radices, and the twiddles of every pass: of radix r over length n, w^{pk} for p < n/r, 0 < k < r. */
function putPasses(arena: Arena, n: number, radices: number[]): { list: number; twiddles: number } {
  const list = arena.alloc(radices.length * 4)
  arena.i32(list, radices.length).set(radices)
  const turns: number[] = []
  let length = n
  for (const r of radices) {
    const m = length / r
    for (let p = 0; p < m; p++) for (let k = 1; k < r; k++) turns.push(-p * k * (n / length))
    length = m
  }
  return { list, twiddles: putTurns(arena, turns, n) }
}

/** (cos, sin) of whole turns over n. */
function putTurns(arena: Arena, turns: ArrayLike<number>, n: number): number {
  const out = arena.alloc(turns.length * 16)
  const from = arena.put(turns)
  arena.routines.turns(turns.length, n, from, out)
  return out
}
