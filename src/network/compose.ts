import { type Bound, checkEnds, type Scope } from '../bound.ts'
import { fail, show } from '../errors.ts'
import { euclideanUp, plusUp, timesUp } from './outward.ts'

/** What may enter a certificate: a bound that is proven from above. The compiler refuses any other kind, and so does the call. */
export type Proven = Bound<'upper' | 'exact'>

/**
 * Layers one after another: L ≤ Π Lᵢ.
 *
 * Tight only where the layers' top directions meet; the product of trained layers is mostly loose. No layers: the identity, 1.
 * It speaks of every input size only if all its parts do (so of all four compositions here). METHODS §9.
 *
 * @throws OpnormError `kind` for a lower bound or an estimate, `option` for what is no bound at all
 * @example sequential(spectralNorm(first), activation('relu'), spectralNorm(second)).value
 */
export function sequential(...parts: Proven[]): Bound<'upper'> {
  return composed('sequential', parts, parts.map(ceiling('sequential')).reduce(timesUp, 1))
}

/**
 * A sum of branches with one input, L ≤ Σ Lᵢ, the identity among them: `residual(branch)` is x + branch(x), `1 + L`.
 * With two or more branches there is no identity: `residual(skip, branch)` is skip(x) + branch(x).
 *
 * @throws OpnormError as `sequential`
 * @example residual(sequential(a, activation('relu'), b)).value  // 1 + L
 */
export function residual(...branches: Proven[]): Bound<'upper'> {
  if (branches.length === 0)
    fail('option', 'residual', 'at least one branch', 'none', 'Give the bound of the branch beside the identity')
  const identity = branches.length === 1 ? 1 : 0
  return composed('residual', branches, branches.map(ceiling('residual')).reduce(plusUp, identity))
}

/**
 * Layers side by side on disjoint parts of the input, with disjoint outputs (a block diagonal): L ≤ max Lᵢ, never more.
 *
 * @throws OpnormError as `sequential`
 * @example parallel(leftHalf, rightHalf).value
 */
export function parallel(...parts: Proven[]): Bound<'upper'> {
  const largest = parts.map(ceiling('parallel')).reduce((a, b) => Math.max(a, b), 0)
  return { ...composed('parallel', parts, largest), lower: floor(parts) }
}

/**
 * Layers that read the same input, their outputs put one after another: L ≤ √(Σ Lᵢ²), sharp if they share a top direction.
 *
 * @throws OpnormError as `sequential`
 * @example concat(branch3x3, branch5x5).value
 */
export function concat(...branches: Proven[]): Bound<'upper'> {
  return { ...composed('concat', branches, euclideanUp(branches.map(ceiling('concat')))), lower: floor(branches) }
}

function composed(method: string, parts: readonly Proven[], value: number): Bound<'upper'> {
  const scope: Scope = parts.every(part => part.scope === 'every-size') ? 'every-size' : 'this-size'
  const work = parts.reduce((sum, part) => sum + (part.work || 0), 0)
  return { value, kind: 'upper', method, scope, lower: 0, upper: value, work }
}

/** Both block diagonals and stacks are at least as large as each part; only parts at one size, or all of them at every size, count. */
function floor(parts: readonly Proven[]): number {
  const every = parts.every(part => part.scope === 'every-size')
  return parts.reduce((best, part) => (every || part.scope === 'this-size' ? Math.max(best, part.lower) : best), 0)
}

/** The proven end of a bound, for callers without a type checker checked again. */
function ceiling(what: string): (part: Proven, index: number) => number {
  return (part, index) => {
    const held: Partial<Bound> | null | undefined = part
    const name = `${what}: part ${index}`
    if (typeof held !== 'object' || held === null || typeof held.kind !== 'string')
      fail('option', name, 'a bound', show(part), 'Give what spectralNorm(), exact() or another proven method returned')
    if (held.kind !== 'upper' && held.kind !== 'exact')
      fail(
        'kind',
        name,
        "kind 'upper' or 'exact'",
        `'${held.kind}' from ${held.method}`,
        'Only proven ceilings compose; use spectralNorm()',
      )
    checkEnds(held.lower, held.upper, name)
    return held.upper as number
  }
}
