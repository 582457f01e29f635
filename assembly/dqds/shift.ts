/** Which shift a sweep takes. */
import { Dqds, leading } from './state'

/**
 * The next shift, below λ_min nearly always and close to it once the end of the window is coming loose: the second-order estimate
 * q − q·e/gap, or the Rayleigh quotient less the residual of the vector that solves all rows but the last; else a part of the smallest d.
 */
export function shift(a: Dqds): f64 {
  const lead = leading(a)
  if (a.last > lead) return lead * (1.0 / 3.0)
  const end = a.qe + ((<usize>a.hi) << 4)
  const q = Math.min(a.last, load<f64>(end))
  const gap = 0.75 * lead - q
  const e = load<f64>(end - 8)
  let tau = q * (1.0 / 3.0)
  if (e < 0.5 * gap) tau = Math.max(tau, q * (1 - e / gap))
  if (e < 0.01 * gap) return tau
  let length: f64 = 0
  let product: f64 = 1
  for (let p = end, first = a.qe + ((<usize>a.lo) << 4); p > first; p -= 16) {
    product *= load<f64>(p - 8) / load<f64>(p - 16)
    length += product
    if (length > 0.5) return tau
    if (product < 0.01 * length) break
  }
  return Math.max(tau, (q * (1 - Math.sqrt(length))) / (1 + length))
}

/** The failed sweep tells: if only the last d is negative, τ plus it lies just below λ_min. */
export function lessShift(a: Dqds): void {
  a.failures++
  if (a.failures > 2) a.tau = 0
  else if (leading(a) > 0 && a.last < 0) a.tau = Math.max(0, (a.tau + a.last) * (1 - 1e-15))
  else a.tau *= 0.25
}
