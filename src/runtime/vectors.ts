import { type Arena, borrow } from './arena.ts'
import type { Routines } from './instance.ts'
import type { Basis, Operator } from './operator.ts'

type VectorRoutine = 'dot' | 'norm' | 'axpy' | 'scale' | 'project' | 'combine'

/** What can be done with vectors whatever the operator and the precision. */
export function vectorRoutines(routines: Pick<Routines, VectorRoutine>): Pick<Operator, VectorRoutine> {
  return {
    dot: (x, y) => routines.dot(x.length, x.at, y.at),
    norm: x => routines.norm(x.length, x.at),
    axpy: (s, x, y) => routines.axpy(x.length, s, x.at, y.at),
    scale: (s, x, y) => routines.scale(x.length, s, x.at, y.at),
    project: (basis, count, w) =>
      borrow(inner => {
        const components = inner.alloc(count * 8)
        routines.project(count, w.length, basis.vectors[0].at, strideOf(basis), w.at, components)
        return inner.f64(components, count).slice()
      }),
    combine: (basis, count, s) =>
      borrow(inner => {
        const kept = s.length / count
        const weights = inner.put(s)
        const { at, length } = basis.vectors[0]
        routines.combine(count, kept, length, at, strideOf(basis), weights, inner.alloc(kept * 64))
      }),
  }
}

/** Vectors at equal distances, a single one all zeros, padded with zeros to whole blocks of 64 bytes, and beyond: routines may read up to four numbers past the end. */
export function openBasis(arena: Arena, count: number, channels: number, pixels: number, bytes = 8): Basis {
  const length = channels * pixels
  const stride = Math.ceil(((length + 4) * bytes) / 64) * 64
  const at = arena.alloc(count * stride)
  const vectors = Array.from({ length: count }, (_, i) => ({ at: at + i * stride, length, channels }))
  for (const vector of vectors) {
    const used = count > 1 ? Math.floor((length * bytes) / 8) * 8 : 0
    arena.f64(vector.at + used, (stride - used) / 8).fill(0)
  }
  return { vectors }
}

const strideOf = ({ vectors }: Basis) => (vectors.length > 1 ? vectors[1].at - vectors[0].at : 0)
