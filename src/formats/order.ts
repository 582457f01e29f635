import { fail, show } from '../errors.ts'

interface Step {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/**
 * The order in which nodes can be computed: the file's own where it is one, else as early as inputs allow (Kahn's algorithm).
 *
 * @param given whether a value is there from the start; '' always is
 * @throws OpnormError `file` for a cycle, or a value nobody makes
 */
export function ordered(steps: readonly Step[], given: (name: string) => boolean, what: string): number[] {
  const maker = new Map<string, number>()
  steps.forEach(({ outputs }, i) => {
    for (const name of outputs) if (name !== '') maker.set(name, i)
  })
  const waiting = new Int32Array(steps.length)
  const readers: number[][] = steps.map(() => [])
  steps.forEach(({ inputs }, i) => {
    for (const name of new Set(inputs)) {
      const from = maker.get(name)
      if (from !== undefined) {
        waiting[i]++
        readers[from].push(i)
      } else if (name !== '' && !given(name))
        fail('file', what, `something that makes ${show(name)}`, 'nothing', 'The graph is damaged')
    }
  })
  const order: number[] = []
  for (let i = 0; i < steps.length; i++) if (waiting[i] === 0) order.push(i)
  for (let next = 0; next < order.length; next++)
    for (const reader of readers[order[next]]) if (--waiting[reader] === 0) order.push(reader)
  if (order.length < steps.length) {
    const stuck = steps[waiting.findIndex(count => count > 0)].outputs[0] ?? ''
    fail('file', what, 'a graph without cycles', `one through ${show(stuck)}`, 'The graph is damaged')
  }
  const asWritten = steps.every(({ inputs }, i) => inputs.every(name => (maker.get(name) ?? -1) < i))
  return asWritten ? steps.map((_, i) => i) : order
}
