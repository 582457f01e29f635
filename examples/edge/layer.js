import { jsonOf } from './json.js'
import { LIMITS, Refusal } from './limits.js'

/** One layer as JSON: { "kernel": { "data": […], "shape": […] }, "geometry": {…} }. What it means is checked by conv() and dense(). */
export async function* layerOf(body) {
  const layer = jsonOf(await body.rest(LIMITS.json), 'body', 'Check the syntax')
  const { name, kernel, geometry } = layer ?? {}
  if (typeof kernel !== 'object' || kernel === null)
    throw new Refusal(422, 'kernel: expected { data, shape } or nested arrays, got none. Send { "kernel": …, "geometry": … }')
  yield { name: typeof name === 'string' ? name : 'layer', op: rank(kernel) === 2 ? 'dense' : 'conv', kernel, geometry }
}

function rank(kernel) {
  if (!Array.isArray(kernel)) return (kernel.shape ?? kernel.dims)?.length
  let depth = 0
  for (let inner = kernel; Array.isArray(inner); inner = inner[0]) depth++
  return depth
}
