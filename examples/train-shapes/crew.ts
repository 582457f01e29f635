import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Outcome, Task } from './run.ts'

export interface Finished {
  /** In the order of the tasks. */
  readonly outcomes: Outcome[]
  /** Wall-clock seconds of everything, and processor seconds of the children. */
  readonly seconds: number
  readonly processor: number
}

interface Answer {
  readonly outcome: Outcome
  readonly seconds: number
}

/** Trains in two processes, the next task for whoever is free. */
export async function trainAll(tasks: readonly Task[]): Promise<Finished> {
  const started = performance.now()
  const outcomes = new Array<Outcome>(tasks.length)
  let [next, processor] = [0, 0]
  const work = async () => {
    const child = fork(fileURLToPath(new URL('./run.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
    while (next < tasks.length) {
      const at = next++
      const { outcome, seconds } = await answer(child, tasks[at])
      processor += seconds
      outcomes[at] = outcome
      const { name, value, seed, accuracy, lipschitz } = outcome
      console.log(`${name} ${value}, seed ${seed}: accuracy ${accuracy}, L ${lipschitz.toFixed(2)}, ${seconds.toFixed(0)} s`)
    }
    child.kill()
  }
  await Promise.all([work(), work()])
  return { outcomes, seconds: (performance.now() - started) / 1000, processor }
}

function answer(child: ChildProcess, task: Task): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null) => reject(new Error(`${task.name}: its process ended with code ${code}`))
    child.once('exit', died)
    child.once('message', message => {
      child.off('exit', died)
      resolve(message as Answer)
    })
    child.send(task)
  })
}
