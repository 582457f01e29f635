/** Numbers in (−1, 1) from a linear congruential generator: the same in every run. */
export function seeded(seed: number, length: number): Float64Array {
  let state = (seed * 2654435761 + 12345) >>> 0
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}
