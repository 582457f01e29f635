/**
 * What all measurements share: the best of many short windows, and the processor's own 128-bit multiply and add peak measured in the same
 * run, so that every rate is also a fraction. Absolute figures change with the machine and its load; fractions hardly do.
 */
import asc from 'assemblyscript/asc'

/** Seconds of the fastest of many calls, each window at least half a millisecond long. */
export function best(work: () => void, seconds = 0.15): number {
  const now = () => performance.now() / 1000
  const warm = now() + seconds / 3
  while (now() < warm) work()
  let repeats = 1
  let least = Number.POSITIVE_INFINITY
  for (const stop = now() + seconds; now() < stop; ) {
    const start = now()
    for (let i = 0; i < repeats; i++) work()
    const spent = now() - start
    least = Math.min(least, spent / repeats)
    if (spent < 5e-4) repeats *= 2
  }
  return least
}

// Twelve independent chains of one operation: enough for its latency at two a cycle, and nothing but registers. One loop of both
// would need more chains than there are registers, so the two rates are taken one after the other and added.
const CHAINS = Array.from({ length: 12 }, (_, i) => `c${i}`)
const loop = (op: string) => `export function ${op}(turns: i32, start: f64): f64 {
  ${CHAINS.map(c => `let ${c} = f64x2.splat(start)`).join('\n  ')}
  for (; turns > 0; turns--) { ${CHAINS.map(c => `${c} = f64x2.${op}(${c}, ${c})`).join('; ')} }
  ${CHAINS.slice(1)
    .map(c => `c0 = f64x2.add(c0, ${c})`)
    .join('\n  ')}
  return f64x2.extract_lane(c0, 0)
}`

type Loop = (turns: number, start: number) => number
let loops: { add: Loop; mul: Loop } | undefined

/** The peak right now, operations a second: what the adders and the multipliers do together. Asked again before each row; clocks drift. */
export async function peak(): Promise<number> {
  if (!loops) {
    const options = { optimizeLevel: 3, runtime: 'stub', noAssert: true, enable: ['simd'] }
    const { binary, stderr } = await asc.compileString(loop('add') + loop('mul'), options)
    if (!binary) throw new Error(`the peak loop does not compile: ${stderr}`)
    const { instance } = await WebAssembly.instantiate(binary as BufferSource, { env: { abort() {} } })
    loops = instance.exports as unknown as { add: Loop; mul: Loop }
  }
  const { add, mul } = loops!
  const turns = 20000
  const operations = turns * CHAINS.length * 2
  return operations / best(() => add(turns, 0), 0.04) + operations / best(() => mul(turns, 1), 0.04)
}

/** Processor time of one call in milliseconds, the median of several after one that is not counted: steadier than a clock on a shared machine. */
export function processorTime<T>(work: () => T, seconds = 1.5): { ms: number; got: T } {
  const times: number[] = []
  let got = work()
  for (const stop = performance.now() + 1000 * seconds; times.length < 3 || (performance.now() < stop && times.length < 100); ) {
    const start = process.cpuUsage()
    got = work()
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1000)
  }
  return { ms: times.sort((a, b) => a - b)[times.length >> 1], got }
}

/** Processor times of calls that take turns, in milliseconds: medians after a warm-up, short calls in groups that a clock can see. */
export function alternating(first: () => unknown, second: () => unknown, seconds = 0.8): [number, number] {
  const spent = (work: () => unknown, repeats: number): number => {
    const start = process.cpuUsage()
    for (let i = 0; i < repeats; i++) work()
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000 / repeats
  }
  const warm = performance.now() + 300 * seconds
  let longest = 0
  for (let i = 0; i < 1 || performance.now() < warm; i++) longest = Math.max(spent(first, 1), spent(second, 1))
  const repeats = Math.max(1, Math.ceil(2 / longest))
  const times: [number[], number[]] = [[], []]
  for (const stop = performance.now() + 1000 * seconds; times[0].length < 3 || performance.now() < stop; ) {
    times[0].push(spent(first, repeats))
    times[1].push(spent(second, repeats))
  }
  const [a, b] = times.map(all => all.sort((x, y) => x - y)[all.length >> 1])
  return [a, b]
}

/** One line of a table of rates. */
export async function rate(name: string, side: number | string, operations: number, work: () => void): Promise<void> {
  const top = await peak()
  const seconds = best(work)
  print(name, side, operations / seconds, top, seconds)
}

/** The same for seconds taken before, inside a `borrow` that what is measured needs. */
export async function rated(name: string, side: number | string, operations: number, seconds: number): Promise<void> {
  print(name, side, operations / seconds, await peak(), seconds)
}

function print(name: string, side: number | string, reached: number, top: number, seconds: number): void {
  console.log(
    `${name.padEnd(28)} ${String(side).padStart(9)}  ${time(seconds)}  ${(reached / 1e9).toFixed(1).padStart(6)} GFLOP/s  ${((100 * reached) / top).toFixed(0).padStart(3)} % of ${(top / 1e9).toFixed(1)}`,
  )
}

/** A duration with three figures and a unit, ten characters wide. */
export function time(seconds: number): string {
  const [scale, unit] = seconds < 1e-6 ? [1e9, 'ns'] : seconds < 1e-3 ? [1e6, 'µs'] : seconds < 1 ? [1e3, 'ms'] : [1, 's ']
  return `${(seconds * scale).toPrecision(3).padStart(7)} ${unit}`
}

/** Uniform numbers in [−1, 1) from a seed. */
export function uniform(length: number, seed = 1): Float64Array {
  let state = seed
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/** Pairs of n×n matrices that together fill a quarter of a second-level cache, so that rates are those of the routine. */
export function pairsFor(n: number): number {
  return Math.max(1, Math.min(64, Math.floor(2 ** 18 / (n * n * 32))))
}
