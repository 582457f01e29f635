import { pow2 } from '../rounding.ts'
import { exponentOf, type Frequencies, type Symbol } from '../symbol.ts'
import { borrow } from './arena.ts'
import { symbolAt } from './evaluate.ts'
import { timesRealPower } from './real-powers.ts'

/**
 * Derivative of g = ‖F(θ)‖ in the Schatten-p norm, p = 2^(t+1), with respect to F at one frequency: g^(1−p)·F·(FᴴF)^(2^t − 1).
 *
 * (FᴴF)^(2^t−1) = G₁G₂⋯G_t for G_{j+1} = G_j² (METHODS §4). Iterates and products are scaled by powers of two as they grow; the true scale
 * comes back from Euler's identity Re⟨∂g/∂F, F⟩ = g, since g is homogeneous of degree 1.
 *
 * @param norm g
 * @returns (re, im) of rows × columns, column-major; zeros where F is zero
 */
export function schattenDerivative(
  symbol: Symbol,
  group: number,
  frequency: Frequencies,
  steps: number,
  norm: number,
): Float64Array {
  const { rows: m, columns: n } = symbol
  const value = symbolAt(symbol, group, frequency)
  const direction = steps === 0 ? value : isReal(value) ? realDirection(value, m, n, steps) : timesPower(value, m, n, steps)
  let inner = 0
  for (let i = 0; i < value.length; i++) inner += value[i] * direction[i]
  const factor = inner > 0 ? norm / inner : 0
  for (let i = 0; i < direction.length; i++) direction[i] *= factor
  return direction
}

/** Dense layers, and frequencies of zero and half a turn. */
function isReal(value: Float64Array): boolean {
  for (let i = 1; i < value.length; i += 2) if (value[i] !== 0) return false
  return true
}

function realDirection(value: Float64Array, m: number, n: number, steps: number): Float64Array {
  const f = new Float64Array(m * n)
  for (let i = 0; i < f.length; i++) f[i] = value[2 * i]
  const power = timesRealPower(f, m, n, steps)
  const direction = new Float64Array(value.length)
  for (let i = 0; i < power.length; i++) direction[2 * i] = power[i]
  return direction
}

/** A positive multiple of F·G₁G₂⋯G_t. */
function timesPower(value: Float64Array, m: number, n: number, steps: number): Float64Array {
  const adjoint = new Float64Array(value.length)
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < m; i++) {
      adjoint[2 * (i * n + j)] = value[2 * (j * m + i)]
      adjoint[2 * (i * n + j) + 1] = -value[2 * (j * m + i) + 1]
    }
  }
  let g = adjointTimes(value, n, value, n, m)
  let h = g
  for (let step = 2; step <= steps; step++) {
    g = adjointTimes(g, n, g, n, n)
    h = adjointTimes(h, n, g, n, n)
  }
  return adjointTimes(adjoint, m, h, n, n)
}

/**
 * AᴴB up to a power of two that brings the largest entry into [½, 1): the block below the diagonal of the Gram matrix of [B A].
 *
 * @param a depth × p, @param b depth × q, complex (re, im), column-major
 */
function adjointTimes(a: Float64Array, p: number, b: Float64Array, q: number, depth: number): Float64Array {
  const result = new Float64Array(2 * p * q)
  // Slices of q columns keep the Gram matrix within four times what is wanted of it.
  for (let first = 0; first < p; first += q) {
    const count = Math.min(q, p - first)
    const side = q + count
    borrow(({ alloc, f64, routines }) => {
      const stacked = alloc(depth * side * 32)
      const out = alloc(side * side * 32)
      const from = f64(stacked, depth * side * 4)
      spread(b, 0, q * depth, from, 0)
      spread(a, first * depth, count * depth, from, q * depth)
      routines.gram(1, depth, side, stacked, out)
      const to = f64(out, side * side * 4)
      for (let j = 0; j < q; j++) {
        for (let i = 0; i < count; i++) {
          result[2 * (j * p + first + i)] = to[4 * (j * side + q + i)]
          result[2 * (j * p + first + i) + 1] = to[4 * (j * side + q + i) + 2]
        }
      }
    })
  }
  const factor = pow2(-exponentOf(result))
  return result.map(x => x * factor)
}

/** `count` complex numbers into both lanes. */
function spread(from: Float64Array, first: number, count: number, to: Float64Array, at: number): void {
  for (let i = 0; i < count; i++) {
    const [re, im] = [from[2 * (first + i)], from[2 * (first + i) + 1]]
    const slot = 4 * (at + i)
    to[slot] = re
    to[slot + 1] = re
    to[slot + 2] = im
    to[slot + 3] = im
  }
}
