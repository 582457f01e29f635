import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NamedBytes, readModel, type GeometryEntry, type Model } from '../../src/formats/index.ts'

/** Published networks kept beside the repository; tests on them say so and pass where the folder is absent. */
const folder = fileURLToPath(new URL('../../../shared/models/', import.meta.url))

export const present = existsSync(folder + 'LAYERS.json')
if (!present) console.log('skip: ../shared/models is absent, tests on published networks do not run')

export function shared(path: string): NamedBytes {
  const { buffer, byteOffset, length } = readFileSync(folder + path)
  return { name: basename(path), bytes: new Uint8Array(buffer, byteOffset, length) }
}

export function readShared(paths: string | string[], geometry?: Record<string, GeometryEntry>): Model {
  return readModel([paths].flat().map(shared), { geometry })
}

/** What LAYERS.json says of one convolution. */
export interface Expected {
  op: string
  node?: string
  weight: string
  shape: number[]
  layout: string
  stride: number | number[]
  dilation: number | number[]
  groups: number | '=channels'
  padding?: number | string
  pads?: number[]
  auto_pad?: string
  input_shape?: (number | null)[] | null
  fro: number
  max_abs: number
  sum: number
  sha256_values_f32_le_in_file_order: string
}

export function expectedLayers(): Record<string, Expected[]> {
  return JSON.parse(readFileSync(folder + 'LAYERS.json', 'utf8'))
}
