import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readModel } from '../../src/formats/index.ts'
import { agrees, certified, graphOf, list, node, type Nodes, random, type Stored, text, whole } from './tfjs-models.ts'

console.warn = () => {}
const tf = await import('@tensorflow/tfjs')
await tf.setBackend('cpu')

const paddings = (...data: number[]): Stored => ({ shape: [data.length / 2, 2], data, dtype: 'int32' })

interface Case {
  says: string
  shape: number[]
  nodes: Nodes
  stored?: Record<string, Stored>
}

const strides = (h: number, w: number) => ({ strides: list(1, h, w, 1), dilations: list(1, 1, 1, 1), data_format: text('NHWC') })

/** The transposed convolution of a 4 × 5 image to `sides`, as converters write it. */
const upwards = (sides: number[], step: number, padding: object): Case => ({
  says: `Conv2DBackpropInput to ${sides}, stride ${step}, ${JSON.stringify(padding)}`,
  shape: [1, 4, 5, 2],
  nodes: [
    node('y', 'Conv2DBackpropInput', ['sides', 'w', 'x'], { ...strides(step, step), ...padding }),
    node('flat', 'Mean', ['y', 'axes'], { keep_dims: { b: false } }),
  ],
  stored: { sides: whole(1, ...sides, 3), w: random(3, 2, 3, 2), axes: whole(1) },
})

const statistics = { scale: random(3), offset: random(3), mean: random(3), variance: { shape: [3], data: [0.2, 1, 3] } }
const CASES: Case[] = [
  {
    says: 'Transpose takes its order from an operand',
    shape: [1, 8, 2, 3],
    nodes: [node('t', 'Transpose', ['x', 'perm']), node('y', 'Mean', ['t', 'axes'], { keep_dims: { b: true } })],
    stored: { perm: whole(0, 2, 3, 1), axes: whole(1, -2) },
  },
  {
    says: 'Mean over no axes',
    shape: [2, 3],
    nodes: [node('y', 'Mean', ['x', 'axes'])],
    stored: { axes: whole() },
  },
  ...['REFLECT', 'SYMMETRIC'].map(mode => ({
    says: `MirrorPad ${mode}`,
    shape: [1, 4, 3, 2],
    nodes: [node('y', 'MirrorPad', ['x', 'p'], { mode: text(mode) })],
    stored: { p: paddings(0, 0, 1, 2, 2, 1, 0, 0) },
  })),
  {
    says: 'PadV2 with a value of its own',
    shape: [1, 2, 2],
    nodes: [node('p', 'PadV2', ['x', 'p0', 'v']), node('y', 'Relu', ['p'])],
    stored: { p0: paddings(0, 0, 1, 0, 0, 2), v: { shape: [], data: [2.5] } },
  },
  ...(
    [
      ['adj_y', ['x', 'w'], [1, 3, 4], [1, 5, 4]],
      ['adj_x', ['w', 'x'], [1, 4, 3], [1, 4, 5]],
    ] as const
  ).map(([which, inputs, shape, stored]) => ({
    says: `BatchMatMulV2 ${which}`,
    shape: [...shape],
    nodes: [node('y', 'BatchMatMulV2', inputs, { [which]: { b: true } })],
    stored: { w: random(...stored) },
  })),
  {
    says: 'Squeeze without axes takes every side of 1',
    shape: [1, 3, 1, 2],
    nodes: [node('s', 'Squeeze', ['x']), node('y', 'MatMul', ['s', 'w'])],
    stored: { w: random(2, 4) },
  },
  {
    says: 'a batch norm',
    shape: [1, 2, 2, 3],
    nodes: [
      node('y', 'FusedBatchNormV3', ['x', 'scale', 'offset', 'mean', 'variance'], {
        epsilon: { f: 0.01 },
        is_training: { b: false },
      }),
    ],
    stored: statistics,
  },
  {
    says: 'paddings of a convolution, in lower case and by numbers',
    shape: [1, 6, 5, 2],
    nodes: [
      node('c', 'Conv2D', ['x', 'w'], { ...strides(2, 1), padding: text('same') }),
      node('y', 'Conv2D', ['c', 'v'], {
        ...strides(1, 2),
        padding: text('EXPLICIT'),
        explicit_paddings: list(0, 0, 1, 2, 3, 1, 0, 0),
      }),
    ],
    stored: { w: random(3, 2, 2, 3), v: random(2, 3, 3, 2) },
  },
  ...['MaxPool', 'AvgPool'].map(op => ({
    says: op,
    shape: [1, 5, 6, 2],
    nodes: [node('y', op, ['x'], { ksize: list(1, 3, 2, 1), strides: list(1, 2, 3, 1), padding: text('SAME') })],
  })),
  ...[
    [7, 9],
    [8, 10],
  ].map(sides => upwards(sides, 2, { padding: text('SAME') })),
  upwards([9, 10], 2, { padding: text('VALID') }),
  upwards([10, 11], 2, { padding: text('VALID') }),
  upwards([10, 13], 3, { padding: text('SAME') }),
]

for (const { says, shape, nodes, stored = {} } of CASES)
  test(`${says}: what TensorFlow.js computes, and a bound on its gain`, async () => {
    const made = graphOf(shape, nodes, stored)
    const theirs = await tf.loadGraphModel(tf.io.fromMemory(made.artifacts as Parameters<typeof tf.io.fromMemory>[0]))
    agrees(made, shape, x => theirs.predict(tf.tensor(Array.from(x), shape)) as ReturnType<typeof tf.tensor>)
  })

test('the outputs are those of the signature, wherever they lie in the graph', () => {
  const nodes = [node('a', 'MatMul', ['x', 'w1']), node('y', 'MatMul', ['a', 'w2'])]
  const stored = { w1: { shape: [2, 2], data: [3, 0, 0, 1] }, w2: { shape: [2, 2], data: [0.01, 0, 0, 0.01] } }
  const signature = { outputs: { first: { name: 'a:0' }, last: { name: 'y:0' }, again: { name: 'y' } } }
  const near = (made: ReturnType<typeof graphOf>, expected: number): void => {
    const { upper, lower } = certified(made)
    assert.ok(
      lower < 1.0001 * expected && 0.9999 * expected < lower && lower <= upper && upper < 1.0001 * expected,
      `${lower}, ${expected}, ${upper}`,
    )
  }
  near(graphOf([1, 2], nodes, stored, { signature }), 3 * Math.hypot(1, 0.01))
  near(graphOf([1, 2], nodes, stored, { userDefinedMetadata: { signature } }), 3 * Math.hypot(1, 0.01))
  near(graphOf([1, 2], nodes, stored), 0.03)
  const { notes } = readModel(graphOf([1, 2], nodes, stored).files)
  assert.match(notes.join(), /no signature: .* the nodes that nobody reads, 'y'/)
  assert.equal(readModel(graphOf([1, 2], nodes, stored, { signature }).files).notes, [])
  assert.match(
    certified(graphOf([1, 2], nodes, stored, { signature: { outputs: { y: { name: 'z:0' } } } })).reason,
    /output 'z' is given by no node/,
  )
})

test('an input of the signature cuts the graph there', () => {
  const nodes = [node('a', 'MatMul', ['x', 'w1']), node('y', 'MatMul', ['a', 'w2'])]
  const stored = { w1: { shape: [2, 2], data: [0.1, 0, 0, 0.1] }, w2: { shape: [2, 2], data: [5, 0, 0, 1] } }
  const signature = { inputs: { a: { name: 'a:0', tensorShape: { dim: [{ size: '1' }, { size: '2' }] } } } }
  const { upper } = certified(graphOf([1, 2], nodes, stored, { signature }))
  assert.ok(upper >= 5 && upper < 5.0001, `${upper}`)
})

test('a batch norm fused into a convolution takes an epsilon of 1e-4 where none is given', () => {
  const one = { shape: [1], data: [1] }
  const fused = { ...strides(1, 1), padding: text('SAME'), fused_ops: { list: { s: [btoa('FusedBatchNorm')] } } }
  const nodes = [node('y', '_FusedConv2D', ['x', 'w', 'scale', 'offset', 'mean', 'variance'], fused)]
  const stored = {
    w: { shape: [1, 1, 1, 1], data: [1] },
    scale: one,
    offset: one,
    mean: one,
    variance: { shape: [1], data: [0] },
  }
  const { upper } = certified(graphOf([1, 2, 2, 1], nodes, stored))
  assert.ok(upper >= 100 && upper < 100.001, `${upper}`)
})

test('what changes the function and is not read ends the certificate, in words', () => {
  const refuses = (pattern: RegExp, shape: number[], nodes: Nodes, stored: Record<string, Stored> = {}): void => {
    const { reason, upper } = certified(graphOf(shape, nodes, stored))
    assert.is(upper, Infinity)
    assert.match(reason, pattern)
  }
  const normal = (attr: object): Nodes => [node('y', 'FusedBatchNormV3', ['x', 'scale', 'offset', 'mean', 'variance'], attr)]
  const image = [1, 4, 4, 3]
  refuses(/no epsilon is given: TensorFlow takes 1e-4/, image, normal({ is_training: { b: false } }), statistics)
  refuses(/is_training is true: /, image, normal({ epsilon: { f: 1e-3 }, is_training: { b: true } }), statistics)
  refuses(/is_training is not given/, image, normal({ epsilon: { f: 1e-3 } }), statistics)
  refuses(/the order of its axes is not stored/, [2, 3], [node('y', 'Transpose', ['x', 'x'])])
  refuses(/the mode 'WRAP' is not known/, [2, 3], [node('y', 'MirrorPad', ['x', 'p'], { mode: text('WRAP') })], {
    p: paddings(0, 0, 1, 1),
  })
  refuses(/adj_x transposes a value/, [1, 2, 3], [node('y', 'BatchMatMulV2', ['x', 'w'], { adj_x: { b: true } })], {
    w: random(1, 2, 3),
  })
  refuses(/axes \[0, 0\] with one twice/, [2, 3], [node('y', 'Mean', ['x', 'a'])], { a: whole(0, -2) })
  refuses(/does not fit/, [2, 3], [node('y', 'Reshape', ['x', 's'])], { s: whole(0, 3) })
  const w = random(2, 2, 3, 2)
  const convolution = (attr: object): Nodes => [
    node('y', 'Conv2D', ['x', 'w'], { ...strides(1, 1), padding: text('SAME'), ...attr }),
  ]
  refuses(/strides \[1, 1, 1, 2\] are not read/, image, convolution({ strides: list(1, 1, 1, 2) }), { w })
  refuses(/padding undefined is not known/, image, convolution({ padding: undefined }), { w })
  refuses(
    /explicit_paddings .* are not read/,
    image,
    convolution({ padding: text('EXPLICIT'), explicit_paddings: list(0, 0, 1, 1, 1, 1, 0, 1) }),
    { w },
  )
  const first = { data_format: text('NCHW'), strides: list(1, 1, 2, 2) }
  refuses(/channels that come before/, image, convolution(first), { w })
  const pool = (attr: object): Nodes => [
    node('y', 'MaxPool', ['x'], { ksize: list(1, 2, 2, 1), strides: list(1, 2, 2, 1), padding: text('VALID'), ...attr }),
  ]
  refuses(/ksize \[1, 2, 2, 3\] are not read/, image, pool({ ksize: list(1, 2, 2, 3) }))
  refuses(
    /padding 'EXPLICIT' is not known/,
    image,
    pool({ padding: text('EXPLICIT'), explicit_paddings: list(0, 0, 1, 1, 1, 1, 0, 0) }),
  )
  const taken = [
    node('y', '_FusedMatMul', ['x', 'm'], { fused_ops: { list: { s: [btoa('Relu')] } } }),
    node('y/linear', 'Identity', ['x']),
  ]
  refuses(/two values go by the name 'y\/linear'/, [1, 3], taken, { m: random(3, 3) })
  const upward = [
    node('shape', 'Shape', ['x']),
    node('y', 'Conv2DBackpropInput', ['shape', 'w', 'x'], { ...strides(2, 2), padding: text('SAME') }),
  ]
  refuses(/the graph computes the shape of its result/, image, upward, { w: random(2, 2, 2, 3) })
  // Its layer is listed all the same.
  assert.equal(
    readModel(graphOf(image, upward, { w: random(2, 2, 2, 3) }).files).layers.map(({ name, kind }) => [name, kind]),
    [['w', 'ConvTranspose']],
  )
})

test.run()
