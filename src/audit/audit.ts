import type { Model } from '../formats/model.ts'
import type { Goal, LayerReport, NetworkReport, Report } from '../report.ts'
import { modelReport, reportOf } from './assemble.ts'
import { checkGoal } from './goal.ts'
import { auditLayer } from './layer.ts'
import { chosenLayers, taskOf } from './task.ts'
import { networkReport } from './whole-network.ts'

/** An audit under way: the report so far (`partial` until the end), and how many of the layers are in it. */
export interface Step {
  readonly report: Report
  readonly done: number
  readonly total: number
}

/**
 * Audits a model: an enclosure of every layer's norm, the methods asked for beside it, the network's certificate where there is a graph.
 *
 * Synchronous; `auditing` does the same step by step, `auditParallel` in workers.
 *
 * @throws OpnormError `option` for an unknown method, and for what is no model or no goal; a layer that cannot be bounded is a finding, not an error
 * @example audit(readModel([{ name, bytes }]), { gap: 1e-3 }).models[0].layers[0].enclosure
 */
export function audit(model: Model, goal: Goal = {}): Report {
  checkGoal(model, goal)
  let report = reportOf(goal, [], true)
  for (const step of auditing(model, goal)) report = step.report
  return report
}

/** The same audit, one layer a step: for progress, for reports that grow, and for stopping when enough is known. */
export function* auditing(model: Model, goal: Goal = {}): Generator<Step, void> {
  checkGoal(model, goal)
  const chosen = chosenLayers(model, goal)
  const layers: LayerReport[] = []
  for (const index of chosen) {
    layers.push(auditLayer(taskOf(model, index, goal)))
    yield stepOf(model, goal, layers, chosen.length)
  }
  yield stepOf(model, goal, layers, chosen.length, { network: networkReport(model, goal) })
}

/** Where an audit stands with these layers; with what is known of the network it has ended. */
export function stepOf(
  model: Model,
  goal: Goal,
  layers: readonly LayerReport[],
  total: number,
  end?: { network: NetworkReport | undefined },
): Step {
  const models = [modelReport(model, 0, [...layers], end?.network)]
  return { report: reportOf(goal, models, end === undefined), done: layers.length, total }
}
