import { type Complex, withTapTensor } from '../runtime/contract.ts'
import { groupTaps, type Symbol } from '../symbol.ts'

/** Unit vectors u (rows), v (columns) and one for each spatial axis; A(u, v, x…) = Σ A·u⊗v⊗x…, without conjugates. */
export interface Factors {
  readonly u: Complex
  readonly v: Complex
  readonly axes: readonly Complex[]
}

export interface Climb {
  readonly factors: Factors
  /** |A(u, v, x…)|, a floor of ‖A‖_σ. */
  readonly value: number
  readonly sweeps: number
  readonly converged: boolean
}

/** The climb ends after two sweeps that move no vector by more than this: values stand still long before, since they are stationary there. */
const STILL = 1e-13

/**
 * Higher-order power method on the complex tensor norm max |A(u, v, x₁ … x_D)| (METHODS §5): each vector in turn becomes the conjugate of
 * the contraction with the others, normalised. The value never falls.
 */
export function climbTensor(symbol: Symbol, group: number, start: Factors, sweeps: number): Climb {
  const sides = symbol.offsets.map(q => q.length)
  return withTapTensor(groupTaps(symbol, group), symbol.rows, symbol.columns, tensor => {
    let { u, v } = start
    const axes = [...start.axes]
    let [value, still, done] = [0, 0, 0]
    while (done < sweeps && still < 2) {
      tensor.fold(outer(axes))
      u = unit(tensor.left(v)).vector
      const right = unit(tensor.right(u))
      let moved = distance(v, right.vector)
      v = right.vector
      let next = right.length
      if (axes.length > 0) {
        const forms = tensor.forms(u, v)
        for (let d = 0; d < axes.length; d++) {
          const along = unit(contract(forms, sides, axes, d))
          moved = Math.max(moved, distance(axes[d], along.vector))
          axes[d] = along.vector
          next = along.length
        }
      }
      still = moved <= STILL || next === 0 ? still + 1 : 0
      value = Math.max(value, next)
      done++
    }
    return { factors: { u, v, axes }, value, sweeps: done, converged: still >= 2 || value === 0 }
  })
}

function distance(x: Complex, y: Complex): number {
  let square = 0
  for (let i = 0; i < x.re.length; i++) square += (x.re[i] - y.re[i]) ** 2 + (x.im[i] - y.im[i]) ** 2
  return Math.sqrt(square)
}

/** x₁ ⊗ … ⊗ x_D, last axis fastest. */
export function outer(axes: readonly Complex[]): Complex {
  let [re, im] = [Float64Array.of(1), Float64Array.of(0)]
  for (const axis of axes) {
    const k = axis.re.length
    const next = { re: new Float64Array(re.length * k), im: new Float64Array(re.length * k) }
    for (let a = 0; a < re.length; a++) {
      for (let b = 0; b < k; b++) {
        next.re[a * k + b] = re[a] * axis.re[b] - im[a] * axis.im[b]
        next.im[a * k + b] = re[a] * axis.im[b] + im[a] * axis.re[b]
      }
    }
    ;({ re, im } = next)
  }
  return { re, im }
}

/** Σ over all axes but d of S·x…, a vector along axis d. */
function contract(forms: Complex, sides: readonly number[], axes: readonly Complex[], d: number): Complex {
  const others = outer(axes.map((axis, e) => (e === d ? { re: Float64Array.of(1), im: Float64Array.of(0) } : axis)))
  const result = { re: new Float64Array(sides[d]), im: new Float64Array(sides[d]) }
  const inner = sides.slice(d + 1).reduce((product, k) => product * k, 1)
  for (let tap = 0; tap < forms.re.length; tap++) {
    const along = Math.floor(tap / inner) % sides[d]
    const rest = Math.floor(tap / (inner * sides[d])) * inner + (tap % inner)
    result.re[along] += forms.re[tap] * others.re[rest] - forms.im[tap] * others.im[rest]
    result.im[along] += forms.re[tap] * others.im[rest] + forms.im[tap] * others.re[rest]
  }
  return result
}

/** The conjugate at unit length, and the length it had; the first axis where it was zero. */
export function unit({ re, im }: Complex): { vector: Complex; length: number } {
  let square = 0
  for (let i = 0; i < re.length; i++) square += re[i] * re[i] + im[i] * im[i]
  const length = Math.sqrt(square)
  const vector = { re: new Float64Array(re.length), im: new Float64Array(re.length) }
  if (length === 0) vector.re[0] = 1
  for (let i = 0; length > 0 && i < re.length; i++) {
    vector.re[i] = re[i] / length
    vector.im[i] = -im[i] / length
  }
  return { vector, length }
}
