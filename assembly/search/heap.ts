/**
 * What a search remembers, above all that JavaScript has borrowed: everything is kept until the search ends, and scratch is the room above it. Memory grows by
 * doubling, as src/runtime/arena.ts does it.
 */
import { aligned } from './gram-symbol'

const PAGE: usize = 65536
/** The last page of what 32 bits can address stays free, so that no address overflows. */
const LARGEST: f64 = 4294901760

let top: usize = 0

export function openHeap(from: usize): void {
  top = from
}

/** Where scratch begins; JavaScript may borrow from there between two calls. 0 once there was no memory for what a search needs. */
export function heapTop(): usize {
  return top
}

/** To keep. */
export function allocate(bytes: usize): usize {
  const at = room(<f64>bytes)
  top = at + aligned(bytes)
  return at
}

/** Scratch, until the next call of `allocate` or of `room`. Without memory for it the search ends in a trap, and `heapTop` is 0. */
export function room(bytes: f64): usize {
  if (<f64>top + bytes > LARGEST) exhausted()
  const held = (<usize>memory.size()) * PAGE
  const end = top + aligned(<usize>bytes)
  if (end <= held) return top
  const wanted = <i32>(min<usize>(held, <usize>LARGEST - held) / PAGE)
  const needed = <i32>((end - held + PAGE - 1) / PAGE)
  if ((wanted < needed || memory.grow(wanted) < 0) && memory.grow(needed) < 0) exhausted()
  return top
}

function exhausted(): void {
  top = 0
  unreachable()
}

/** A list of addresses that grows. */
@unmanaged
export class List {
  items: usize
  length: i32
  capacity: i32

  @inline
  get(i: i32): usize {
    return load<u32>(this.items + ((<usize>i) << 2))
  }

  @inline
  set(i: i32, item: usize): void {
    store<u32>(this.items + ((<usize>i) << 2), item)
  }

  push(item: usize): void {
    if (this.length == this.capacity) {
      const capacity = max(16, 2 * this.capacity)
      const items = allocate((<usize>capacity) << 2)
      memory.copy(items, this.items, (<usize>this.length) << 2)
      this.items = items
      this.capacity = capacity
    }
    this.length++
    this.set(this.length - 1, item)
  }
}

/** An empty list at an address of its own, 12 bytes. */
export function openList(list: List): void {
  list.items = 0
  list.length = 0
  list.capacity = 0
}
