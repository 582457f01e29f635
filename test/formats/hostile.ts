import type { Files } from './bases.ts'
import { writeNpy, writeZip } from './writers/npy.ts'
import { floats, type GraphSpec, type NodeSpec, writeOnnx } from './writers/onnx.ts'
import { pickle, type Python, torchTensor, writeTorchLegacy, writeTorchZip } from './writers/pickle.ts'
import { f32, writeSafetensors } from './writers/safetensors.ts'

/** Files made to break a reader, by what each tries. None may be read as a model. */
export function hostile(): Record<string, Files> {
  return { ...headers(), ...archives(), ...pickles(), ...graphs(), ...topologies() }
}

const one = (name: string, bytes: Uint8Array): Files => [{ name, bytes }]
const json = (name: string, value: unknown, ...others: Files): Files => [
  { name, bytes: new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)) },
  ...others,
]
const latin = (text: string) => Uint8Array.from(text, char => char.charCodeAt(0))

function headers(): Record<string, Files> {
  const tensors = { 'a.weight': f32([2, 2], [1, 2, 3, 4]), 'b.weight': f32([2, 2], [1, 2, 3, 4]) }
  const edited = (edit: (header: Record<string, Record<string, unknown>>) => void) =>
    one(
      'm.safetensors',
      writeSafetensors(tensors, {
        header: header => {
          edit(header)
          return header
        },
      }),
    )
  const length = (n: bigint) => {
    const bytes = writeSafetensors(tensors)
    new DataView(bytes.buffer).setBigUint64(0, n, true)
    return one('m.safetensors', bytes)
  }
  const raw = (text: string) => {
    const body = new TextEncoder().encode(text)
    return one('m.safetensors', new Uint8Array([...new Uint8Array(BigUint64Array.of(BigInt(body.length)).buffer), ...body]))
  }
  return {
    'an empty file': one('empty', new Uint8Array(0)),
    zeros: one('zeros', new Uint8Array(1000)),
    text: json('notes.txt', 'not a model at all'),
    'a header beyond the file': length(1000n),
    'a header of 2⁶² bytes': length(2n ** 62n),
    'a header of no bytes': length(0n),
    'overlapping tensors': edited(h => (h['b.weight'].data_offsets = [8, 24])),
    'one tensor twice': edited(h => (h['b.weight'].data_offsets = [0, 16])),
    'offsets out of order': edited(h => (h['b.weight'].data_offsets = [32, 16])),
    'offsets that are no numbers': edited(h => (h['b.weight'].data_offsets = ['0', null])),
    'a shape of 10⁶ × 10⁶ without data': edited(h => (h['a.weight'].shape = [1e6, 1e6])),
    'a shape beyond counting': edited(h => (h['a.weight'].shape = [2 ** 40, 2 ** 40])),
    'a shape of a million sides': edited(h => (h['a.weight'].shape = new Array(1e6).fill(1))),
    'another element type than bytes': edited(h => (h['a.weight'].dtype = 'F64')),
    'a header nested a million deep': raw('{"a":' + '['.repeat(1e6)),
    'a header that is a list': raw('{"a.weight": [[[]]]}'),
    'an .npy header of 4 GB': one('m.npy', writeNpy('<f4', [2], [1, 2], { version: 2 }).fill(0xff, 8, 12)),
    'an .npy shape without data': one('m.npy', writeNpy('<f4', [1e6, 1e6], [])),
    'an .npy of a thousand sides': one('m.npy', writeNpy('<f4', new Array(1000).fill(1), [1])),
    'an .npy of Python objects': one('m.npy', writeNpy('|O', [1], [0])),
  }
}

function archives(): Record<string, Files> {
  const zeros = writeNpy('<f4', [2048, 2048], new Float32Array(2 ** 22))
  const bomb = writeZip({ 'a.npy': zeros }, true)
  const central = bomb.length - 22 - 46 - 'a.npy'.length
  const claim = (offset: number, value: number) => {
    const bytes = bomb.slice()
    new DataView(bytes.buffer).setUint32(offset, value, true)
    return one('m.npz', bytes)
  }
  // One deflated member listed forty times under other names: 640 MB from 16 kB.
  const entry = bomb.subarray(central, bomb.length - 22)
  const entries = Array.from({ length: 40 }, (_, i) => entry.with(46, 0x41 + i))
  const end = bomb.slice(-22)
  const view = new DataView(end.buffer)
  view.setUint16(8, 40, true)
  view.setUint16(10, 40, true)
  view.setUint32(12, 40 * entry.length, true)
  const many = new Uint8Array([...bomb.subarray(0, central), ...entries.flatMap(bytes => [...bytes]), ...end])
  return {
    'a bomb that claims 2 GB': claim(central + 24, 2 ** 31),
    'a bomb that claims little': claim(central + 24, 4096),
    'one bomb under forty names': one('m.npz', many),
    'a directory beyond the file': claim(bomb.length - 6, 2 ** 30),
    'an archive of 65535 members': one('m.npz', bomb.slice().fill(0xff, bomb.length - 12, bomb.length - 10)),
    'an encrypted member': one('m.npz', bomb.with(central + 8, 1)),
    'an unknown compression': one('m.npz', bomb.with(central + 10, 99)),
    'an archive of nothing': one('m.npz', latin('PK\x05\x06' + '\0'.repeat(18))),
  }
}

function pickles(): Record<string, Files> {
  const tensor = torchTensor({ key: '0', count: 4, shape: [2, 2] })
  const data = new Uint8Array(16)
  const system: Python = { call: 'os.system', args: ['echo opnorm ran this'] }
  const both = {
    dict: [
      ['a.weight', tensor],
      ['x', system],
    ],
  } as Python
  const hides = (code: string): Files => {
    const bytes = pickle({ dict: [['a.weight', tensor]] })
    const hidden = new Uint8Array([...bytes.subarray(0, 2), ...latin(code), ...bytes.subarray(2)])
    return one('m.pt', writeZip({ 'm/data.pkl': hidden, 'm/data/0': data }))
  }
  const nested = new Uint8Array([0x80, 2, ...new Uint8Array(30_000).fill(0x5d), ...new Uint8Array(29_999).fill(0x61), 0x2e])
  const archive = (bytes: Uint8Array) => one('m.pt', writeZip({ 'm/data.pkl': bytes }))
  const long = new Uint8Array(2 ** 20).fill(0xff)
  long.set([0x80, 2, 0x8b])
  new DataView(long.buffer).setUint32(3, 2 ** 20 - 8, true)
  return {
    'os.system in a state dict': one('m.pt', writeTorchZip(both, { 0: data })),
    'os.system in a legacy file': one('m.pth', writeTorchLegacy(both, { 0: { count: 4, bytes: data } })),
    'os.system alone': one('m.pt', pickle(system)),
    'os.system, protocol 0': one('m.pt', latin("cos\nsystem\n(S'echo'\ntR.")),
    'eval, its result thrown away': hides('c__builtin__\neval\n(X\x01\0\0\x001tR0'),
    'exec by INST': hides('(X\x01\0\0\x001ibuiltins\nexec\n0'),
    'subprocess by OBJ': hides('(csubprocess\nPopen\nX\x01\0\0\x001o0'),
    'import by STACK_GLOBAL': hides('\x8c\x08builtins\x8c\x0a__import__\x93(X\x02\0\0\x00ostR0'),
    'runpy by NEWOBJ': hides('crunpy\nrun_path\n(X\x01\0\0\x001t\x810'),
    'posix.system by NEWOBJ_EX': hides('cposix\nsystem\n(X\x01\0\0\x001t}\x920'),
    'an integer of a megabyte': archive(long),
    'four million dicts': archive(new Uint8Array(2 ** 22).fill(0x7d)),
    'four million marks': archive(new Uint8Array(2 ** 22).fill(0x28)),
    'lists thirty thousand deep': archive(nested),
    'a list that holds itself': archive(Uint8Array.of(0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e)),
    'a string of 2³² bytes': archive(Uint8Array.of(0x80, 2, 0x58, 0xff, 0xff, 0xff, 0xff, 0x2e)),
    'bytes of 2⁶⁴': archive(Uint8Array.of(0x80, 4, 0x8e, 255, 255, 255, 255, 255, 255, 255, 255, 0x2e)),
    'a tensor of 10⁶ × 10⁶ in four numbers': one(
      'm.pt',
      writeTorchZip({ dict: [['a.weight', torchTensor({ key: '0', count: 4, shape: [1e6, 1e6] })]] }, { 0: data }),
    ),
    'a tensor that expands one number': one(
      'm.pt',
      writeTorchZip(
        { dict: [['a.weight', torchTensor({ key: '0', count: 4, shape: [1e6, 1e6], strides: [0, 0] })]] },
        { 0: data },
      ),
    ),
  }
}

function graphs(): Record<string, Files> {
  const node = (op: string, inputs: string[], outputs: string[], attributes?: NodeSpec['attributes']): NodeSpec => ({
    op,
    inputs,
    outputs,
    attributes,
  })
  const w = floats('w', [4, 2, 3, 3], new Float32Array(72))
  const graph = (nodes: NodeSpec[], more: Partial<GraphSpec> = {}): Files =>
    one('m.onnx', writeOnnx({ nodes, inputs: [{ name: 'x' }], outputs: [{ name: 'y' }], initializers: [w], ...more }))
  const conv = (attributes: NodeSpec['attributes'], dims = [4, 2, 3, 3]) =>
    graph([node('Conv', ['x', 'w'], ['y'], attributes)], { initializers: [floats('w', dims, new Float32Array(72))] })
  let deep: GraphSpec = { nodes: [node('Relu', ['x'], ['y'])], outputs: [{ name: 'y' }] }
  for (let i = 0; i < 200; i++)
    deep = { nodes: [{ ...node('If', ['x'], ['y']), attributes: { then_branch: { graph: deep } } }], outputs: [{ name: 'y' }] }
  const ring = Array.from({ length: 20_000 }, (_, i) => node('Relu', [`v${i}`], [`v${(i + 1) % 20_000}`]))
  const endless = Uint8Array.of(0x08, 7, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1)
  return {
    'a cycle of two': graph([node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b'])]),
    'a node that reads itself': graph([node('Relu', ['y'], ['y'])]),
    'a cycle of twenty thousand': graph(ring),
    'a value nobody makes': graph([node('Relu', ['no'], ['y'])]),
    'a value made twice': graph([node('Relu', ['x'], ['y']), node('Relu', ['x'], ['y'])]),
    'graphs two hundred deep': one('m.onnx', writeOnnx({ ...deep, inputs: [{ name: 'x' }] })),
    'a shape of 10⁶ without data': graph([node('MatMul', ['x', 'w'], ['y'])], {
      initializers: [{ name: 'w', dims: [1000, 1000] }],
    }),
    'a shape of 2⁶² without data': graph([], { initializers: [{ name: 'w', dims: [2 ** 31, 2 ** 31] }] }),
    'a negative side': graph([], { initializers: [{ name: 'w', dims: [-1, 4], raw: new Uint8Array(16) }] }),
    'more data than shape': graph([], { initializers: [{ name: 'w', dims: [2], raw: new Uint8Array(16) }] }),
    'three directions': graph([node('LSTM', ['x', 'w', 'w'], ['y'])], {
      initializers: [floats('w', [3, 4, 6], new Float32Array(72))],
    }),
    'a stride of zero': conv({ strides: [0, 1] }),
    'a stride beyond counting': conv({ strides: [2 ** 60, 1] }),
    'strides for three axes': conv({ strides: [1, 1, 1] }),
    'no groups': conv({ group: 0 }),
    'a length of 2⁶³': one('m.onnx', endless),
    'a model without a graph': one('m.onnx', Uint8Array.of(0x08, 7, 0x12, 1, 0x41)),
  }
}

function topologies(): Record<string, Files> {
  const shard = { name: 's', bytes: new Uint8Array(64) }
  const weight = (shape: unknown, dtype: unknown = 'float32', extra = {}) => [
    { paths: ['s'], weights: [{ name: 'a/kernel', shape, dtype, ...extra }] },
  ]
  const manifest = weight([4, 4])
  const layers = (topology: unknown) => json('model.json', { modelTopology: topology, weightsManifest: manifest }, shard)
  const layer = (name: string, from: string) => ({ class_name: 'ReLU', config: {}, name, inbound_nodes: [[[from, 0, 0, {}]]] })
  const model = (list: unknown[]) =>
    layers({ class_name: 'Functional', config: { layers: list, input_layers: [], output_layers: [['a', 0, 0]] } })
  let nest: unknown = { class_name: 'ReLU', config: { name: 'r' } }
  for (let i = 0; i < 500; i++) nest = { class_name: 'Sequential', config: { name: `s${i}`, layers: [nest] } }
  const node = (name: string, op: string, input: unknown) => ({ name, op, input })
  return {
    'JSON cut short': json('model.json', '{"modelTopology": {'),
    'JSON nested a million deep': json('model.json', '['.repeat(1e6)),
    'JSON of another kind': json('model.json', { hello: 'world' }),
    'a manifest of 10¹⁸ numbers': json('m.json', weight([1e9, 1e9]), shard),
    'a manifest with a shape of text': json('m.json', weight(['4', '4']), shard),
    'a manifest of strings': json('m.json', weight([4], 'string'), shard),
    'a manifest without its shard': json('m.json', weight([4, 4])),
    'a manifest with a scale of text': json(
      'm.json',
      weight([4, 4], 'float32', { quantization: { dtype: 'uint8', scale: 'x', min: 0 } }),
      shard,
    ),
    'layers that call each other': model([layer('a', 'b'), layer('b', 'a')]),
    'a layer that calls itself': model([layer('a', 'a')]),
    'a layer called on nobody': model([layer('a', 'nobody')]),
    'two layers of one name': model([layer('a', 'a'), layer('a', 'a')]),
    'layers that are no list': layers({ class_name: 'Functional', config: { layers: 'none' } }),
    'models five hundred deep': layers(nest),
    'nodes in a cycle': layers({ node: [node('a', 'Relu', ['b']), node('b', 'Relu', ['a'])] }),
    'a node without inputs that are text': layers({ node: [node('a', 'Relu', 7)] }),
    'nodes that are null': layers({ node: [null] }),
  }
}

/** Sound files of every format whose only layer holds a number that is none: read, and refused when its norm is asked for. */
export function poisoned(): Record<string, Files> {
  const files: Record<string, Files> = {}
  for (const [word, value] of [
    ['NaN', Number.NaN],
    ['infinite', -Infinity],
  ] as const) {
    const numbers = Float32Array.from({ length: 72 }, (_, i) => (i === 40 ? value : Math.sin(i)))
    const bytes = new Uint8Array(numbers.buffer)
    const array = writeNpy('<f4', [4, 2, 3, 3], numbers)
    const state: Python = { dict: [['a.weight', torchTensor({ key: '0', count: 72, shape: [4, 2, 3, 3] })]] }
    const graph = writeOnnx({
      nodes: [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [floats('w', [4, 2, 3, 3], numbers)],
      inputs: [{ name: 'x', shape: [1, 2, 8, 8] }],
      outputs: [{ name: 'y' }],
    })
    const manifest = [{ paths: ['s'], weights: [{ name: 'a/kernel', shape: [3, 3, 2, 4], dtype: 'float32' }] }]
    Object.assign(files, {
      [`${word} weights in safetensors`]: one('m.safetensors', writeSafetensors({ 'a.weight': f32([4, 2, 3, 3], numbers) })),
      [`${word} weights in .npy`]: one('m.npy', array),
      [`${word} weights in .npz`]: one('m.npz', writeZip({ 'a.weight.npy': array }, true)),
      [`${word} weights in a checkpoint`]: one('m.pt', writeTorchZip(state, { 0: bytes })),
      [`${word} weights in a legacy checkpoint`]: one('m.pth', writeTorchLegacy(state, { 0: { count: 72, bytes } })),
      [`${word} weights in ONNX`]: one('m.onnx', graph),
      [`${word} weights in a manifest`]: json('m.json', manifest, { name: 's', bytes }),
    })
  }
  return files
}
