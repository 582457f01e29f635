/** Uniform in [−½, ½), from 32 bits of state (mulberry32): a start, not a source of chance. */
export function uniform(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32 - 0.5
  }
}
