import type { Model } from '../formats/model.ts'
import type { Goal, Report } from '../report.ts'
import { modelReport, reportOf } from './assemble.ts'
import { auditLayer } from './layer.ts'
import { methodNamed } from './methods.ts'
import { chosenLayers, taskOf } from './task.ts'
import { networkReport } from './whole-network.ts'

/**
 * Audits a model: an enclosure of every layer's norm, the methods asked for beside it, the network's certificate where there is a graph.
 *
 * Synchronous and single-threaded; `taskOf` and `auditLayer` are the pieces for workers and progress.
 *
 * @throws OpnormError `option` for an unknown method; a layer that cannot be bounded is a finding, not an error
 * @example audit(readModel([{ name, bytes }]), { gap: 1e-3 }).models[0].layers[0].enclosure
 */
export function audit(model: Model, goal: Goal = {}): Report {
  for (const name of goal.methods ?? []) methodNamed(name)
  const layers = chosenLayers(model, goal).map(index => auditLayer(taskOf(model, index, goal)))
  return reportOf(goal, [modelReport(model, 0, layers, networkReport(model, goal))])
}
