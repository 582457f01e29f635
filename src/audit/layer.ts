import { type Bound, gapOf } from '../bound.ts'
import { OpnormError } from '../errors.ts'
import type { Claim, LayerReport, Problem } from '../report.ts'
import { spectralNorm } from '../methods/spectral-norm.ts'
import { widened } from './fold.ts'
import { methodNamed } from './methods.ts'
import { pictureOf } from './picture.ts'
import { type LayerTask, operands, shapeOf } from './task.ts'

/** Audits one layer: its enclosure, and the claims of the other methods beside it. A layer that cannot be bounded says why. */
export function auditLayer(task: LayerTask): LayerReport {
  const begun = performance.now()
  try {
    const both = operands(task)
    const enclosure = widened(
      timed('spectral-norm', () => spectralNorm(both.layer, { gap: task.gap })),
      both.rounding,
    )
    const claims = task.methods.map(method => claimOf(method, both, task, enclosure))
    const ms = performance.now() - begun
    return {
      ...known(task),
      shape: shapeOf(both.layer),
      enclosure,
      claims,
      ...(task.pictures && { picture: pictureOf(both.layer) }),
      ms,
    }
  } catch (error) {
    return failedLayer(task, error, performance.now() - begun)
  }
}

/** The report of a layer without a bound. */
export function failedLayer(task: LayerTask, error: unknown, ms = 0): LayerReport {
  return { ...known(task), shape: null, enclosure: null, claims: [], error: problemOf(error), ms }
}

function known({ index, name, op, kind, geometryFrom, note, fold }: LayerTask) {
  return { index, name, op, kind, geometryFrom, ...(note !== undefined && { note }), ...(fold && { folded: fold.name }) }
}

/** A refusal as data. Anything else is a defect of ours: it costs this layer its bound, not the others theirs. */
export function problemOf(error: unknown): Problem {
  if (error instanceof OpnormError) return { code: error.code, message: error.message }
  const given = error instanceof Error ? `${error.name} (${error.message})` : String(error)
  return { code: 'runtime', message: `audit: expected a bound, got ${given}. Please report it, with the model if you can` }
}

function claimOf(method: string, both: ReturnType<typeof operands>, task: LayerTask, enclosure: Claim): Claim {
  try {
    const claim = widened(
      timed(method, () => methodNamed(method)(both, task.gap)),
      both.rounding,
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

/** null for what is not proven: JSON has no infinity. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

function ratioTo(claim: Claim, enclosure: Claim): number | null {
  return claim.value !== null && enclosure.upper ? claim.value / enclosure.upper : null
}
