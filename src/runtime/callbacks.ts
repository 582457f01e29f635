import { fail, show } from '../errors.ts'
import type { LinearOperator } from '../linear-operator.ts'
import { exponentOf, scaleInPlace } from '../symbol.ts'
import type { Arena } from './arena.ts'
import type { Operator, Vector } from './operator.ts'
import { openBasis, vectorRoutines } from './vectors.ts'

/**
 * An operator given by callbacks, in the same terms as a layer's: vectors in linear memory, products through the caller's functions.
 * The callbacks get a copy each time and may call this library themselves. It has no kernel, hence no `correlate`. `exponent` is known after the first product.
 *
 * @throws OpnormError `option` for a wrong shape or missing products; `shape`, `nonfinite` for what a product returns
 */
export function openCallbacks(linear: LinearOperator, arena: Arena): Omit<Operator, 'correlate'> {
  const [rows, columns] = sidesOf(linear)
  const apply = product(linear, 'apply', 'matvec')
  const adjoint = product(linear, 'applyAdjoint', 'rmatvec')
  const read = (x: Vector) => arena.f64(x.at, x.length).slice()
  let exponent: number | undefined
  /** Products come divided by the power of two of the first that is not zero, so that no square of theirs leaves the range. */
  const write = (x: Vector, numbers: Float64Array, what: string) => {
    if (exponent === undefined && numbers.some(n => n !== 0)) exponent = exponentOf(numbers)
    scaleInPlace(numbers, -(exponent ?? 0))
    checkFinite(numbers, what, 'Its products differ by more than doubles hold: scale the operator')
    // Only now: the callback may have grown the memory, and detached what was seen of it before.
    arena.f64(x.at, x.length).set(numbers)
  }
  return {
    get exponent() {
      return exponent ?? 0
    },
    input: () => openBasis(arena, 1, 1, columns).vectors[0],
    output: () => openBasis(arena, 1, 1, rows).vectors[0],
    inputBasis: count => openBasis(arena, count, 1, columns),
    outputBasis: count => openBasis(arena, count, 1, rows),
    write: (x, numbers) => arena.f64(x.at, x.length).set(numbers),
    read,
    apply: (x, y) => write(y, checked(apply(read(x)), rows, OPERATOR), OPERATOR),
    adjoint: (y, x) => write(x, checked(adjoint(read(y)), columns, ADJOINT), ADJOINT),
    ...vectorRoutines(arena.routines),
  }
}

const [OPERATOR, ADJOINT] = ['the product with the operator', 'the product with the adjoint']

function sidesOf(linear: LinearOperator): readonly [number, number] {
  const { shape } = linear
  const whole = Array.isArray(shape) && shape.length === 2 && shape.every(side => Number.isInteger(side) && side > 0)
  if (!whole) fail('option', 'operator.shape', '[rows, columns]', show(shape), 'Give the lengths of its output and input')
  return shape
}

function product(linear: LinearOperator, name: 'apply' | 'applyAdjoint', other: 'matvec' | 'rmatvec') {
  const given = linear[name] ?? linear[other]
  if (typeof given !== 'function')
    fail('option', `operator.${name}`, 'a function', show(given), `Give ${name} or ${other}: both products are needed`)
  return given.bind(linear) as (x: Float64Array) => ArrayLike<number>
}

function checked(numbers: ArrayLike<number>, length: number, what: string): Float64Array {
  if (numbers?.length !== length) fail('shape', what, `${length} numbers`, show(numbers?.length), 'Check operator.shape')
  const own = Float64Array.from(numbers)
  checkFinite(own, what, 'Check the operator')
  return own
}

function checkFinite(numbers: Float64Array, what: string, advice: string): void {
  const bad = numbers.findIndex(x => !Number.isFinite(x))
  if (bad >= 0) fail('nonfinite', what, 'finite numbers', `${numbers[bad]} at [${bad}]`, advice)
}
