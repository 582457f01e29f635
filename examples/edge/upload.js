import { readModel } from 'opnorm/audit'
import { jsonOf } from './json.js'
import { LIMITS, Refusal } from './limits.js'

/**
 * The layers of a safetensors upload, one after another while it arrives: only one tensor is ever in memory.
 *
 * The package's own reader sees a file of one tensor each time, so dtypes, checks and the choice between convolution and matrix are its.
 */
export async function* layersOf(body) {
  const length = new DataView((await body.take(8)).buffer).getBigUint64(0, true)
  if (length > BigInt(LIMITS.header))
    throw new Refusal(413, `header: expected at most ${LIMITS.header} bytes, got ${length}. Is this a safetensors file?`)
  const tensors = tensorsOf(await body.take(Number(length)))
  for (const [name, { dtype, shape, data_offsets }] of tensors) {
    const bytes = await body.take(data_offsets[1] - data_offsets[0])
    const { layers } = readModel([{ name: 'upload.safetensors', bytes: fileOf(name, { dtype, shape }, bytes) }])
    yield* layers
  }
  await body.end()
}

/** In the order of their bytes, which are all theirs, as in the package's reader. @throws Refusal */
function tensorsOf(bytes) {
  const header = jsonOf(bytes, 'header', 'Is this a safetensors file?')
  const tensors = Object.entries(header ?? {}).filter(([name]) => name !== '__metadata__')
  let last = 0
  for (const [name, tensor] of tensors.sort(([, a], [, b]) => a?.data_offsets?.[0] - b?.data_offsets?.[0])) {
    const [begin, end] = Array.isArray(tensor?.data_offsets) ? tensor.data_offsets : []
    if (!(Number.isSafeInteger(begin) && Number.isSafeInteger(end) && end >= begin && (begin === last || begin === end)))
      throw new Refusal(
        400,
        `${name}: expected data_offsets that begin at ${last}, got ${JSON.stringify(tensor?.data_offsets)}. The file is damaged`,
      )
    if (end > begin) last = end
  }
  if (last > LIMITS.body)
    throw new Refusal(413, `tensors: expected at most ${LIMITS.body} bytes, got ${last}. Audit large files with the command line`)
  return tensors
}

/** A safetensors file with that tensor alone. */
function fileOf(name, tensor, bytes) {
  const header = new TextEncoder().encode(JSON.stringify({ [name]: { ...tensor, data_offsets: [0, bytes.length] } }))
  const file = new Uint8Array(8 + header.length + bytes.length)
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true)
  file.set(header, 8)
  file.set(bytes, 8 + header.length)
  return file
}
