import type { Arena } from './arena.ts'
import type { Operator, Vector } from './operator.ts'
import { openBasis, vectorRoutines } from './vectors.ts'

/**
 * T̂ on vectors of 32-bit numbers, inner products in double precision: twice as fast and half the memory, for iterations whose results are
 * corrected afterwards. By Winograd's filtering, whose rounding is some 10⁻⁶ of the norm here.
 */
export interface SingleOperator
  extends Pick<
    Operator,
    'inputBasis' | 'output' | 'apply' | 'adjoint' | 'dot' | 'norm' | 'axpy' | 'scale' | 'project' | 'combine'
  > {
  /** y ← x, rounded to 32 bits. */
  demote(x: Vector, y: Vector): void
  /** y ← x in double precision. */
  promote(x: Vector, y: Vector): void
}

/** Channels and pixels of a layer's inputs and outputs. */
export interface Sides {
  readonly inputs: readonly [channels: number, pixels: number]
  readonly outputs: readonly [channels: number, pixels: number]
}

/** @param products by Winograd in single precision */
export function openSingle(
  arena: Arena,
  { inputs, outputs }: Sides,
  products: Pick<Operator, 'apply' | 'adjoint'>,
): SingleOperator {
  const { dotSingle, axpySingle, scaleSingle, projectSingle, combineSingle } = arena.routines
  return {
    ...products,
    ...vectorRoutines({
      dot: dotSingle,
      norm: (n, x) => Math.sqrt(dotSingle(n, x, x)),
      axpy: axpySingle,
      scale: scaleSingle,
      project: projectSingle,
      combine: combineSingle,
    }),
    inputBasis: count => openBasis(arena, count, ...inputs, 4),
    output: () => openBasis(arena, 1, ...outputs, 4).vectors[0],
    demote: (x, y) => arena.routines.demote(x.length, x.at, y.at),
    promote: (x, y) => arena.f64(y.at, y.length).set(arena.f32(x.at, x.length)),
  }
}
