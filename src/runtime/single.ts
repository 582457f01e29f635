import { type Arena, borrow } from './arena.ts'
import { type Basis, openBasis, type Operator, strideOf, type Vector } from './operator.ts'

type Routines = Pick<
  Operator,
  'inputBasis' | 'output' | 'apply' | 'adjoint' | 'dot' | 'norm' | 'axpy' | 'scale' | 'project' | 'combine'
>

/**
 * T̂ in single precision, on vectors of 32-bit numbers, inner products in double precision: twice as fast and half the memory, for
 * iterations whose results are corrected afterwards. Rounding of a product by Winograd's filtering is some 10⁻⁶ of the norm.
 */
export interface SingleOperator extends Routines {
  /** y ← x, rounded to 32 bits. */
  demote(x: Vector, y: Vector): void
  /** y ← x in double precision. */
  promote(x: Vector, y: Vector): void
  /** Qᵀw for the first `count` vectors of Q. */
  components(basis: Basis, count: number, w: Vector): Float64Array
  /** w ← w + Q·c. */
  add(basis: Basis, c: Float64Array, w: Vector): void
}

/** The sides of a layer: channels and pixels of its inputs and outputs. */
interface Sides {
  readonly inputs: readonly [channels: number, pixels: number]
  readonly outputs: readonly [channels: number, pixels: number]
}

export function openSingle(
  arena: Arena,
  { inputs, outputs }: Sides,
  products: Pick<Operator, 'apply' | 'adjoint'>,
): SingleOperator {
  const { routines } = arena
  const dot = (x: Vector, y: Vector) => routines.dotSingle(x.length, x.at, y.at)
  const components = (basis: Basis, count: number, w: Vector) =>
    borrow(inner => {
      const c = inner.alloc(count * 8)
      routines.dotsSingle(count, w.length, basis.vectors[0].at, strideOf(basis), w.at, c)
      return inner.f64(c, count).slice()
    })
  const add = (basis: Basis, c: Float64Array, w: Vector) =>
    borrow(inner => routines.sumSingle(c.length, w.length, basis.vectors[0].at, strideOf(basis), inner.put(c), w.at))
  return {
    ...products,
    inputBasis: count => openBasis(arena, count, ...inputs, 4),
    output: () => openBasis(arena, 1, ...outputs, 4).vectors[0],
    dot,
    norm: x => Math.sqrt(dot(x, x)),
    axpy: (s, x, y) => routines.addSingle(x.length, 1, s, x.at, y.at),
    scale: (s, x, y) => routines.addSingle(x.length, 0, s, x.at, y.at),
    project(basis, count, w) {
      const c = components(basis, count, w)
      add(
        basis,
        c.map(x => -x),
        w,
      )
      return c
    },
    combine: (basis, count, s) =>
      borrow(inner => {
        const kept = s.length / count
        const { at, length } = basis.vectors[0]
        routines.combineSingle(count, kept, length, at, strideOf(basis), inner.put(s), inner.alloc(kept * 64))
      }),
    demote: (x, y) => arena.f32(y.at, y.length).set(arena.f64(x.at, x.length)),
    promote: (x, y) => arena.f64(y.at, y.length).set(arena.f32(x.at, x.length)),
    components,
    add,
  }
}
