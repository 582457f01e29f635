import { fail } from '../errors.ts'
import type { Goal, ModelReport, Report } from '../report.ts'
import { productOf, reportOf } from './assemble.ts'

/**
 * The parts of a sharded audit as one report, equal to that of a single run but for the times. Reports without shards are joined too.
 *
 * @param limits what to check the whole against, instead of what the parts were made with
 * @throws OpnormError `usage` when parts are missing, doubled, or of different audits
 */
export function merge(parts: readonly Report[], limits: Pick<Goal, 'maxNorm' | 'maxLipschitz'> = {}): Report {
  if (parts.length === 0) fail('usage', 'parts', 'at least one report', 'none', 'Give the JSON files of the parts')
  const goals = parts.map(part => wholeGoal(part.goal))
  const odd = goals.findIndex(goal => JSON.stringify(goal) !== JSON.stringify(goals[0]))
  if (odd >= 0)
    fail('usage', 'parts', 'the same options in all', `others in part ${odd + 1}`, 'Run every shard with one command line')
  checkComplete(parts)
  const models = parts.flatMap(part => part.models)
  const files = [...new Set(models.map(model => `${model.place} ${model.file}`))]
  const joined = files.map(key => joinModels(models.filter(model => `${model.place} ${model.file}` === key)))
  joined.sort((a, b) => a.place - b.place)
  return reportOf(
    { ...goals[0], ...limits },
    joined,
    parts.some(part => part.partial),
  )
}

function wholeGoal({ shard: _, ...goal }: Goal): Goal {
  return goal
}

/** Missing parts that a sentence names. */
const MOST_NAMED = 64

function checkComplete(parts: readonly Report[]): void {
  const shards = parts.flatMap(({ goal }) => goal.shard ?? [])
  if (shards.length === 0) return
  const of = shards[0].of
  const there = new Set(shards.map(shard => shard.part))
  const missing: number[] = []
  for (let part = 1; part <= of && missing.length < MOST_NAMED; part++) if (!there.has(part)) missing.push(part)
  if (missing.length > 0 || shards.length !== of || parts.length !== of || shards.some(shard => shard.of !== of))
    fail(
      'usage',
      'parts',
      `each of 1 … ${of} once`,
      shards.map(shard => `${shard.part}/${shard.of}`).join(', '),
      missing.length > 0 ? `Run the missing ones: ${missing.join(', ')}` : 'Leave out what is there twice',
    )
}

/** One model from what several parts know of it. */
function joinModels(models: readonly ModelReport[]): ModelReport {
  const [first] = models
  if (models.length === 1) return first
  const layers = models.flatMap(model => model.layers).sort((a, b) => a.index - b.index)
  const network = models.find(model => model.network)?.network
  return { ...first, layers, product: productOf(layers), ...(network && { network }) }
}
