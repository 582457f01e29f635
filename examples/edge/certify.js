import { conv, dense, spectralNorm } from 'opnorm'
import { LIMITS, Refusal } from './limits.js'

/** An account of what a request has used; each layer gets as many evaluations as are left for its size. */
export function account() {
  const begun = Date.now()
  let work = LIMITS.work
  let layers = 0
  return {
    /** @returns the enclosure of the layer's norm as JSON keeps it @throws Refusal, OpnormError */
    certify({ name, op, kernel, geometry }, gap) {
      if (++layers > LIMITS.layers)
        throw new Refusal(413, `layers: expected at most ${LIMITS.layers}, got more. Use the command line`)
      if (Date.now() - begun > LIMITS.time)
        throw new Refusal(413, `time: expected at most ${LIMITS.time} ms, got more. Use the command line`)
      if (entriesOf(kernel) > LIMITS.entries)
        throw new Refusal(413, `${name}: expected at most ${LIMITS.entries} entries, got more. Use the command line`)
      const layer = op === 'dense' ? dense(kernel) : conv(kernel, geometry)
      if (product(layer.kernelSize) > LIMITS.taps)
        throw new Refusal(413, `${name}: expected at most ${LIMITS.taps} taps, got more. Use the command line`)
      const cost = costOf(layer)
      const maxEvaluations = Math.min(LIMITS.evaluations, Math.floor(work / cost))
      if (maxEvaluations < 1)
        throw new Refusal(
          413,
          `${name}: expected less work, got a layer of about ${cost.toExponential(1)} multiplications a frequency. Use the command line`,
        )
      const { lower, upper, work: evaluations, converged } = spectralNorm(layer, { gap, maxEvaluations })
      work -= evaluations * cost
      return { name, shape: layer.kernel.shape, lower, upper, evaluations, converged: converged ?? true }
    },
  }
}

/** What a shape promises: strides of 0 make a kernel of any size out of one number. A shape that is none is refused where it is read. */
function entriesOf({ shape, dims }) {
  const sides = shape ?? dims
  return Array.isArray(sides) && sides.every(Number.isInteger) ? product(sides) : 0
}

/** Multiplications of one norm evaluation: the symbol, then its Gram matrix and that matrix's largest eigenvalue. */
function costOf({ kernel, inChannels, outChannels, groups, stride }) {
  const columns = (Math.min(inChannels, outChannels) / groups) * product(stride)
  return 4 * kernel.data.length * (1 + columns) + 1000
}

function product(numbers) {
  return numbers.reduce((a, b) => a * b, 1)
}
