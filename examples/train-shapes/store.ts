import { shapes } from './draw.ts'
import { layers, type Parameters } from './network.ts'
import { type Stored, toSafetensors } from './safetensors.ts'

/**
 * The trained network as a safetensors file with the names and the order of axes PyTorch uses: `*.weight` [out, in, k, k] or [out, in],
 * `*.bias` [out]. The metadata says what the format cannot: strides and input sizes, and what was measured.
 */
export function store({ kernels, biases }: Parameters, measured: Readonly<Record<string, string>>): Uint8Array {
  const tensors: Record<string, Stored> = {}
  layers.forEach(({ name, shape }, l) => {
    tensors[`${name}.weight`] = outputsFirst(kernels[l], shape)
    tensors[`${name}.bias`] = { shape: [biases[l].length], data: biases[l] }
  })
  return toSafetensors(tensors, { classes: shapes.join(' '), geometry: JSON.stringify(geometry()), ...measured })
}

/** Stride and input size of the convolutions, as a `--geometry` table of the command line. */
export function geometry(): Record<string, { stride: number; inputSize: number }> {
  const convolutions = layers.filter(layer => layer.shape.length === 4)
  return Object.fromEntries(
    convolutions.map(({ name, stride, inputSide }) => [`${name}.weight`, { stride, inputSize: inputSide }]),
  )
}

/** [k, k, in, out] to [out, in, k, k], and [in, out] to [out, in]. */
export function outputsFirst(data: Float32Array, shape: readonly number[]): Stored {
  const [inputs, outputs] = shape.slice(-2)
  const taps = shape.slice(0, -2)
  const area = taps.reduce((product, n) => product * n, 1)
  const moved = new Float32Array(data.length)
  for (let p = 0; p < area; p++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) moved[(o * inputs + i) * area + p] = data[(p * inputs + i) * outputs + o]
    }
  }
  return { shape: [outputs, inputs, ...taps], data: moved }
}
