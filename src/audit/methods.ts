import type { Bound } from '../bound.ts'
import type { Conv, SizedConv } from '../conv.ts'
import { fail, OpnormError } from '../errors.ts'
import { exact } from '../methods/exact.ts'
import { f4 } from '../methods/f4.ts'
import { frobenius } from '../methods/frobenius.ts'
import { gram } from '../methods/gram.ts'
import { holder } from '../methods/holder.ts'
import { lanczos } from '../methods/lanczos.ts'
import { lipGrid } from '../methods/lip-grid.ts'
import { power } from '../methods/power.ts'
import { spatialGram } from '../methods/spatial-gram.ts'
import { spectralNorm } from '../methods/spectral-norm.ts'
import { tensorNorm } from '../methods/tensor-norm.ts'
import { nearest } from './nearest.ts'

/** A layer as methods may want it: for every size at once, or at one size where that is known. */
export interface Operands {
  readonly layer: Conv
  readonly sized: () => SizedConv | undefined
}

type Method = (operands: Operands, gap: number) => Bound

/** Every method an audit can show beside the enclosure, by the name it has on the command line. */
const METHODS: Readonly<Record<string, Method>> = {
  'spectral-norm': ({ layer }, gap) => spectralNorm(layer, { gap }),
  exact: operands => exact(needSize(operands, 'exact')),
  gram: ({ layer }) => gram(layer),
  'spatial-gram': ({ layer }) => spatialGram(layer),
  f4: ({ layer }) => f4(layer),
  'tensor-norm': ({ layer }) => tensorNorm(layer),
  'lip-grid': ({ layer }) => lipGrid(layer),
  power: operands => power(needSize(operands, 'power')),
  lanczos: operands => lanczos(needSize(operands, 'lanczos')),
  frobenius: ({ layer }) => frobenius(layer),
  holder: ({ layer }) => holder(layer),
}

export const METHOD_NAMES = Object.keys(METHODS)

/** The method of that name, spelled `tensor-norm` or `tensorNorm`. @throws OpnormError `option`, suggesting the nearest name */
export function methodNamed(name: string): Method {
  const dashed = name.replace(/[A-Z]/g, letter => '-' + letter.toLowerCase())
  if (Object.hasOwn(METHODS, dashed)) return METHODS[dashed]
  const close = nearest(dashed, METHOD_NAMES)
  fail(
    'option',
    'method',
    `one of ${METHOD_NAMES.join(', ')}`,
    `'${name}'`,
    close ? `Did you mean ${close}?` : 'Check the spelling',
  )
}

function needSize(operands: Operands, method: string): SizedConv {
  const sized = operands.sized()
  if (sized) return sized
  throw new OpnormError(
    'option',
    `${method}: expected an input size, got none. Give --input-size, or inputSize in --geometry; spectral-norm needs none`,
  )
}
