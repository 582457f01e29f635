import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { audit } from '../../src/audit/audit.ts'
import { OpnormError } from '../../src/errors.ts'
import { readModel } from '../../src/formats/index.ts'
import { unpickle } from '../../src/formats/pytorch/pickle.ts'
import { toTensor } from '../../src/tensor.ts'
import { writeZip } from './writers/npy.ts'
import { pickle, type Python, torchTensor, writeTorchLegacy, writeTorchZip } from './writers/pickle.ts'

const read = (bytes: Uint8Array) => readModel({ name: 'm.pt', bytes })
const refuses = (bytes: Uint8Array, pattern: RegExp) =>
  assert.throws(
    () => read(bytes),
    (error: OpnormError) => {
      if (!pattern.test(error.message)) console.log(error.message)
      return error instanceof OpnormError && error.code === 'file' && pattern.test(error.message)
    },
  )
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer)
const numbers = (kernel: Parameters<typeof toTensor>[0]) => [...toTensor(kernel).data]
const six = { key: '0', count: 6, shape: [2, 3] }
const dict = (entries: Record<string, Python>): Python => ({ dict: Object.entries(entries) })
const storage = { 0: floats(0, 1, 2, 3, 4, 5) }

test('both forms of a state dict, stored or deflated', () => {
  const value = dict({ 'fc.weight': torchTensor(six), 'fc.bias': torchTensor({ key: '0', count: 6, offset: 2, shape: [2] }) })
  const forms = [
    writeTorchZip(value, storage),
    writeTorchZip(value, storage, true),
    writeTorchLegacy(value, { 0: { count: 6, bytes: storage[0] } }),
  ]
  for (const bytes of forms) {
    const model = read(bytes)
    assert.is(model.format, 'pytorch')
    assert.equal(
      model.layers.map(({ name, op, kernel }) => [name, op, numbers(kernel)]),
      [['fc.weight', 'dense', [0, 1, 2, 3, 4, 5]]],
    )
    assert.equal(model.skipped, [{ name: 'fc.bias', why: 'a vector (bias or scale)' }])
  }
})

test('transposed and sliced tensors, and every type of storage', () => {
  const turned = dict({ 'a.weight': torchTensor({ ...six, shape: [3, 2], strides: [1, 3] }) })
  assert.equal(numbers(read(writeTorchZip(turned, storage)).layers[0].kernel), [0, 3, 1, 4, 2, 5])
  const sliced = dict({ 'a.weight': torchTensor({ ...six, shape: [2, 2], strides: [3, 1], offset: 1 }) })
  assert.equal(numbers(read(writeTorchZip(sliced, storage)).layers[0].kernel), [1, 2, 4, 5])
  const of = (type: string, bytes: Uint8Array) =>
    numbers(
      read(writeTorchZip(dict({ 'a.weight': torchTensor({ type, key: '0', count: 2, shape: [1, 2] }) }), { 0: bytes })).layers[0]
        .kernel,
    )
  assert.equal(of('DoubleStorage', new Uint8Array(Float64Array.of(0.1, -2).buffer)), [0.1, -2])
  assert.equal(of('HalfStorage', new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer)), [1, -2])
  assert.equal(of('BFloat16Storage', new Uint8Array(Uint16Array.of(0x3f80, 0xc000).buffer)), [1, -2])
  const whole = read(
    writeTorchZip(
      dict({
        n: torchTensor({ type: 'LongStorage', key: '0', count: 1, shape: [] }),
        ...{ 'a.weight': torchTensor({ ...six, key: '1' }) },
      }),
      { 0: new Uint8Array(8), 1: storage[0] },
    ),
  )
  assert.match(whole.skipped[0].why, /int64/)
  const complex = dict({ 'c.weight': torchTensor({ ...six, type: 'ComplexFloatStorage' }), 'a.weight': torchTensor(six) })
  assert.match(read(writeTorchZip(complex, storage)).skipped[0].why, /torch\.ComplexFloatStorage are not read/)
})

test('checkpoints: wrapping is dropped from names, optimizer state is no layer', () => {
  const parameter: Python = {
    call: 'torch._utils._rebuild_parameter',
    args: [torchTensor(six), true, { call: 'collections.OrderedDict', args: [] }],
  }
  const optimizer = dict({ state: dict({ momentum: torchTensor(six) }), param_groups: [dict({ lr: 0.1 })] })
  const checkpoint = dict({
    epoch: 3,
    state_dict: dict({ 'fc.weight': parameter }),
    optimizer_states: [optimizer],
    optim: optimizer,
  })
  const model = read(writeTorchZip(checkpoint, storage))
  assert.equal(
    model.layers.map(({ name }) => name),
    ['fc.weight'],
  )
  assert.equal(model.skipped, [
    { name: 'optimizer_states', why: 'optimizer state, not a layer' },
    { name: 'optim', why: 'optimizer state, not a layer' },
  ])
})

test('a model saved whole tells its own geometry, and its class is only named', () => {
  const conv: Python = {
    call: 'torch.nn.modules.conv.Conv2d',
    args: [],
    state: dict({
      _parameters: dict({ weight: torchTensor({ key: '0', count: 6, shape: [2, 1, 3, 1] }) }),
      stride: { tuple: [2, 2] },
      padding: { tuple: [1, 0] },
      dilation: { tuple: [1, 1] },
      groups: 2,
    }),
  }
  const net: Python = { call: 'mine.Net', args: [], state: dict({ _modules: dict({ first: conv }), training: false }) }
  const model = read(writeTorchZip(net, storage))
  const [{ name, geometry, geometryFrom }] = model.layers
  assert.equal([name, geometry], ['first.weight', { stride: [2, 2], dilation: [1, 1], pad: [1, 0, 1, 0], groups: 2 }])
  assert.is(geometryFrom, 'file')
  assert.ok(model.skipped.some(({ name, why }) => name === 'mine.Net' && /never run/.test(why)))
})

test('a norm saved whole tells its own ε; where none is stored, the assumed one is said', () => {
  const convolution: Python = {
    call: 'torch.nn.modules.conv.Conv2d',
    args: [],
    state: dict({ _parameters: dict({ weight: torchTensor({ key: '0', count: 6, shape: [2, 1, 3, 1] }) }) }),
  }
  const two = torchTensor({ key: '0', count: 6, offset: 1, shape: [2] })
  const vectors = { _buffers: dict({ running_mean: two, running_var: two }), _parameters: dict({ weight: two, bias: two }) }
  const norm = (state: Record<string, Python>): Python => ({
    call: 'torch.nn.modules.batchnorm.BatchNorm2d',
    args: [],
    state: dict(state),
  })
  const net = (of: Python): Python => ({
    call: 'mine.Net',
    args: [],
    state: dict({ _modules: dict({ conv1: convolution, bn1: of }) }),
  })
  const own = read(writeTorchZip(net(norm({ ...vectors, eps: 0.5 })), storage))
  assert.equal(
    [own.batchNorms[0].epsilon, own.batchNorms[0].epsilonFrom, own.batchNorms[0].follows],
    [0.5, undefined, 'conv1.weight'],
  )
  // Scripted modules hold their tensors themselves; a checkpoint may wrap the whole.
  const flat = norm({ running_mean: two, running_var: two, weight: two, eps: 1 })
  const wrapped = read(writeTorchZip(dict({ model: net(flat) }), storage))
  assert.equal([wrapped.batchNorms[0].name, wrapped.batchNorms[0].epsilon], ['bn1', 1])
  const none = read(writeTorchZip(net(norm(vectors)), storage))
  assert.equal([none.batchNorms[0].epsilon, none.batchNorms[0].epsilonFrom], [1e-5, 'default'])
  const notes = (model: typeof own, fold: boolean) =>
    audit(model, { fold, gap: 0.1 }).models[0].notes.filter(note => /ε/.test(note))
  assert.equal(notes(own, true), [])
  assert.equal(notes(none, false), [])
  assert.match(notes(none, true)[0], /no ε of the batch norms that are folded: 1e-5 is assumed/)
  const folded = audit(own, { fold: true }).models[0].layers[0].enclosure!
  // Rows [0, 1, 2] and [3, 4, 5], one channel each: scales 1/√1.5 and 2/√2.5 of sums 3 and 12.
  const truth = Math.hypot(3 / Math.sqrt(1.5), 24 / Math.sqrt(2.5))
  assert.ok(folded.lower! <= truth && truth <= folded.upper! && folded.upper! < truth * 1.00001, `${folded.upper} for ${truth}`)
})

test('a scale that is not read is not a scale left out', () => {
  const two = torchTensor({ key: '0', count: 6, offset: 1, shape: [2] })
  const entries = {
    'conv1.weight': torchTensor({ key: '0', count: 6, shape: [2, 1, 3, 1] }),
    'bn1.bias': two,
    'bn1.running_mean': two,
    'bn1.running_var': two,
  }
  const norms = (weight: Record<string, Python>) =>
    read(writeTorchZip(dict({ ...entries, ...weight }), storage)).batchNorms.length
  assert.is(norms({}), 1)
  assert.is(norms({ 'bn1.weight': two }), 1)
  assert.is(norms({ 'bn1.weight': torchTensor({ type: 'ComplexFloatStorage', key: '0', count: 3, shape: [2] }) }), 0)
  assert.is(norms({ 'bn1.weight': torchTensor({ key: '0', count: 6, shape: [2, 1] }) }), 0)
})

test('padding that no norm here covers is said of its layer; a tensor alone has a name', () => {
  const conv = (mode: string): Python => ({
    call: 'torch.nn.modules.conv.Conv2d',
    args: [],
    state: dict({ weight: torchTensor({ key: '0', count: 6, shape: [2, 1, 3, 1] }), padding_mode: mode }),
  })
  const { layers } = read(writeTorchZip(dict({ a: conv('zeros'), b: conv('reflect'), c: conv('circular') }), storage))
  assert.equal(
    layers.map(({ geometry, note }) => [geometry.padding, note?.slice(0, 27)]),
    [
      [undefined, undefined],
      [undefined, "the layer pads by 'reflect'"],
      ['circular', undefined],
    ],
  )
  const lone = read(writeTorchZip(torchTensor({ key: '0', count: 6, shape: [2, 1, 3, 1] }), storage))
  assert.is(lone.layers[0].name, 'tensor')
})

test('a module saved whole before 1.6 names its class by a persistent id, its source left unread', () => {
  const text = (words: string) => [0x58, words.length, 0, 0, 0, ...new TextEncoder().encode(words)]
  // (('module', class, file, source)) persistent, empty tuple, NEWOBJ, state, BUILD
  const state = pickle(dict({ weight: torchTensor({ key: '0', count: 6, shape: [2, 1, 3, 1] }) })).slice(2, -1)
  const named = [
    0x28,
    ...text('module'),
    0x63,
    ...new TextEncoder().encode('mine\nNet\n'),
    ...text('net.py'),
    ...text('class Net'),
    0x74,
    0x51,
  ]
  const whole = new Uint8Array([0x80, 2, ...named, 0x29, 0x81, ...state, 0x62, 0x2e])
  const file = writeZip({ 'm/data.pkl': whole, 'm/data/0': storage[0] })
  const model = read(file)
  assert.is(model.layers[0].name, 'weight')
  assert.ok(model.skipped.some(({ name }) => name === 'mine.Net'))
})

test('nothing in a file is run: calls that reach for the system are refused by name', () => {
  const system: Python = { call: 'posix.system', args: ['touch /tmp/opnorm-was-here'] }
  const evil = [dict({ 'fc.weight': torchTensor(six), x: system }), system, { call: 'builtins.eval', args: ['1'] } as Python]
  for (const value of evil) {
    refuses(writeTorchZip(value, storage), /a call of (posix\.system|builtins\.eval)\. Nothing was run/)
    refuses(writeTorchLegacy(value, { 0: { count: 6, bytes: storage[0] } }), /a call of (posix\.system|builtins\.eval)/)
    refuses(pickle(value), /a call of|another pickle/)
  }
  // Thrown away before the end: still seen.
  const hidden = pickle(dict({ 'fc.weight': torchTensor(six) }))
  const call = pickle(system)
  const bytes = new Uint8Array([...hidden.subarray(0, 2), ...call.subarray(2, -1), 0x30, ...hidden.subarray(2)])
  assert.ok(unpickle(bytes, 'p').called.has('posix.system'))
})

test('names that mean something to JavaScript are plain names', () => {
  const value = dict({ __proto__: 1 } as never)
  const polluted: Python = {
    dict: [
      ['__proto__', { dict: [['polluted', true]] }],
      ['constructor', torchTensor(six)],
      ['fc.weight', torchTensor(six)],
    ],
  }
  assert.ok(value)
  const model = read(writeTorchZip(polluted, storage))
  assert.is(({} as Record<string, unknown>).polluted, undefined)
  assert.equal(
    model.layers.map(({ name }) => name),
    ['constructor', 'fc.weight'],
  )
})

test('damage is one clear sentence', () => {
  const good = (change: Partial<typeof six> & { strides?: number[]; offset?: number }) =>
    writeTorchZip(dict({ 'a.weight': torchTensor({ ...six, ...change }) }), storage)
  refuses(good({ shape: [2, 4] }), /at most 6 elements in storage '0', got 8/)
  refuses(good({ offset: 1 }), /at most 6 elements/)
  refuses(good({ strides: [-3, 1] }), /strides from 0/)
  refuses(good({ count: 1e9, shape: [3, 10 ** 8] }), /bytes in storage/)
  refuses(writeTorchZip(dict({ 'a.weight': torchTensor({ ...six, key: 'no' }) }), storage), /storage 'no', got none/)
  refuses(writeTorchZip(dict({ lr: 1 }), {}), /a checkpoint with tensors, got none/)
  const legacy = writeTorchLegacy(dict({ 'a.weight': torchTensor(six) }), { 0: { count: 6, bytes: storage[0] } })
  refuses(legacy.subarray(0, legacy.length - 1), /cut short/)
  refuses(new Uint8Array([...legacy, 7]), /nothing behind the last storage, got 1 bytes/)
  refuses(legacy.subarray(0, 100), /more bytes of a pickle|end of a line/)
  const expanded = writeTorchZip(
    dict({ 'a.weight': torchTensor(six), b: torchTensor({ ...six, shape: [1e6, 1e6], strides: [0, 0] }) }),
    storage,
  )
  assert.match(read(expanded).skipped[0].why, /expanded/)
})

test('hostile pickles cost neither time nor memory', () => {
  const timed = (bytes: Uint8Array, pattern: RegExp) => {
    const started = performance.now()
    assert.throws(() => unpickle(bytes, 'p'), pattern)
    assert.ok(performance.now() - started < 4000, String(pattern))
  }
  const long = new Uint8Array(2 ** 20)
  long.set([0x80, 2, 0x8b])
  new DataView(long.buffer).setUint32(3, 2 ** 20 - 7, true)
  timed(long, /at most 16 bytes/)
  timed(new Uint8Array(2 ** 23).fill(0x7d), /steps and \d+ objects/)
  timed(new Uint8Array(2 ** 23).fill(0x4e), /steps and/)
  timed(new Uint8Array(2 ** 23).fill(0x28), /steps and/)
  timed(Uint8Array.of(0x80, 9, 0x2e), /protocol 0 to 5/)
  timed(Uint8Array.of(0x80, 2, 0x52), /a value on the stack/)
  timed(Uint8Array.of(0x80, 2, 0x68, 3), /nothing under 3/)
  timed(Uint8Array.of(0x80, 2, 0x97), /opcode 0x97/)
  // A hundred thousand list items in one go.
  const many = new Uint8Array(4 + 100_000 + 2).fill(0x4e)
  many.set([0x80, 2, 0x5d, 0x28])
  many.set([0x65, 0x2e], many.length - 2)
  assert.is((unpickle(many, 'p').value as unknown[]).length, 100_000)
  // Lists that hold themselves, and each other a billion times over.
  const cyclic = Uint8Array.of(0x80, 2, 0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e)
  assert.is((unpickle(cyclic, 'p').value as unknown[]).length, 1)
})

test.run()
