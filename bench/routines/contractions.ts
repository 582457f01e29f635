/** The tap tensor with complex vectors, 4·m·n·taps operations a pass; and sines, cosines, exponentials, logarithms one by one. */
import { borrow } from '../../src/runtime/arena.ts'
import { withTapTensor } from '../../src/runtime/contract.ts'
import { exp, log } from '../../src/runtime/elementary.ts'
import { best, rated, time, uniform } from '../frame.ts'

for (const [side, taps] of [
  [16, 9],
  [64, 9],
  [64, 27],
  [128, 9],
  [256, 9],
]) {
  const complex = (length: number) => ({ re: uniform(length), im: uniform(length, 2) })
  const [w, u, v] = [complex(taps), complex(side), complex(side)]
  const seconds = withTapTensor(uniform(side * side * taps), side, side, tensor => [
    best(() => tensor.fold(w)),
    best(() => tensor.forms(u, v)),
  ])
  await rated('fold', `${side}²×${taps}`, 4 * side * side * taps, seconds[0])
  await rated('forms', `${side}²×${taps}`, 4 * side * side * taps, seconds[1])
}

const count = 4096
const numbers = uniform(count, 3)
const turns = borrow(arena => {
  const j = arena.put(numbers.map(x => Math.round(x * 1e9)))
  const out = arena.alloc(count * 16)
  return () => arena.routines.turns(count, 360361, j, out)
})
let sum = 0
const each = (f: (x: number) => number) => () => {
  for (let i = 0; i < count; i++) sum += f(1 + numbers[i])
}
console.log(`cosine and sine of a turn     ${time(best(turns) / count)}`)
console.log(`exponential                   ${time(best(each(exp)) / count)}`)
console.log(`logarithm                     ${time(best(each(log)) / count)}`)
console.log(`Math.cos and Math.sin         ${time(best(each(x => Math.cos(x) + Math.sin(x))) / count)}`)
if (Number.isNaN(sum)) throw new Error('a sum of finite numbers is not one')
