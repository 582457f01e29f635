import * as assert from 'uvu/assert'
import { certifyNetwork } from '../../src/audit/network.ts'
import { planOf } from '../../src/audit/network-plan.ts'
import { type Model, type NamedBytes, readModel } from '../../src/formats/index.ts'
import { sizeOf } from '../../src/tensor.ts'
import { mulberry32 } from '../oracle.ts'

/** A stored tensor: whole numbers are int32 where their name says they are no weights. */
export interface Stored {
  readonly shape: readonly number[]
  readonly data: readonly number[]
  readonly dtype?: 'int32'
}

export type Nodes = readonly { name: string; op: string; input?: readonly string[]; attr?: object }[]

export const text = (word: string): object => ({ s: btoa(word) })
export const list = (...i: number[]): object => ({ list: { i: i.map(String) } })
export const whole = (...data: number[]): Stored => ({ shape: [data.length], data, dtype: 'int32' })
export const node = (name: string, op: string, input: readonly string[], attr: object = {}) => ({ name, op, input, attr })

/** model.json and its shard, and the same as TensorFlow.js loads it from memory. */
export function tfjsModel(modelTopology: object, stored: Readonly<Record<string, Stored>>, more: object = {}) {
  const weights = Object.entries(stored).map(([name, { shape, dtype = 'float32' }]) => ({ name, shape: [...shape], dtype }))
  const parts = Object.values(stored).map(({ data, dtype }) => (dtype ? Int32Array.from(data) : Float32Array.from(data)))
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer), at)
    at += part.byteLength
  }
  const json = { format: 'x', modelTopology, weightsManifest: [{ paths: ['shard'], weights }], ...more }
  const files: NamedBytes[] = [
    { name: 'model.json', bytes: new TextEncoder().encode(JSON.stringify(json)) },
    { name: 'shard', bytes },
  ]
  return { files, artifacts: { modelTopology, weightSpecs: weights, weightData: bytes.buffer, ...more } }
}

const next = mulberry32(11)

export function random(...shape: number[]): Stored {
  return { shape, data: Array.from({ length: sizeOf(shape) }, () => 2 * next() - 1) }
}

/** A graph on one input x. */
export function graphOf(shape: readonly number[], nodes: Nodes, stored: Readonly<Record<string, Stored>>, more: object = {}) {
  const dim = shape.map(size => ({ size: String(size) }))
  const x = node('x', 'Placeholder', [], { shape: { shape: { dim } }, dtype: { type: 'DT_FLOAT' } })
  const constants = Object.entries(stored).map(([name, { dtype }]) =>
    node(name, 'Const', [], { dtype: { type: dtype ? 'DT_INT32' : 'DT_FLOAT' } }),
  )
  return tfjsModel({ node: [x, ...constants, ...nodes], versions: { producer: 1 } }, stored, more)
}

/** A chain of Keras layers. */
export function kerasOf(layers: readonly object[], stored: Readonly<Record<string, Stored>>, name = 'm') {
  return tfjsModel({ model_config: { class_name: 'Sequential', config: { name, layers } } }, stored)
}

export const input = (...shape: number[]): object => ({
  class_name: 'InputLayer',
  config: { name: 'in', batch_input_shape: [null, ...shape] },
})
export const layer = (class_name: string, config: object): object => ({ class_name, config })

/** What a certificate says of a model: the number, or why there is none. */
export function certified({ files }: { files: NamedBytes[] }): { upper: number; lower: number; reason: string } {
  const { bound, lower, reason = '' } = certifyNetwork(readModel(files), { gap: 1e-6 })
  return { upper: bound?.upper ?? Infinity, lower: lower?.lower ?? 0, reason }
}

/** Every output of a network at a point, by this library's own interpreter. */
export function outputsAt(model: Model, x: Float64Array): { shape: readonly number[]; data: Float64Array }[] {
  const plan = planOf(model, {}, () => 1)
  if (plan.reason !== undefined) throw new Error(plan.reason)
  const values = new Map(plan.constants)
  let from = 0
  for (const { name, shape } of plan.inputs) values.set(name, { shape, data: x.slice(from, (from += sizeOf(shape))) })
  for (const { step, operands, output } of plan.steps)
    values.set(
      output,
      step.evaluate(
        operands.map(operand => operand && values.get(operand.name)),
        false,
      ),
    )
  return model.graph!.outputs.map(({ name }) => values.get(name)!)
}

/** A model computes here what it computes in TensorFlow.js, and its certificate holds for the points it is tried on. */
export function agrees(
  made: { files: NamedBytes[] },
  shape: readonly number[],
  theirs: (x: Float64Array) => { shape: number[]; dataSync(): ArrayLike<number> },
): void {
  const model = readModel(made.files)
  const { upper, lower, reason } = certified(made)
  assert.is(reason, '')
  const points = [1, 2].map(() => Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(4 * next() - 2)))
  const [a, b] = points.map(x => {
    const y = theirs(x)
    const [mine] = outputsAt(model, x)
    assert.equal([...mine.shape], y.shape)
    const wanted = y.dataSync()
    for (const [i, value] of mine.data.entries())
      assert.ok(Math.abs(value - wanted[i]) < 2e-5, `${i}: ${value}, TF.js ${wanted[i]}`)
    return mine.data
  })
  const distance = (p: Float64Array, q: Float64Array): number => Math.hypot(...p.map((v, i) => v - q[i]))
  assert.ok(distance(a, b) / distance(points[0], points[1]) <= upper)
  assert.ok(lower <= upper)
}
