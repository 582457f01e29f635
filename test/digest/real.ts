import { readFileSync } from 'node:fs'
import { readModel } from '../../src/formats/index.ts'
import type { Case } from './cases.ts'

/** The kernels of the trained network in examples/train-shapes, as plain data that JSON keeps exactly. */
export function realKernels(): Case['kernel'][] {
  const bytes = readFileSync(new URL('../../examples/train-shapes/models/shapes.safetensors', import.meta.url))
  return readModel([{ name: 'shapes.safetensors', bytes }]).layers.map(({ kernel }) => ({
    data: Float64Array.from(kernel.data),
    shape: [...kernel.shape],
  }))
}
