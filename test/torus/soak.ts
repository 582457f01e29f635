/**
 * Thousands of random layers against the oracle: `node --import tsx test/torus/soak.ts [count] [first seed]`.
 * Prints every seed whose bracket is violated, and how many layers were tried.
 */
import { conv } from '../../src/conv.ts'
import { spectralNorm } from '../../src/methods/spectral-norm.ts'
import { randomLayer } from './random-layers.ts'
import { supremum } from './supremum.ts'

const count = Number(process.argv[2] ?? 20_000)
const first = Number(process.argv[3] ?? 1)
const gaps = [1e-3, 1e-6, 1e-9]
let bad = 0
let evaluations = 0
for (let seed = first; seed < first + count; seed++) {
  const layer = randomLayer(seed)
  const { shape, stride, dilation, groups } = layer
  const gap = gaps[seed % 3]
  const bound = spectralNorm(conv({ data: layer.kernel, shape }, { stride, dilation, groups }), { gap, maxEvaluations: 20_000 })
  const truth = supremum(layer, layer.points)
  evaluations += bound.work
  const wide = bound.converged && bound.upper > bound.lower * (1 + gap)
  if (bound.upper < truth * (1 - 1e-13) || bound.lower > truth * (1 + 1e-9) || wide) {
    bad++
    console.log(
      `seed ${seed}: ${bound.lower} ≤ M ≤ ${bound.upper}, oracle ${truth}, ${JSON.stringify({ shape, stride, dilation, groups, gap })}`,
    )
  }
  if ((seed - first + 1) % 2000 === 0)
    console.log(
      `${seed - first + 1} layers, ${bad} violations, ${Math.round(evaluations / (seed - first + 1))} evaluations a layer`,
    )
}
console.log(`${count} layers from seed ${first}: ${bad} violations`)
process.exitCode = bad ? 1 : 0
