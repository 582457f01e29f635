import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import { planOf } from '../../src/audit/network-plan.ts'
import { type Model, readModel } from '../../src/formats/index.ts'
import { mulberry32 } from '../oracle.ts'

console.warn = () => {}
const tf = await import('@tensorflow/tfjs')

/** A Keras network with what image networks are made of, channels last, saved as TF.js saves it. */
function network() {
  const input = tf.input({ shape: [9, 8, 3] })
  const conv = (filters: number, more: object = {}) => tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', ...more })
  const apply = (layer: ReturnType<typeof conv>, x: unknown) => layer.apply(x as typeof input) as typeof input
  const layers = tf.layers as unknown as Record<string, (config?: object) => ReturnType<typeof conv>>
  let x = apply(layers.batchNormalization({ momentum: 0.5 }), apply(conv(4, { strides: 2 }), input))
  x = apply(layers.reLU({ maxValue: 6 }), x)
  const deep = apply(layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', depthMultiplier: 1 }), x)
  x = apply(layers.add(), [x, apply(layers.activation({ activation: 'tanh' }), deep)])
  const pooled = apply(layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }), x)
  const mean = apply(layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }), x)
  x = apply(layers.concatenate(), [pooled, mean])
  x = apply(layers.upSampling2d({ size: [2, 2] }), x)
  x = apply(layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }), x)
  x = apply(
    layers.zeroPadding2d({
      padding: [
        [1, 0],
        [0, 2],
      ],
    }),
    x,
  )
  x = apply(layers.leakyReLU({ alpha: 0.2 }), x)
  const flat = apply(layers.flatten(), x)
  const outputs = apply(layers.dense({ units: 5, activation: 'softmax' }), flat)
  return tf.model({ inputs: input, outputs })
}

async function saved(model: ReturnType<typeof network>): Promise<Model> {
  let files: { name: string; bytes: Uint8Array }[] = []
  await model.save(
    tf.io.withSaveHandler(async artifacts => {
      const data = new Uint8Array(artifacts.weightData as ArrayBuffer)
      const manifest = [{ paths: ['weights.bin'], weights: artifacts.weightSpecs }]
      const text = JSON.stringify({ format: 'layers-model', modelTopology: artifacts.modelTopology, weightsManifest: manifest })
      files = [
        { name: 'model.json', bytes: new TextEncoder().encode(text) },
        { name: 'weights.bin', bytes: data },
      ]
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  return readModel(files)
}

test('a Keras network, channels last: the numbers of TF.js, and a certificate above every gain', async () => {
  await tf.setBackend('cpu')
  const keras = network()
  const next = mulberry32(5)
  keras.setWeights(
    keras.getWeights().map(w =>
      tf.tensor(
        Array.from({ length: w.size }, () => 0.02 + 0.2 * next()),
        w.shape,
      ),
    ),
  )
  const model = await saved(keras)
  const certificate = certifyNetwork(model, { gap: 1e-3 })
  const bound = certificate.bound?.upper
  assert.ok(bound !== undefined, certificate.reason)
  const run = (x: Float64Array): Float64Array =>
    Float64Array.from((keras.predict(tf.tensor(Array.from(x), [1, 9, 8, 3])) as ReturnType<typeof tf.tensor>).dataSync())
  const plan = planOf(model, {}, () => 1)
  const point = (scale: number): Float64Array => Float64Array.from({ length: 216 }, () => scale * (2 * next() - 1))
  for (let i = 0; i < 5; i++) {
    const [a, b] = [point(1), point(i < 3 ? 1 : 5)]
    const values = new Map(plan.constants)
    values.set(plan.inputs[0].name, { shape: plan.inputs[0].shape, data: a })
    for (const { step, operands, output } of plan.steps)
      values.set(
        output,
        step.evaluate(
          operands.map(operand => operand && values.get(operand.name)),
          false,
        ),
      )
    const [mine, theirs, other] = [values.get(certificate.outputs[0].name)!.data, run(a), run(b)]
    for (let j = 0; j < theirs.length; j++) assert.ok(Math.abs(mine[j] - theirs[j]) < 1e-5, `${mine[j]}, TF.js ${theirs[j]}`)
    const gain = Math.hypot(...theirs.map((v, j) => v - other[j])) / Math.hypot(...a.map((v, j) => v - b[j]))
    assert.ok(gain <= bound)
  }
  assert.ok(certificate.lower!.value > 0 && certificate.lower!.value <= bound)
  assert.match(certificate.nodes.find(({ op }) => op === 'Conv')!.rule, /folded in/)
})

test.run()
