import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { conv, type SizedConv } from '../src/index.ts'

const file = fileURLToPath(new URL('../../shared/models/resnet20.safetensors', import.meta.url))

export const hasResnet20 = existsSync(file)

/**
 * The 19 convolutions of a trained network that lies beside this checkout. Strides and sizes follow from the names: stage 1 at 32, 2 at 16,
 * 3 at 8, the first layer of stages 2 and 3 with stride 2.
 */
export function resnet20(): SizedConv[] {
  const bytes = readFileSync(file)
  const header = Number(bytes.readBigUInt64LE(0))
  const tensors: [string, { shape: number[]; data_offsets: number[] }][] = Object.entries(
    JSON.parse(bytes.toString('utf8', 8, 8 + header)),
  )
  return tensors
    .filter(([name, { shape }]) => name !== '__metadata__' && shape.length === 4)
    .map(([name, { shape, data_offsets }]) => {
      const data = Float64Array.from({ length: (data_offsets[1] - data_offsets[0]) / 4 }, (_, i) =>
        bytes.readFloatLE(8 + header + data_offsets[0] + 4 * i),
      )
      const stride = /layer[23]\.0\.conv1/.test(name) ? 2 : 1
      const stage = Number(/layer(\d)/.exec(name)?.[1] ?? 1)
      return conv({ data, shape }, { stride, pad: 1, inputSize: (64 >> stage) * stride })
    })
}
