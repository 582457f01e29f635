import { fail } from '../errors.ts'
import { type LinearMemory, type Routines, routines } from './instance.ts'

/**
 * Linear memory as a stack. Nothing outlives the outermost `borrow`: what a routine leaves behind is copied out before it ends.
 * Memory grows by doubling and is kept for the next call, because the first touch of a page is what costs (0.4–0.8 ms/MB).
 */
export interface Arena {
  readonly routines: Routines
  /** Address of `bytes` fresh bytes, a multiple of 16; their content is undefined. Growing detaches views: take them after the last alloc. */
  alloc(bytes: number): number
  /** A view of doubles at an address, valid until the next `alloc`. */
  f64(at: number, length: number): Float64Array
  f32(at: number, length: number): Float32Array
  i32(at: number, length: number): Int32Array
  u8(at: number, length: number): Uint8Array
  /** Copies numbers in and returns their address. */
  put(numbers: ArrayLike<number>): number
}

const PAGE = 65536
/** 4 GiB is the most a 32-bit memory can address; the last page stays free so that no address overflows. */
const LARGEST = 2 ** 32 - PAGE

let top = 0
let depth = 0

const arena: Arena = {
  get routines() {
    return routines()
  },
  alloc(bytes) {
    const at = top
    const end = at + Math.ceil(bytes / 16) * 16
    reserve(end, bytes)
    top = end
    return at
  },
  f64: (at, length) => new Float64Array(routines().memory.buffer, at, length),
  f32: (at, length) => new Float32Array(routines().memory.buffer, at, length),
  i32: (at, length) => new Int32Array(routines().memory.buffer, at, length),
  u8: (at, length) => new Uint8Array(routines().memory.buffer, at, length),
  put(numbers) {
    const at = arena.alloc(numbers.length * 8)
    arena.f64(at, numbers.length).set(numbers)
    return at
  },
}

/** Runs `work` with the arena; all it allocated is given back when it returns or throws. Calls nest like a stack. */
export function borrow<T>(work: (arena: Arena) => T): T {
  if (depth === 0) top = (routines().heapBase() + 15) & ~15
  const mark = top
  depth++
  try {
    return work(arena)
  } finally {
    depth--
    top = mark
  }
}

function reserve(end: number, bytes: number): void {
  const { memory } = routines()
  const held = memory.buffer.byteLength
  if (end <= held) return
  const wanted = Math.min(LARGEST, Math.max(end, 2 * held))
  if (end <= LARGEST && (grown(memory, wanted - held) || grown(memory, end - held))) return
  const mega = (size: number) => `${Math.ceil(size / 2 ** 20)} MB`
  fail(
    'memory',
    'memory',
    `room for ${mega(bytes)} more`,
    `${mega(held)} in use and no more to be had`,
    'Use a smaller layer or input size',
  )
}

function grown(memory: LinearMemory, bytes: number): boolean {
  try {
    memory.grow(Math.ceil(bytes / PAGE))
    return true
  } catch {
    return false
  }
}
