import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  adjoint,
  apply,
  conv,
  dense,
  exact,
  f4,
  frobenius,
  gram,
  holder,
  lanczos,
  lipGrid,
  OpnormError,
  power,
  singularValues,
  spatialGram,
  spectralNorm,
  tensorNorm,
} from '../../src/index.ts'

const kernel = { data: new Float64Array(36).map((_, i) => i - 17), shape: [2, 2, 3, 3] }
const padded = conv(kernel, { inputSize: 5 })
const wrapped = conv(kernel, { inputSize: 4, padding: 'circular' })
const unsized = conv(kernel)
const operator = { shape: [2, 3] as const, apply: () => [1, 2], applyAdjoint: () => [1, 2, 3] }
// biome-ignore lint/suspicious/noExplicitAny: what the type refuses, the call must refuse too
const wrong = (value: unknown) => value as any
/** Deeper than the stack. */
let nested: unknown = 1
for (let level = 0; level < 100_000; level++) nested = [nested]
const itself: unknown[] = []
itself.push(itself)

/** What is called, the code of the error, and a part of its sentence. */
const table: [what: string, call: () => unknown, code: string, part: RegExp][] = [
  ['a matrix as kernel', () => conv([[1, 2]]), 'shape', /kernel: expected rank 3, 4 or 5, got shape \[1, 2\]. Use dense/],
  ['a kernel of rank 6', () => conv({ data: [1], shape: [1, 1, 1, 1, 1, 1] }), 'shape', /rank 3, 4 or 5/],
  ['a kernel as matrix', () => dense([[[1]]]), 'shape', /matrix: expected rank 2/],
  ['an empty kernel', () => conv({ data: [], shape: [0, 1, 3] }), 'shape', /sides from 1/],
  ['NaN', () => conv([[[1, Number.NaN]]]), 'nonfinite', /NaN at \[0, 0, 1\]/],
  ['infinity', () => dense([[1, -Infinity]]), 'nonfinite', /-Infinity at \[0, 1\]/],
  ['text', () => conv(wrong('kernel')), 'tensor', /got 'kernel'/],
  ['too few numbers', () => conv({ data: [1, 2], shape: [1, 1, 3] }), 'shape', /3 entries/],
  ['groups that do not divide', () => conv(kernel, { groups: 3 }), 'geometry', /groups: expected a divisor of 2/],
  ['stride 0', () => conv(kernel, { stride: 0 }), 'geometry', /stride: expected whole numbers from 1/],
  ['two strides in 1-D', () => conv([[[1]]], { stride: [1, 2] }), 'geometry', /stride/],
  ['no geometry at all', () => conv(kernel, wrong(null)), 'geometry', /geometry: expected an object, got null/],
  ['a number as geometry', () => conv(kernel, wrong(2)), 'geometry', /geometry: expected an object, got 2/],
  ['no pad', () => conv(kernel, { pad: wrong(null) }), 'geometry', /pad: expected one number or 2, got null/],
  ['no input size', () => conv(kernel, { inputSize: wrong(null) }), 'geometry', /inputSize: expected one number or 2, got null/],
  [
    'a pad with nothing but a length',
    () => conv(kernel, { pad: wrong({ length: 1e9 }) }),
    'geometry',
    /pad: expected one number or 2, got an object with length/,
  ],
  ['a stride with nothing but a length', () => conv(kernel, { stride: wrong({ length: 4e9 }) }), 'geometry', /stride/],
  ['groups with nothing but a length', () => conv(kernel, { groups: wrong({ length: 1e9 }) }), 'geometry', /groups/],
  [
    'a stride without end',
    () => conv(kernel, { stride: wrong(nested) }),
    'geometry',
    /stride: expected one number or 2, got \[…\]/,
  ],
  [
    'a layout without end',
    () => conv(kernel, { layout: wrong(nested) }),
    'geometry',
    /layout: expected 'OIHW' or 'HWIO', got \[…\]/,
  ],
  ['arrays without end', () => conv(wrong(nested)), 'tensor', /kernel: expected a number at \[0, 0, .*got \[…\]/],
  ['an array that holds itself', () => conv(wrong(itself)), 'tensor', /kernel: expected a number at/],
  [
    'a shape without end',
    () => conv({ data: [1], shape: wrong(nested) }),
    'shape',
    /kernel.shape: expected whole numbers from 0/,
  ],
  [
    'arrays that promise more than they hold',
    () => conv(wrong([new Array(60_000).fill(0).map((_, i) => (i > 0 ? 1 : [new Array(60_000).fill(1)]))])),
    'shape',
    /kernel: expected 1 entries at \[0, 1\], got 1/,
  ],
  [
    'one number for 30000 × 30000 taps',
    () => conv({ data: [1], shape: [1, 1, 30_000, 30_000], strides: [0, 0, 0, 0] }),
    'memory',
    /kernel: expected at most 4096 MB, got 6867 MB/,
  ],
  ['no output', () => conv(kernel, { inputSize: 2, pad: 'valid' }), 'geometry', /output of at least 1/],
  [
    'a stride that does not divide',
    () => conv(kernel, { inputSize: 5, stride: 2, padding: 'circular' }),
    'geometry',
    /divisible by the stride/,
  ],
  ['exact of zero padding', () => exact(padded), 'padding', /'circular', got 'zero'. Use lanczos\(\) .* or spectralNorm\(\)/],
  ['exact without a size', () => exact(wrong(unsized)), 'option', /inputSize: expected one input size, got none/],
  ['power without a size', () => power(wrong(unsized)), 'option', /inputSize/],
  ['lanczos without a size', () => lanczos(wrong(unsized)), 'option', /inputSize/],
  ['all singular values without a size', () => singularValues(wrong(unsized)), 'option', /inputSize/],
  ['apply without a size', () => apply(wrong(unsized), [1]), 'option', /inputSize/],
  ['holder of a convolution', () => holder(padded), 'option', /a matrix or a dense layer/],
  ['a bare kernel as layer', () => f4(wrong(kernel)), 'option', /a layer from conv\(\) or dense\(\)/],
  ['nothing as layer', () => gram(wrong(undefined)), 'option', /got undefined/],
  ['a bare kernel for spectralNorm', () => spectralNorm(wrong(kernel)), 'option', /a layer/],
  ['an input of another length', () => apply(padded, [1, 2, 3]), 'shape', /input: expected 50 numbers, \[2, 5, 5\]/],
  ['an output of another length', () => adjoint(padded, [1]), 'shape', /output: expected 50 numbers/],
  ['NaN in an input', () => apply(dense([[1]]), [Number.NaN]), 'nonfinite', /input/],
  [
    'half an iteration',
    () => power(padded, { iterations: 0.5 }),
    'option',
    /iterations: expected a whole number from 0, got 0.5/,
  ],
  ['iterations in words', () => gram(padded, { iterations: wrong('six') }), 'option', /iterations/],
  ['41 Gram iterations', () => gram(padded, { iterations: 41 }), 'option', /from 0 to 40/],
  ['9 spatial Gram iterations', () => spatialGram(padded, { iterations: 9 }), 'option', /from 1 to 8/],
  ['no sweeps', () => tensorNorm(padded, { sweeps: 0 }), 'option', /sweeps/],
  ['a grid as coarse as the kernel', () => gram(padded, { gridSize: 2 }), 'option', /gridSize: expected a whole number from 3/],
  ['a grid of a billion points', () => lipGrid(padded, { gridSize: 1e9 }), 'option', /from 3, .* to 1048576, got 1000000000/],
  ['the same for lipGrid', () => lipGrid(padded, { gridSize: 2.5 }), 'option', /gridSize/],
  ['tolerance 0', () => lanczos(padded, { tolerance: 0 }), 'option', /tolerance: expected a number between 0 and 1/],
  ['gap 0', () => spectralNorm(padded, { gap: 0 }), 'option', /gap/],
  ['count 0', () => singularValues(wrapped, { count: 0 }), 'option', /count/],
  [
    'a start of another size',
    () => power(padded, { start: power(wrapped).start }),
    'option',
    /start: expected a vector of 50 numbers, got 32/,
  ],
  [
    'NaN in a start',
    () => lanczos(padded, { start: { method: '', vectors: [new Float64Array(50).fill(Number.NaN)] } }),
    'nonfinite',
    /start/,
  ],
  ['another kernel start', () => tensorNorm(conv([[[1, 1]]]), { start: tensorNorm(unsized).start }), 'option', /start/],
  ['an unknown start', () => tensorNorm(unsized, { start: wrong('random') }), 'option', /'symbol', \{ seed \}/],
  ['a seed of words', () => tensorNorm(unsized, { start: { seed: wrong('x') } }), 'option', /seed/],
  [
    'an operator without its adjoint',
    () => power({ shape: [2, 3], apply: () => [1, 2] }),
    'option',
    /operator.applyAdjoint: expected a function/,
  ],
  ['an operator without a shape', () => power(wrong({ shape: [2], apply: () => [1] })), 'option', /operator.shape/],
  ['an operator of another shape', () => power({ ...operator, apply: () => [1] }), 'shape', /expected 2 numbers, got 1/],
  ['an operator that gives NaN', () => lanczos({ ...operator, apply: () => [1, Number.NaN] }), 'nonfinite', /NaN at \[1\]/],
  ['the gradient of an operator', () => power(operator, { gradient: true }), 'option', /gradient: expected a layer/],
  [
    'too large to write out',
    () => singularValues(conv(kernel, { inputSize: 200 })),
    'memory',
    /80000 × 80000, \d+ MB. Use lanczos/,
  ],
  [
    'too many iterations to fit',
    () => spatialGram(conv({ data: new Float64Array(64 * 49).fill(1), shape: [8, 8, 7, 7] }), { iterations: 8 }),
    'memory',
    /MB at 8/,
  ],
  ['a matrix as text', () => frobenius(wrong('x')), 'tensor', /got 'x'/],
]

for (const [what, call, code, part] of table) {
  test(`${what}: one sentence`, () => {
    try {
      call()
    } catch (error) {
      assert.instance(error, OpnormError, String(error))
      const { message } = error as OpnormError
      assert.is((error as OpnormError).code, code, message)
      assert.match(message, /^[^\n]+: expected [^\n]+, got [^\n]+\. [^\n]+[^.]$/)
      assert.match(message, part)
      return
    }
    assert.unreachable('no error')
  })
}

test.run()
