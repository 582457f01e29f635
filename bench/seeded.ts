/** Standard normal numbers by mulberry32 and Box–Muller, rounded to float32 after scaling: the kernels that the NumPy baselines use. */
export function seeded(seed: number, length: number, std: number): Float64Array {
  const numbers = new Float64Array(length)
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  for (let i = 0; i < length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
    const angle = 2 * Math.PI * uniform()
    numbers[i] = Math.fround(radius * Math.cos(angle) * std)
    if (i + 1 < length) numbers[i + 1] = Math.fround(radius * Math.sin(angle) * std)
  }
  return numbers
}
