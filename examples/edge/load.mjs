/**
 * 500 requests, 8 at a time, half of them bad: every one gets the answer it should, and the server's memory does not grow.
 *
 *   npm run load
 */
import { readFile } from 'node:fs/promises'
import { serve } from './serve.mjs'

const REQUESTS = 500
/** Requests before: the engine compiles, and its heap reaches the size it keeps. */
const WARM_UP = 500
const AT_ONCE = 8
const PORT = 8788
/** Resident size of the second half over that of the first. */
const MOST_GROWTH = 1.1

const model = await readFile(new URL('../train-shapes/models/shapes.safetensors', import.meta.url))
const json = value => ['application/json', typeof value === 'string' ? value : JSON.stringify(value)]
const file = bytes => ['application/octet-stream', bytes]
const kernel = { data: Array.from({ length: 144 }, (_, i) => ((i * 7919) % 101) - 50), shape: [4, 4, 3, 3] }
const good = [
  [200, ...json({ kernel })],
  [200, ...json({ kernel, geometry: { stride: 2, padding: 'circular' } })],
  [
    200,
    ...json({
      kernel: [
        [3, 0],
        [0, 4],
      ],
    }),
    4,
  ],
  [200, 'Application/JSON; charset=utf-8', JSON.stringify({ kernel })],
  [200, ...file(model)],
]
const bad = [
  [400, ...json('{"kernel": ')],
  [400, ...file(model.subarray(0, 5000))],
  [400, ...file(model.subarray(0, 5))],
  [413, ...file(new Uint8Array(9_000_000))],
  [413, ...file(new Uint8Array(64).fill(255))],
  [413, ...json({ kernel: { data: new Array(400_000).fill(0.125), shape: [400, 1000, 1, 1] }, geometry: { stride: 64 } })],
  [415, 'text/plain', 'hello'],
  [422, ...json({})],
  [422, ...json({ kernel: { data: [1, 2], shape: [1, 1, 3] } })],
  [422, ...json({ kernel: { data: [1, null, 3], shape: [1, 1, 3] } })],
  [422, ...json({ kernel, geometry: { groups: 3 } })],
  [422, ...json({ kernel, geometry: null })],
  // Small requests that promise large things.
  [422, ...json({ kernel, geometry: { pad: { length: 1e9 } } })],
  [422, ...json({ kernel, geometry: { stride: { length: 4e9 } } })],
  [413, ...json(`{"kernel": ${'['.repeat(100_000)}1${']'.repeat(100_000)}}`)],
  [413, ...json({ kernel: { data: [1], shape: [1, 1, 30_000, 30_000], strides: [0, 0, 0, 0] } })],
  [413, ...json({ kernel: { data: [1], shape: [1, 1, 1000, 1000], strides: [0, 0, 0, 0] } })],
  [400, ...file(Buffer.concat([model, new Uint8Array(8)]))],
]

const server = await serve(PORT)
const wrong = []
const sizes = []
await send(WARM_UP)
sizes.length = 0
const begun = performance.now()
await send(REQUESTS)
const seconds = (performance.now() - begun) / 1000
server.kill()
report()

function send(requests) {
  let sent = 0
  const client = async () => {
    while (sent < requests) await request(sent++)
  }
  return Promise.all(Array.from({ length: AT_ONCE }, client))
}

async function request(i) {
  const [status, type, body] = i % 2 === 0 ? good[(i / 2) % good.length] : bad[((i - 1) / 2) % bad.length]
  const answer = await fetch(`http://127.0.0.1:${PORT}/?gap=1e-3`, { method: 'POST', headers: { 'content-type': type }, body })
    .then(async response => ({ status: response.status, ...(await response.json()) }))
    .catch(error => ({ status: 0, error: String(error.cause ?? error) }))
  if (answer.status !== status || (status === 200 && !answer.layers.every(enclosed)))
    wrong.push(`${i}: expected ${status}, got ${JSON.stringify(answer)}`)
  sizes.push(await residentSize())
}

function enclosed({ lower, upper }) {
  return lower > 0 && upper >= lower && upper <= lower * 1.001
}

/** Megabytes, where /proc says so. */
async function residentSize() {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8').catch(() => '')
  return Number(status.match(/VmRSS:\s+(\d+)/)?.[1] ?? Number.NaN) / 1024
}

function report() {
  const mean = list => list.reduce((sum, size) => sum + size, 0) / list.length
  const [first, second] = [mean(sizes.slice(0, REQUESTS / 2)), mean(sizes.slice(REQUESTS / 2))]
  console.log(`${sizes.length} requests in ${seconds.toFixed(1)} s, ${wrong.length} answered wrongly`)
  console.log(
    `resident size: ${first.toFixed(1)} MB in the first half, ${second.toFixed(1)} MB in the second (${(second / first).toFixed(3)}×)`,
  )
  for (const line of wrong.slice(0, 10)) console.log(line)
  process.exit(wrong.length > 0 || sizes.length !== REQUESTS || second > first * MOST_GROWTH ? 1 : 0)
}
