/**
 * ∂f/∂x[i] by central differences at two steps, extrapolated (Richardson): the error falls with the fourth power of the step.
 */
export function difference(f: (x: Float64Array) => number, x: ArrayLike<number>, i: number, step = 1e-3): number {
  const at = (h: number) => {
    const moved = Float64Array.from(x)
    moved[i] += h
    return f(moved)
  }
  const central = (h: number) => (at(h) - at(-h)) / (2 * h)
  return (4 * central(step / 2) - central(step)) / 3
}

/** The largest difference between a gradient and its differences at some entries, relative to the gradient's largest entry. */
export function worstDifference(
  f: (x: Float64Array) => number,
  x: ArrayLike<number>,
  gradient: ArrayLike<number>,
  { entries = 12, step = 1e-3 } = {},
): number {
  const largest = Array.from(gradient).reduce((most, g) => Math.max(most, Math.abs(g)), 1e-300)
  let worst = 0
  for (let n = 0; n < entries; n++) {
    const i = entries >= x.length ? n % x.length : (n * 7919) % x.length
    worst = Math.max(worst, Math.abs(difference(f, x, i, step) - gradient[i]) / largest)
  }
  return worst
}
