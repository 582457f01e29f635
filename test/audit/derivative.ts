import type { Plan } from '../../src/audit/network-plan.ts'
import type { Numbers } from '../../src/audit/rules/numbers.ts'
import type { Linear } from '../../src/audit/rules/step.ts'

/** One array for each input of the network, in order. */
export type Inputs = readonly Float64Array[]

/** The derivative of a network at a point, all outputs in one vector. */
export interface Derivative {
  push(d: Inputs): Float64Array
  pull(w: Float64Array): Float64Array[]
}

export function joined(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Every value of the network; with `careful`, radii that hold all rounding and an error of `reach` in every input. */
export function valuesAt(plan: Plan, inputs: Inputs, careful = false, reach?: number): Map<string, Numbers> {
  const values = new Map(plan.constants)
  for (const [i, { name, shape }] of plan.inputs.entries())
    values.set(name, { shape, data: inputs[i], ...(reach && { radius: inputs[i].map(() => reach) }) })
  for (const { step, operands, output } of plan.steps)
    values.set(
      output,
      step.evaluate(
        operands.map(operand => operand && values.get(operand.name)),
        careful,
      ),
    )
  return values
}

/** The Jacobian at a point as products, by the plan's own derivatives. An output without inputs does not move. */
export function derivativeAt(plan: Plan, outputs: readonly string[], inputs: Inputs): Derivative {
  const values = valuesAt(plan, inputs)
  const linears: Linear[] = plan.steps.map(({ step, operands, output }) =>
    step.linearize(
      operands.map(operand => operand && values.get(operand.name)),
      values.get(output)!,
    ),
  )
  const length = (name: string): number => values.get(name)!.data.length
  return {
    push(d) {
      const moves = new Map<string, Float64Array>(plan.inputs.map(({ name }, i) => [name, d[i]]))
      for (const [i, { operands, output }] of plan.steps.entries())
        moves.set(output, linears[i].forward(operands.map(x => (x && !x.constant ? moves.get(x.name) : undefined))))
      return joined(outputs.map(name => moves.get(name) ?? new Float64Array(length(name))))
    },
    pull(w) {
      const pulls = new Map<string, Float64Array>()
      const give = (name: string, by: Float64Array): void => {
        const held = pulls.get(name)
        pulls.set(name, held ? held.map((v, k) => v + by[k]) : by)
      }
      let at = 0
      for (const name of outputs) give(name, w.slice(at, (at += length(name))))
      for (const [i, { operands, output }] of [...plan.steps.entries()].reverse()) {
        const held = pulls.get(output)
        if (!held) continue
        pulls.delete(output)
        for (const [j, by] of linears[i].backward(held).entries()) {
          const operand = operands[j]
          if (by && operand && !operand.constant) give(operand.name, by)
        }
      }
      return plan.inputs.map(({ name }, i) => pulls.get(name) ?? new Float64Array(inputs[i].length))
    },
  }
}
