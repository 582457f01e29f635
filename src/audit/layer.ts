import { type Bound, gapOf } from '../bound.ts'
import type { Conv } from '../conv.ts'
import { OpnormError } from '../errors.ts'
import type { Claim, LayerReport, Problem } from '../report.ts'
import { spectralNorm } from '../methods/spectral-norm.ts'
import { foldSlack } from './fold.ts'
import { methodNamed, type Operands } from './methods.ts'
import { pictureOf } from './picture.ts'
import { type LayerTask, operands, shapeOf } from './task.ts'

/** Audits one layer: its enclosure, and the claims of the other methods beside it. A layer that cannot be bounded says why. */
export function auditLayer(task: LayerTask): LayerReport {
  const begun = performance.now()
  const { index, name, op, kind, geometryFrom, note, fold } = task
  const known = { index, name, op, kind, geometryFrom, ...(note !== undefined && { note }), ...(fold && { folded: fold.name }) }
  try {
    const both = operands(task)
    const enclosure = widened(
      timed('spectral-norm', () => spectralNorm(both.layer, { gap: task.gap })),
      task,
      both.layer,
    )
    const claims = task.methods.map(method => claimOf(method, both, task, enclosure))
    const ms = performance.now() - begun
    return {
      ...known,
      shape: shapeOf(both.layer),
      enclosure,
      claims,
      ...(task.pictures && { picture: pictureOf(both.layer) }),
      ms,
    }
  } catch (error) {
    return { ...known, shape: null, enclosure: null, claims: [], error: problemOf(error), ms: performance.now() - begun }
  }
}

/** A refusal as data; anything else is a defect of ours and goes on. */
export function problemOf(error: unknown): Problem {
  if (error instanceof OpnormError) return { code: error.code, message: error.message }
  throw error
}

function claimOf(method: string, both: Operands, task: LayerTask, enclosure: Claim): Claim {
  try {
    const claim = widened(
      timed(method, () => methodNamed(method)(both, task.gap)),
      task,
      both.layer,
    )
    return { ...claim, ratio: ratioTo(claim, enclosure) }
  } catch (error) {
    return { ...NOTHING, method, error: problemOf(error) }
  }
}

const NOTHING = {
  kind: null,
  scope: null,
  value: null,
  lower: null,
  upper: null,
  gap: null,
  ratio: null,
  work: 0,
  converged: false,
  ms: 0,
} as const

function timed(method: string, run: () => Bound): Claim {
  const begun = performance.now()
  const bound = run()
  return {
    method,
    kind: bound.kind,
    scope: bound.scope,
    value: finite(bound.value),
    lower: bound.lower,
    upper: finite(bound.upper),
    gap: finite(gapOf(bound)),
    ratio: null,
    work: bound.work,
    converged: bound.converged ?? true,
    ms: performance.now() - begun,
  }
}

/** Folding rounded the kernel: what was proven of the rounded one holds of the true one a few ulps wider. */
function widened(claim: Claim, task: LayerTask, layer: Conv): Claim {
  if (!task.fold || claim.upper === 0) return claim
  const slack = foldSlack(layer)
  const lower = (claim.lower ?? 0) * (1 - slack)
  const upper = claim.upper === null ? null : claim.upper * (1 + slack)
  const value = claim.kind === 'upper' ? upper : claim.kind === 'lower' ? lower : claim.value
  return { ...claim, value, lower, upper, gap: upper === null || !(lower > 0) ? null : upper / lower - 1 }
}

/** null for what is not proven: JSON has no infinity. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function ratioTo(claim: Claim, enclosure: Claim): number | null {
  return claim.value !== null && enclosure.upper ? claim.value / enclosure.upper : null
}
