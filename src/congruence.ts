/** The next 32 bits of a linear congruence: starts for iterations, the same in every runtime. Its high bits vary most. */
export function congruence(state: number): number {
  return (Math.imul(state, 1664525) + 1013904223) | 0
}
