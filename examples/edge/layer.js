import { LIMITS, Refusal } from './limits.js'

/** One layer as JSON: { "kernel": { "data": […], "shape": […] }, "geometry": {…} }. What it means is checked by conv() and dense(). */
export async function* layerOf(body) {
  let layer
  try {
    layer = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await body.rest(LIMITS.json)))
  } catch (error) {
    throw error instanceof Refusal
      ? error
      : new Refusal(400, `body: expected JSON, got something else (${error.message}). Check the syntax`)
  }
  const { name = 'layer', kernel, geometry = {} } = layer ?? {}
  if (typeof kernel !== 'object' || kernel === null)
    throw new Refusal(422, 'kernel: expected { data, shape } or nested arrays, got none. Send { "kernel": …, "geometry": … }')
  yield { name: String(name), op: rank(kernel) === 2 ? 'dense' : 'conv', kernel, geometry }
}

function rank(kernel) {
  if (!Array.isArray(kernel)) return kernel.shape?.length
  let depth = 0
  for (let inner = kernel; Array.isArray(inner); inner = inner[0]) depth++
  return depth
}
