import type { Layer } from './supremum.ts'

/** A seeded stream of uniform numbers in [0, 1). */
export function uniform(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

/** A small random layer of any geometry: 1- to 3-D, groups, strides, dilations, and kernels that are smooth, sparse, peaked or noisy. */
export function randomLayer(seed: number): Layer & { readonly points: number } {
  const next = uniform(seed)
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  const axes = [1, 2, 2, 2, 3][whole(0, 4)]
  const groups = next() < 0.2 ? 2 : 1
  const sides = Array.from({ length: axes }, () => whole(1, axes === 1 ? 7 : axes === 2 ? 4 : 2))
  const shape = [groups * whole(1, 3), whole(1, 3), ...sides]
  const each = (most: number) => Array.from({ length: axes }, () => (next() < 0.7 ? 1 : whole(1, most)))
  const style = whole(0, 3)
  const kernel = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    const x = next() + next() + next() - 1.5
    if (style === 0) return x
    if (style === 1) return next() < 0.6 ? 0 : x
    if (style === 2) return 1 + 0.01 * x
    return x * 10 ** (6 * next() - 3)
  })
  const dilation = each(3)
  // A dilated kernel repeats its surface that many times a turn.
  const points = [96, 24, 12][axes - 1] * Math.max(...dilation)
  return { kernel, shape, stride: each(3), dilation, groups, points }
}
