import * as tf from '@tensorflow/tfjs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startTensorFlow } from '../../examples/tfjs/backend.ts'
import { dataOf, modelOf, normsOf } from '../../examples/tfjs/fit.ts'
import { normOf } from '../../examples/tfjs/norm-of.ts'
import { learn } from '../../examples/tfjs/plain-loop.ts'
import { SpectralRegularizer } from '../../examples/tfjs/spectral-regularizer.ts'
import { side } from '../../examples/train-shapes/draw.ts'
import { conv, f4, spectralNorm, tensorNorm } from '../../src/index.ts'
import { seeded } from '../oracle.ts'

const test = suite('examples/tfjs')

test.before(startTensorFlow)

const floats = (seed: number, length: number) => Float32Array.from(seeded(seed, length))

test('the convolution gradients are those of the CPU backend', async () => {
  const cases: [number, number, number, number, 'same' | 'valid' | number][] = [
    [8, 3, 5, 1, 'same'], [9, 3, 2, 2, 'same'], [7, 5, 2, 3, 'same'], [8, 1, 3, 2, 'same'], [10, 3, 4, 2, 'valid'], [8, 3, 2, 2, 1],
  ] // biome-ignore format: a table
  for (const [n, k, outputs, stride, pad] of cases) {
    const found: Float32Array[][] = []
    for (const backend of ['wasm', 'cpu']) {
      await tf.setBackend(backend)
      const x = tf.tensor4d(floats(1, 2 * n * n * 3), [2, n, n, 3])
      const kernel = tf.tensor4d(floats(2, k * k * 3 * outputs), [k, k, 3, outputs])
      const of = tf.grads((a, b) => tf.sum(tf.square(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad))))
      found.push(of([x, kernel]).map(gradient => gradient.dataSync() as Float32Array))
    }
    await tf.setBackend('wasm')
    found[0].forEach((gradient, which) => {
      const scale = Math.max(...found[1][which].map(Math.abs))
      gradient.forEach((g, i) => {
        assert.ok(Math.abs(g - found[1][which][i]) < 1e-5 * scale, `${n} ${k} ${stride} ${pad}`)
      })
    })
  }
})

test('a TF.js tensor is a kernel, and its norm a differentiable scalar with the gradient of the bound', () => {
  const data = floats(3, 3 * 3 * 2 * 4)
  const kernel = tf.tensor4d(data, [3, 3, 2, 4])
  const layer = conv(kernel, { layout: 'HWIO', stride: 2 })
  assert.equal(layer.kernel.shape, [3, 3, 2, 4])
  const norm = normOf(f4, { stride: 2 })
  const { value, grad } = tf.valueAndGrad((k: tf.Tensor) => tf.mul(0.5, tf.square(norm(k))) as tf.Scalar)(kernel)
  const bound = f4(layer, { gradient: true })
  assert.ok(Math.abs(value.dataSync()[0] - 0.5 * bound.value ** 2) < 1e-5 * bound.value ** 2)
  grad.dataSync().forEach((g, i) => {
    assert.ok(Math.abs(g - bound.value * bound.gradient!.data[i]) < 1e-5 * bound.value)
  })
})

test('warm starts carry from call to call', () => {
  const norm = normOf((layer, options) => tensorNorm(layer, { ...options, sweeps: 1 }))
  const kernel = tf.tensor4d(floats(4, 3 * 3 * 4 * 4), [3, 3, 4, 4])
  const values = Array.from({ length: 30 }, () => norm(kernel).dataSync()[0])
  for (let i = 2; i < values.length; i++) assert.ok(values[i] >= values[i - 1] * (1 - 1e-6))
  assert.ok(values[29] >= spectralNorm(conv(kernel, { layout: 'HWIO' })).lower * 0.9)
})

test('model.fit with the regulariser keeps the norms down', async () => {
  const { images, labels } = dataOf(512, 1)
  const products: number[] = []
  for (const weight of [0, 0.05]) {
    const model = modelOf(weight)
    await model.fit(images, labels, { epochs: 3, batchSize: 64, shuffle: false, verbose: 0 })
    products.push(normsOf(model).reduce((a, b) => a * b))
  }
  assert.ok(products[1] < 0.6 * products[0], `${products}`)
})

test('a functional model with it fits, and is saved and loaded with everything that matters', async () => {
  const input = tf.input({ shape: [side, side, 1] })
  const regularizer = new SpectralRegularizer(tensorNorm, 0.02, { stride: 2 })
  const features = tf.layers
    .conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', kernelRegularizer: regularizer })
    .apply(input) as tf.SymbolicTensor
  const flat = tf.layers.flatten().apply(features) as tf.SymbolicTensor
  const model = tf.model({ inputs: input, outputs: tf.layers.dense({ units: 6 }).apply(flat) as tf.SymbolicTensor })
  const { images, labels } = dataOf(128, 4)
  const loss = (truth: tf.Tensor, scores: tf.Tensor) => tf.losses.softmaxCrossEntropy(truth, scores)
  model.compile({ optimizer: tf.train.adam(1e-3), loss })
  await model.fit(images, labels, { epochs: 1, batchSize: 64, shuffle: false, verbose: 0 })
  let saved: tf.io.ModelArtifacts | undefined
  const handler = tf.io.withSaveHandler(async artifacts => {
    saved = artifacts
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
  })
  await model.save(handler)
  const topology = JSON.parse(JSON.stringify(saved!.modelTopology))
  const loaded = await tf.loadLayersModel(tf.io.fromMemory({ ...saved, modelTopology: topology }))
  const outputs = [model, loaded].map(each => (each.predict(images) as tf.Tensor).dataSync())
  assert.equal(outputs[1], outputs[0])
  // A step of length zero: the loss that is trained on, data and regulariser.
  loaded.compile({ optimizer: tf.train.sgd(0), loss })
  const { history } = await loaded.fit(images, labels, { epochs: 1, batchSize: 128, shuffle: false, verbose: 0 })
  const data = loss(labels, loaded.predict(images) as tf.Tensor)
  const kernel = loaded.getWeights()[0]
  const norm = spectralNorm(conv(kernel, { layout: 'HWIO', stride: 2 })).value
  const term = (history.loss[0] as number) - data.dataSync()[0]
  assert.ok(Math.abs(term - 0.02 * norm ** 2) < 1e-4 * (1 + term), `${term}, ${0.02 * norm ** 2}`)
})

test('the loop on plain arrays: the heavier the penalty, the smaller the norm', () => {
  const norms = [0, 0.01, 0.1].map(weight => spectralNorm(conv({ data: learn(weight, 200), shape: [1, 1, 9] })).upper)
  assert.ok(norms[0] > 1.5 * norms[1] && norms[1] > 2 * norms[2], `${norms}`)
})

test.run()
