/**
 * An oracle for M = sup_θ ‖F(θ)‖₂ that shares no code with src/ and no formula with METHODS §1: a strided convolution is a full one
 * followed by sampling, so T·T* has the symbol (1/Πs)·Σ_a K̂(ω_a)K̂(ω_a)ᴴ over the aliases ω_a = (θ + 2πa)/s, K̂(ω) = Σ_p K_p e^{i δp·ω}.
 * Its largest eigenvalue is sought on a fine grid and then by pattern search from the best points. Never above M.
 */
export interface Layer {
  /** [out, in, k…] of one group after another: out is the number of output channels in all groups. */
  readonly kernel: ArrayLike<number>
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  readonly groups: number
}

export function supremum(layer: Layer, points: number, climbs = 12): number {
  let best = 0
  for (let g = 0; g < layer.groups; g++) best = Math.max(best, groupSupremum(layer, g, points, climbs))
  return best
}

function groupSupremum(layer: Layer, group: number, points: number, climbs: number): number {
  const axes = layer.stride.length
  const f = (theta: readonly number[]) => Math.sqrt(topEigenvalue(...aliased(layer, group, theta)))
  // along the axes and the diagonals: maxima can lie on ridges
  const moves = Array.from({ length: 3 ** axes }, (_, i) =>
    Array.from({ length: axes }, (_, d) => (Math.floor(i / 3 ** d) % 3) - 1),
  )
  const total = points ** axes
  const place = (flat: number) => Array.from({ length: axes }, (_, d) => Math.floor(flat / points ** d) % points)
  // shifted, so that no climb begins on a point of symmetry, where a saddle looks like a maximum
  const angles = (index: readonly number[]) => index.map((i, d) => (2 * Math.PI * (i + 0.17 + 0.11 * d)) / points)
  const values = Float64Array.from({ length: total }, (_, flat) => f(angles(place(flat))))
  const flatOf = (index: readonly number[]) => index.reduce((sum, i, d) => sum + ((i + points) % points) * points ** d, 0)
  // every point as high as its neighbours, the highest first
  const grid = Array.from(values.keys())
    .filter(flat => moves.every(move => values[flatOf(place(flat).map((i, d) => i + move[d]))] <= values[flat]))
    .map(flat => ({ theta: angles(place(flat)), value: values[flat] }))
  grid.sort((a, b) => b.value - a.value)
  let best = grid[0].value
  for (const start of grid.slice(0, climbs)) {
    let { theta, value } = start
    for (let step = (2 * Math.PI) / points; step > 1e-7; ) {
      let improved = false
      for (const move of moves) {
        const there = theta.map((x, d) => x + move[d] * step)
        const next = f(there)
        if (next > value) {
          value = next
          theta = there
          improved = true
        }
      }
      if (!improved) step /= 2.5
    }
    best = Math.max(best, value)
  }
  return best
}

/** Re and Im of the m×m matrix (1/Πs)Σ_a K̂(ω_a)K̂(ω_a)ᴴ. */
function aliased(
  { kernel, shape, stride, dilation, groups }: Layer,
  group: number,
  theta: readonly number[],
): [Float64Array, Float64Array, number] {
  const [out, columns, ...sides] = shape
  const m = out / groups
  const taps = sides.reduce((a, b) => a * b, 1)
  const aliases = stride.reduce((a, b) => a * b, 1)
  const [re, im] = [new Float64Array(m * m), new Float64Array(m * m)]
  for (let alias = 0; alias < aliases; alias++) {
    let rest = alias
    const omega = theta.map((x, d) => {
      const a = rest % stride[d]
      rest = Math.floor(rest / stride[d])
      return (x + 2 * Math.PI * a) / stride[d]
    })
    const [kr, ki] = [new Float64Array(m * columns), new Float64Array(m * columns)]
    for (let p = 0; p < taps; p++) {
      let left = p
      let angle = 0
      for (let d = sides.length - 1; d >= 0; d--) {
        angle += omega[d] * dilation[d] * (left % sides[d])
        left = Math.floor(left / sides[d])
      }
      const [c, s] = [Math.cos(angle), Math.sin(angle)]
      for (let e = 0; e < m * columns; e++) {
        const x = kernel[(group * m * columns + e) * taps + p]
        kr[e] += x * c
        ki[e] += x * s
      }
    }
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < m; j++) {
        for (let k = 0; k < columns; k++) {
          const [ar, ai, br, bi] = [kr[i * columns + k], ki[i * columns + k], kr[j * columns + k], ki[j * columns + k]]
          re[i * m + j] += (ar * br + ai * bi) / aliases
          im[i * m + j] += (ai * br - ar * bi) / aliases
        }
      }
    }
  }
  return [re, im, m]
}

/** A Rayleigh quotient of a Hermitian matrix at the largest column of its 2^10-th power: λ_max to rounding, from below. */
function topEigenvalue(re: Float64Array, im: Float64Array, m: number): number {
  if (m === 1) return re[0]
  let [x, y] = [re, im]
  for (let k = 0; k < 10; k++) {
    const scale = Math.max(...x.map(Math.abs), ...y.map(Math.abs))
    if (scale === 0) return 0
    const [u, v] = [new Float64Array(m * m), new Float64Array(m * m)]
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < m; j++) {
        let [a, b] = [0, 0]
        for (let l = 0; l < m; l++) {
          a += (x[i * m + l] / scale) * (x[l * m + j] / scale) - (y[i * m + l] / scale) * (y[l * m + j] / scale)
          b += (x[i * m + l] / scale) * (y[l * m + j] / scale) + (y[i * m + l] / scale) * (x[l * m + j] / scale)
        }
        u[i * m + j] = a
        v[i * m + j] = b
      }
    }
    ;[x, y] = [u, v]
  }
  let column = 0
  for (let j = 1; j < m; j++) if (x[j * m + j] > x[column * m + column]) column = j
  let [top, square] = [0, 0]
  for (let i = 0; i < m; i++) {
    let [a, b] = [0, 0]
    for (let l = 0; l < m; l++) {
      a += re[i * m + l] * x[l * m + column] - im[i * m + l] * y[l * m + column]
      b += re[i * m + l] * y[l * m + column] + im[i * m + l] * x[l * m + column]
    }
    top += x[i * m + column] * a + y[i * m + column] * b
    square += x[i * m + column] ** 2 + y[i * m + column] ** 2
  }
  return square > 0 ? top / square : 0
}
