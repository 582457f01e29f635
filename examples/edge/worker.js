/**
 * Certified norms over HTTP. POST a safetensors file (application/octet-stream) or one layer (application/json), ?gap=1e-3 if less will do:
 *
 *   200  { "layers": [{ "name", "shape", "lower", "upper", "evaluations", "converged" }] }
 *   400  not what it says it is · 405 · 413 above a limit · 415 · 422 well formed, but nothing that has a norm
 *
 * Nothing is kept between requests.
 */
import { OpnormError } from 'opnorm'
import { reader } from './body.js'
import { account } from './certify.js'
import { layerOf } from './layer.js'
import { Refusal } from './limits.js'
import { layersOf } from './upload.js'

const READERS = { 'application/octet-stream': layersOf, 'application/json': layerOf }
const STATUS = { file: 400, memory: 413, runtime: 500 }

export default {
  async fetch(request) {
    try {
      return Response.json({ layers: await certified(request) })
    } catch (error) {
      const status = error instanceof Refusal ? error.status : error instanceof OpnormError ? (STATUS[error.code] ?? 422) : 500
      const message = status === 500 ? `a defect of this service (${error.name})` : error.message
      return Response.json({ error: message }, { status, ...(status === 405 && { headers: { allow: 'POST' } }) })
    }
  },
}

async function certified(request) {
  if (request.method !== 'POST') throw new Refusal(405, `method: expected POST, got ${request.method}. Send a model or a layer`)
  const type = request.headers.get('content-type')?.split(';')[0].trim().toLowerCase() ?? 'none'
  if (!Object.hasOwn(READERS, type))
    throw new Refusal(415, `content-type: expected ${Object.keys(READERS).join(' or ')}, got ${type}. Say what is sent`)
  const gap = Number(new URL(request.url).searchParams.get('gap') ?? 1e-6)
  const body = reader(request)
  const { certify } = account()
  const answers = []
  try {
    body.check()
    for await (const layer of READERS[type](body)) answers.push(certify(layer, gap))
  } catch (error) {
    await body.discard()
    throw error
  }
  if (answers.length === 0)
    throw new Refusal(422, 'upload: expected convolutions or matrices, got none. Nothing in it has a norm')
  return answers
}
