/** The symbol on grids: nanoseconds an entry tap by tap, row by row, by Fourier transform, and which of them is chosen. */
import { borrow } from '../../src/runtime/arena.ts'
import { openSymbol, type Way } from '../../src/runtime/symbol-values.ts'
import { circularFrequencies } from '../../src/symbol.ts'
import { sizeOf } from '../../src/tensor.ts'
import { best, uniform } from '../frame.ts'

const WAYS: Way[] = ['direct', 'rows', 'transform']

for (const [kernel, grid] of [
  [
    [3, 3],
    [32, 32],
  ],
  [
    [5, 5],
    [32, 32],
  ],
  [
    [7, 7],
    [31, 31],
  ],
  [
    [7, 7],
    [32, 32],
  ],
  [
    [11, 11],
    [32, 32],
  ],
  [[25], [1024]],
  [[65], [1024]],
  [
    [3, 3, 3],
    [16, 16, 16],
  ],
]) {
  for (const side of [4, 16, 64]) {
    const size = side * side
    const frequencies = circularFrequencies(grid)
    const count = frequencies.points.length / grid.length
    if (count * size > 3e6) continue
    const symbol = {
      groups: 1,
      rows: side,
      columns: side,
      offsets: kernel.map(k => Array.from({ length: k }, (_, q) => q)),
      taps: uniform(sizeOf(kernel) * size),
    }
    const step = 2 * Math.max(1, Math.floor(2 ** 18 / (size * 32)))
    const evaluate = (way?: Way) =>
      best(
        () =>
          borrow(arena => {
            const values = openSymbol(arena, symbol, 0, frequencies, way)
            const f = arena.alloc(step * size * 16)
            for (let first = 0; first < count; first += step) values.write(first, Math.min(step, count - first), f)
          }),
        0.1,
      )
    const each = WAYS.filter(way => way !== 'rows' || grid.length > 1).map(
      way => `${way} ${((evaluate(way) * 1e9) / count / size).toFixed(2).padStart(6)}`,
    )
    const chosen = ((evaluate() * 1e9) / count / size).toFixed(2)
    console.log(
      `${kernel.join('×').padEnd(7)} on ${grid.join('×').padEnd(9)} ${String(side).padStart(3)} channels   ${each.join('   ')}   chosen ${chosen}`,
    )
  }
}
