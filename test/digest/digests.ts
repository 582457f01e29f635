/** Every public method over the cases, one SHA-256 each: equal digests mean equal bits. Runs in any engine; no host function but crypto. */
import type * as Opnorm from '../../src/index.ts'
import { type Case, cases, numbers, wholeNumbers } from './cases.ts'

type Api = typeof Opnorm
type Numbers = ArrayLike<number>

/** @param real kernels of a trained network, which come first among the cases */
export async function digests(api: Api, real: readonly Case['kernel'][], count = 200): Promise<Record<string, string>> {
  const seen = record()
  for (const one of cases(count, real)) layer(api, one, seen.add)
  network(api, seen.add)
  if (count >= MANY) wide(api, seen.add)
  return seen.hashes()
}

/** From that many cases on layers with many channels are looked at too, which take other ways through the house. */
const MANY = 100

/** Taps of G from products at points, Cholesky tests in panels and in fixed point, nets, Lanczos in single precision. */
function wide(api: Api, add: Add): void {
  const kernel = (channels: number, ...sides: number[]) => {
    const shape = [channels, channels, ...sides]
    return { data: numbers(wholeNumbers(channels), shape), shape }
  }
  const circular = api.conv(kernel(96, 3, 3), { padding: 'circular', inputSize: 4 })
  add('wide', () => numbersOf(api.exact(circular, { gradient: true })))
  add('wide', () => numbersOf(api.spectralNorm(circular, { gap: 1e-3 })))
  add('wide', () => numbersOf(api.spectralNorm(api.conv(kernel(130, 3, 3)), { gap: 1e-2 })))
  add('wide', () => numbersOf(api.exact(api.dense(kernel(258)))))
  add('wide', () => numbersOf(api.lanczos(api.conv(kernel(32, 3, 3), { inputSize: 32, pad: 1 }), { tolerance: 1e-6 })))
}

type Add = (method: string, compute: () => readonly (Numbers | number)[]) => void

/** All that is said of one layer. What a method refuses is part of what it says. */
function layer(api: Api, { kernel, geometry, inputSize }: Case, add: Add): void {
  const every = api.conv(kernel, geometry)
  const sized = api.conv(kernel, { ...geometry, inputSize: [...inputSize] })
  const gradient = true
  const bound = (method: string, compute: () => Opnorm.Bound) => add(method, () => numbersOf(compute()))
  bound('spectralNorm', () => api.spectralNorm(every, { gradient }))
  bound('spectralNorm, one size', () => api.spectralNorm(sized, { gap: 1e-3, gradient }))
  bound('exact', () => api.exact(sized, { gradient }))
  bound('power', () => api.power(sized, { iterations: 8, gradient }))
  bound('lanczos', () => api.lanczos(sized, { gradient }))
  bound('gram', () => api.gram(every, { gradient }))
  bound('gram, one size', () => api.gram(sized, { iterations: 3, gradient }))
  bound('spatialGram', () => api.spatialGram(every, { iterations: 2, gradient }))
  bound('f4', () => api.f4(every, { gradient }))
  bound('tensorNorm', () => api.tensorNorm(every, { gradient }))
  bound('tensorNorm, seeded', () => api.tensorNorm(every, { start: { seed: 5 }, gradient }))
  bound('lipGrid', () => api.lipGrid(every, { gradient }))
  bound('frobenius', () => api.frobenius(every, { gradient }))
  bound('holder', () => api.holder(matrixOf(kernel), { gradient }))
  // A zero-padded operator is decomposed whole, at the cube of its side.
  if (sized.padding === 'circular' || inputLength(sized) <= 60) add('singularValues', () => [api.singularValues(sized)])
  add('surface', () => {
    const { sides, norms, singularValues } = api.surface(every, { gridSize: 5 })
    return [sides, norms, singularValues]
  })
  products(api, sized, add)
  training(api, every, add)
}

function products(api: Api, sized: Opnorm.SizedConv, add: Add): void {
  add('apply', () => {
    const y = api.apply(sized, numbers(wholeNumbers(7), [inputLength(sized)]))
    return [y.shape, y.data, api.adjoint(sized, y).data]
  })
}

function training(api: Api, every: Opnorm.Conv, add: Add): void {
  const bound = api.spectralNorm(every, { gradient: true })
  const { data, shape } = every.kernel
  const cotangent = { data: numbers(wholeNumbers(11), shape), shape }
  add('normalize', () => {
    const normalized = api.normalize(every, bound)
    return [normalized.kernel.data, numbersOf(normalized.bound).flat() as number[], normalized.vjp(cotangent).data]
  })
  add('rescale', () => {
    const rescaled = api.rescale(every)
    return [rescaled.kernel.data, rescaled.scale, rescaled.vjp(cotangent).data]
  })
  add('penalty', () => {
    const { value, gradients } = api.penalty([every], { bound: api.tensorNorm, weight: 0.25 })
    return [value, gradients[0].data]
  })
  if (data.length > 100) return
  for (const kind of ['tensor-norm', 'ratio'] as const)
    add(`orthogonality, ${kind}`, () => {
      const { value, gradient } = api.orthogonality(every, kind)
      return [value, gradient.data]
    })
  add('clip', () => {
    const clipped = api.clip(every, bound.value * 0.75)
    return [clipped.kernel.data, clipped.rounds, clipped.bound.value]
  })
}

/** What is said of networks: composition, folding, activations, curvature, radius, a penalised gradient. */
function network(api: Api, add: Add): void {
  const next = wholeNumbers(13)
  const [a, b, c] = [
    [6, 5],
    [7, 6],
    [3, 7],
  ].map(shape => ({ data: numbers(next, shape), shape }))
  const bounds = [a, b, c].map(matrix => api.exact(api.dense(matrix)))
  add('composition', () =>
    [api.sequential(...bounds), api.residual(...bounds), api.parallel(...bounds), api.concat(...bounds)].map(
      ({ value }) => value,
    ),
  )
  add('pooling', () => [api.maxPool({ kernelSize: 3, stride: 2 }).value, api.averagePool({ kernelSize: [3, 2] }).value])
  add('foldBatchNorm', () => {
    const { conv, rounding } = api.foldBatchNorm(api.dense(a), { variance: [1, 2, 3, 4, 5, 6], gamma: [6, 5, 4, 3, 2, 1] })
    return [conv.kernel.data, rounding]
  })
  for (const name of ['tanh', 'sigmoid', 'softplus'] as const)
    add('curvature', () => {
      const { value, r, S } = api.curvature([a, b, c], name, { y: 0, t: 2 })
      return [value, r, ...S, api.certifiedRadius({ margin: 0.5, gradientNorm: 0.25, curvature: value })]
    })
  add('gradientPenalty', () => {
    const layer = api.dense(a)
    const { value, slope, left, right } = api.gradientPenalty({
      shape: [6, 5],
      apply: x => api.apply(layer, x).data,
      applyAdjoint: y => api.adjoint(layer, y).data,
    })
    return [value, slope, left, right]
  })
}

function numbersOf(bound: Opnorm.Bound): (Numbers | number)[] {
  const { value, lower, upper, work, gradient, start } = bound
  return [value, lower, upper, work, gradient?.data ?? [], ...(start?.vectors ?? [])]
}

/** Channels in times sites: what is left of the kernel when the outputs and the taps are taken away. */
function inputLength({ kernel, layout, groups, transposed, inputSize }: Opnorm.SizedConv): number {
  const { shape } = kernel
  const [first, second] = layout === 'OIHW' ? shape : [shape[shape.length - 1], shape[shape.length - 2]]
  return inputSize.reduce((product, side) => product * side, transposed ? first : second * groups)
}

/** The kernel as its first unfolding. */
function matrixOf({ data, shape }: Case['kernel']) {
  return { data, shape: [shape[0], data.length / shape[0]] }
}

/** Numbers as little-endian doubles, method by method; lengths are hashed too, so that none can slip from one array into the next. */
function record() {
  const kept = new Map<string, number[]>()
  return {
    add(method: string, compute: () => readonly (Numbers | number)[]): void {
      const list = kept.get(method) ?? []
      kept.set(method, list)
      try {
        for (const part of compute()) {
          const values = typeof part === 'number' ? [part] : part
          list.push(values.length)
          for (let i = 0; i < values.length; i++) list.push(values[i])
        }
      } catch (error) {
        const { code, message } = error as Opnorm.OpnormError
        if (code === undefined) throw error
        list.push(-message.length)
      }
    },
    async hashes(): Promise<Record<string, string>> {
      const entries = [...kept].map(async ([method, list]) => [method, await sha256(list)] as const)
      return Object.fromEntries(await Promise.all(entries))
    },
  }
}

async function sha256(list: readonly number[]): Promise<string> {
  const view = new DataView(new ArrayBuffer(8 * list.length))
  for (const [i, value] of list.entries()) {
    // The payload of a NaN is the one thing engines may choose; no method may give one.
    if (Number.isNaN(value)) throw new Error('digests: expected numbers, got NaN')
    view.setFloat64(8 * i, value, true)
  }
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', view.buffer))
  return Array.from(hash, byte => byte.toString(16).padStart(2, '0')).join('')
}
