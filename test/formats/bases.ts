import type { NamedBytes } from '../../src/formats/index.ts'
import { present, shared } from './shared-models.ts'
import { writeNpy, writeZip } from './writers/npy.ts'
import { floats, writeOnnx } from './writers/onnx.ts'
import { torchTensor, writeTorchLegacy, writeTorchZip } from './writers/pickle.ts'
import { f32, writeSafetensors } from './writers/safetensors.ts'

/** One sound file of each format, small enough to damage often; the files that belong to it follow it. */
export type Files = NamedBytes[]

const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => ((i * 37) % 101) / 50 - 1)
const bytesOf = (n: number) => new Uint8Array(ramp(n).buffer)
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

function onnx(): Uint8Array {
  const norm = ['g', 'b', 'm', 'v'].map(name => floats(name, [4], [1, 2, 3, 4]))
  return writeOnnx({
    nodes: [
      { op: 'Conv', inputs: ['x', 'w'], outputs: ['a'], attributes: { strides: [2, 2], pads: [1, 1, 1, 1], group: 1 } },
      { op: 'BatchNormalization', inputs: ['a', 'g', 'b', 'm', 'v'], outputs: ['c'] },
      { op: 'Relu', inputs: ['c'], outputs: ['d'] },
      { op: 'Flatten', inputs: ['d'], outputs: ['e'] },
      { op: 'Gemm', inputs: ['e', 'f'], outputs: ['y'], attributes: { transB: 1, alpha: { float: 0.5 } } },
    ],
    initializers: [floats('w', [4, 3, 3, 3], ramp(108)), ...norm, { name: 'f', dims: [2, 64], floats: ramp(128) }],
    inputs: [{ name: 'x', shape: ['n', 3, 8, 8] }],
    outputs: [{ name: 'y', shape: ['n', 2] }],
  })
}

const weights = [
  { name: 'c/kernel', shape: [3, 3, 2, 4], dtype: 'float32' },
  { name: 'd/kernel', shape: [4, 2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.1, min: -1 } },
]
const shard = { name: 's.bin', bytes: new Uint8Array([...bytesOf(72), ...bytesOf(2)]) }
const manifest = [{ paths: ['s.bin'], weights }]

function layersModel(): Uint8Array {
  const layer = (kind: string, name: string, from: string[], config = {}) => ({
    class_name: kind,
    config: { name, ...config },
    name,
    inbound_nodes: from.length ? [from.map(input => [input, 0, 0, {}])] : [],
  })
  const config = {
    name: 'm',
    layers: [
      layer('InputLayer', 'i', [], { batch_input_shape: [null, 8, 8, 2] }),
      layer('Conv2D', 'c', ['i'], { strides: [1, 1], padding: 'same', activation: 'relu', use_bias: false }),
      layer('GlobalAveragePooling2D', 'p', ['c']),
      layer('Dense', 'd', ['p'], { use_bias: false }),
    ],
    input_layers: [['i', 0, 0]],
    output_layers: [['d', 0, 0]],
  }
  return text({ modelTopology: { model_config: { class_name: 'Functional', config } }, weightsManifest: manifest })
}

function graphModel(): Uint8Array {
  const node = (name: string, op: string, input: string[] = [], attr = {}) => ({ name, op, input, attr })
  const strides = { strides: { list: { i: ['1', '1', '1', '1'] } }, padding: { s: btoa('SAME') } }
  const nodes = [
    node('x', 'Placeholder'),
    node('c/kernel', 'Const'),
    node('d/kernel', 'Const'),
    node('c', '_FusedConv2D', ['x', 'c/kernel'], { ...strides, fused_ops: { list: { s: [btoa('Relu')] } } }),
    node('y', 'MatMul', ['c', 'd/kernel']),
  ]
  return text({ modelTopology: { node: nodes }, weightsManifest: manifest })
}

export function bases(): Record<string, Files> {
  const tensors = { 'a.weight': f32([4, 2, 3, 3], ramp(72)), 'a.bias': f32([4], ramp(4)), 'b.weight': f32([2, 4], ramp(8)) }
  const array = writeNpy('<f4', [4, 2, 3, 3], ramp(72))
  const value = { dict: [['a.weight', torchTensor({ key: '0', count: 72, shape: [4, 2, 3, 3] })]] } as const
  const torch = { dict: value.dict.map(([key, held]) => [key, held]) } as Parameters<typeof writeTorchZip>[0]
  const one = (name: string, bytes: Uint8Array): Files => [{ name, bytes }]
  const files: Record<string, Files> = {
    safetensors: one('m.safetensors', writeSafetensors(tensors)),
    npy: one('m.npy', array),
    npz: one('m.npz', writeZip({ 'a.weight.npy': array, 'b.npy': array })),
    'npz deflated': one('m.npz', writeZip({ 'a.weight.npy': array }, true)),
    onnx: one('m.onnx', onnx()),
    'torch zip': one('m.pt', writeTorchZip(torch, { 0: bytesOf(72) })),
    'torch deflated': one('m.pt', writeTorchZip(torch, { 0: bytesOf(72) }, true)),
    'torch legacy': one('m.pth', writeTorchLegacy(torch, { 0: { count: 72, bytes: bytesOf(72) } })),
    'tfjs layers': [{ name: 'model.json', bytes: layersModel() }, shard],
    'tfjs graph': [{ name: 'model.json', bytes: graphModel() }, shard],
    'tfjs manifest': [{ name: 'manifest.json', bytes: text(manifest) }, shard],
  }
  if (present)
    for (const path of [
      'mnist.onnx',
      'mtcnn_pnet.pt',
      'brainchop_meshnet.pth',
      'resnet20_conv1_bn1.npz',
      'silero_vad_16k.safetensors',
    ])
      files[path] = [shared(path)]
  return files
}
