import { topEigenvalue } from './top-eigenvalue.ts'

/** A layer in the oracle's words. */
export interface Layer {
  /** [out, in, k…] of one group after another: out is the number of output channels in all groups. */
  readonly kernel: ArrayLike<number>
  readonly shape: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  readonly groups: number
}

/**
 * λ(θ) = ‖F(θ)‖₂² of one group as a function of its angles, with no formula of METHODS §1: a strided convolution is a full one followed by
 * sampling, so T·T* has the symbol (1/Πs)·Σ_a K̂(ω_a)K̂(ω_a)ᴴ over the aliases ω_a = (θ + 2πa)/s, K̂(ω) = Σ_p K_p e^{iδp·ω}.
 */
export interface Surface {
  readonly axes: number
  /** Degree of λ's trigonometric polynomials along each axis. */
  readonly degrees: readonly number[]
  /** λ at an angle, or any upper bound of it that is below `unless`. */
  at(theta: ArrayLike<number>, unless?: number): number
}

/** @param scale divides the kernel first; a power of two, so that squares stay in range */
export function surfaceOf(layer: Layer, group: number, scale: number): Surface {
  const { stride, dilation, groups } = layer
  const [out, columns, ...sides] = layer.shape
  const m = out / groups
  const plane = m * columns
  const axes = sides.length
  const taps = product(sides)
  const aliases = product(stride)
  const kernel = byTaps(layer.kernel, group * plane * taps, plane, taps, scale)
  const [re, im] = [new Float64Array(m * m), new Float64Array(m * m)]
  const [kr, ki] = [new Float64Array(plane), new Float64Array(plane)]
  const phases = new Float64Array(2 * taps)
  const omega = new Float64Array(axes)
  const addAlias = () => {
    fillPhases(phases, sides, dilation, omega)
    transform(kernel, phases, taps, plane, kr, ki)
    addProduct(kr, ki, m, columns, re, im)
  }
  return {
    axes,
    degrees: sides.map((k, d) => Math.floor((dilation[d] * (k - 1)) / stride[d])),
    at(theta, unless = 0) {
      re.fill(0)
      im.fill(0)
      for (let alias = 0; alias < aliases; alias++) {
        let rest = alias
        for (let d = 0; d < axes; d++) {
          omega[d] = (theta[d] + 2 * Math.PI * (rest % stride[d])) / stride[d]
          rest = Math.floor(rest / stride[d])
        }
        addAlias()
      }
      if (unless > 0) {
        const bound = frobenius(re, im, m) / aliases
        if (bound < unless) return bound
      }
      return topEigenvalue(re, im, m) / aliases
    },
  }
}

/** A group's kernel tap by tap. */
function byTaps(kernel: ArrayLike<number>, first: number, plane: number, taps: number, scale: number): Float64Array {
  const planes = new Float64Array(plane * taps)
  for (let e = 0; e < plane; e++) for (let p = 0; p < taps; p++) planes[p * plane + e] = kernel[first + e * taps + p] / scale
  return planes
}

/** e^{iδp·ω} of every tap, one axis after the other. */
function fillPhases(phases: Float64Array, sides: readonly number[], dilation: readonly number[], omega: Float64Array): void {
  phases[0] = 1
  phases[1] = 0
  let filled = 1
  for (let d = 0; d < sides.length; d++) {
    const k = sides[d]
    for (let p = k - 1; p >= 0; p--) {
      const angle = omega[d] * dilation[d] * p
      const [c, s] = p === 0 ? [1, 0] : [Math.cos(angle), Math.sin(angle)]
      // the last axis is the fastest: from the end, so that nothing is overwritten before it is read
      for (let before = filled - 1; before >= 0; before--) {
        const [x, y] = [phases[2 * before], phases[2 * before + 1]]
        work[2 * (before * k + p)] = x * c - y * s
        work[2 * (before * k + p) + 1] = x * s + y * c
      }
    }
    filled *= k
    for (let i = 0; i < 2 * filled; i++) phases[i] = work[i]
  }
}
const work = new Float64Array(2 * 4096)

function transform(kernel: Float64Array, phases: Float64Array, taps: number, plane: number, kr: Float64Array, ki: Float64Array) {
  kr.fill(0)
  ki.fill(0)
  for (let p = 0, at = 0; p < taps; p++) {
    const c = phases[2 * p]
    const s = phases[2 * p + 1]
    for (let e = 0; e < plane; e++, at++) {
      kr[e] += kernel[at] * c
      ki[e] += kernel[at] * s
    }
  }
}

/** H += K̂K̂ᴴ */
function addProduct(kr: Float64Array, ki: Float64Array, m: number, columns: number, re: Float64Array, im: Float64Array): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let x = 0
      let y = 0
      for (let k = 0, a = i * columns, b = j * columns; k < columns; k++, a++, b++) {
        x += kr[a] * kr[b] + ki[a] * ki[b]
        y += ki[a] * kr[b] - kr[a] * ki[b]
      }
      re[i * m + j] += x
      im[i * m + j] += y
      if (i === j) continue
      re[j * m + i] += x
      im[j * m + i] -= y
    }
  }
}

function frobenius(re: Float64Array, im: Float64Array, m: number): number {
  let squares = 0
  for (let i = 0; i < m * m; i++) squares += re[i] * re[i] + im[i] * im[i]
  return Math.sqrt(squares) * (1 + 1e-12)
}

function product(sides: readonly number[]): number {
  return sides.reduce((a, b) => a * b, 1)
}
