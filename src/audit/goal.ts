import { fail, show } from '../errors.ts'
import type { Model } from '../formats/model.ts'
import type { Goal } from '../report.ts'
import { methodNamed } from './methods.ts'

const isText = (value: unknown): boolean => typeof value === 'string'
const isNumber = (value: unknown): boolean => typeof value === 'number' && !Number.isNaN(value)

/** What each part of a goal may be, and how that is said. */
const PARTS: { readonly [key in keyof Goal]?: readonly [fits: (value: unknown) => boolean, wanted: string, advice: string] } = {
  layers: [isText, "a pattern such as 'features.*'", 'It is compared with the names of the layers'],
  methods: [value => Array.isArray(value) && value.every(isText), "names such as ['f4']", 'See docs/methods.md'],
  gap: [isNumber, 'a number such as 1e-6', 'It is the relative width of each enclosure'],
  maxNorm: [isNumber, 'a number', 'It is a limit for the norm of each layer'],
  maxLipschitz: [isNumber, 'a number', 'It is a limit for the Lipschitz constant of the network'],
}

/**
 * What an audit is asked for, before any of it is done.
 *
 * @throws OpnormError `option` for what is no model or no goal, and for a method nobody knows
 */
export function checkGoal(model: Model, goal: Goal): void {
  if (!Array.isArray((model as Model | null)?.layers))
    fail('option', 'model', 'what readModel gives', show(model), 'Read the file with readModel first')
  if (typeof goal !== 'object' || goal === null)
    fail('option', 'goal', 'an object such as { gap: 1e-3 }', show(goal), 'Leave it out')
  for (const [key, [fits, wanted, advice]] of Object.entries(PARTS)) {
    const value = goal[key as keyof Goal]
    if (value !== undefined && !fits(value)) fail('option', key, wanted, show(value), advice)
  }
  for (const name of goal.methods ?? []) methodNamed(name)
}
