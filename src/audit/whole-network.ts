import type { Graph, Model } from '../formats/model.ts'
import { DEFAULT_GAP } from './task.ts'
import { problemOf } from './layer.ts'
import { certifyNetwork, type CertifiedNode } from './network.ts'
import type { Goal, NetworkReport } from '../report.ts'

/** The network's certificate as a report shows it, or nothing where the file has no graph. */
export function networkReport(model: Model, goal: Goal): NetworkReport | undefined {
  if (!model.graph) return undefined
  try {
    const { bound, reason, nodes, lower, estimate, lowerReason } = certifyNetwork(model, {
      gap: goal.gap ?? DEFAULT_GAP,
      ...(goal.inputShapes && { inputShapes: named(goal.inputShapes, model.graph) }),
    })
    const refused = reason?.replace(/^no certificate: /, '') ?? overflow(bound?.upper, nodes)
    return {
      upper: finite(bound?.upper),
      lower: finite(lower?.lower),
      estimate: finite(estimate?.value),
      ...(refused !== undefined && { refused }),
      nodes: nodes.map(({ name, op, rule, gain, cumulative }) => ({
        name,
        op,
        rule,
        gain: finite(gain),
        total: finite(cumulative),
      })),
      notes: lowerReason === undefined ? [] : [lowerReason],
    }
  } catch (error) {
    return { upper: null, lower: null, estimate: null, refused: problemOf(error).message, nodes: [], notes: [] }
  }
}

/** A bound beyond every number is none: where it became that. */
function overflow(upper: number | undefined, nodes: readonly CertifiedNode[]): string | undefined {
  if (finite(upper) !== null) return undefined
  const first = nodes.find(({ cumulative }) => !Number.isFinite(cumulative))
  return `the bound exceeds every number${first ? `, from ${first.op} '${first.name}' on` : ''}`
}

/** Shapes by name; the one without a name is the first input's. */
function named(shapes: NonNullable<Goal['inputShapes']>, graph: Graph): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name || (graph.inputs[0]?.name ?? name), shape]))
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
