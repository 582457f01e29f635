import { type Frequencies, groupTaps, type TrigonometricPolynomial } from '../symbol.ts'
import { sizeOf } from '../tensor.ts'
import { type Arena, borrow } from './arena.ts'
import { openPlan } from './fft-plan.ts'
import { putPhases } from './phases.ts'

/** The symbol of one group at a list of frequencies, block by block. */
export interface SymbolValues {
  /**
   * Writes F at frequencies first … first + count − 1 in pair layout, ceil(count/2) × (rows × columns) × 32 bytes; `first` is even, and an
   * odd count repeats its last.
   */
  write(first: number, count: number, f: number): void
}

export type Way = 'direct' | 'rows' | 'transform'

/**
 * Opens a symbol for a list of frequencies, in the way that costs least: tap by tap for any list; row by row where neighbours in the list
 * differ in the last axis only; by Fourier transform where the list is much of a grid and the kernel large. Values agree to rounding;
 * the bounds on rounding that certificates rest on are those of the direct way.
 *
 * @param way to measure or test one; by default the cheapest
 */
export function openSymbol(
  arena: Arena,
  symbol: TrigonometricPolynomial,
  group: number,
  frequencies: Frequencies,
  way = cheapest(symbol, frequencies),
): SymbolValues {
  return { direct: openDirect, rows: openRows, transform: openTransform }[way](arena, symbol, group, frequencies)
}

/** Nanoseconds an entry, measured (bench/routines/grid.ts): the ratios are what counts. */
const COST = { tap: 0.2, rowTap: 0.45, foldTap: 0.35, smoothPoint: 0.15, otherPoint: 5.5, unpack: 1.5 }
/** Largest spectrum that is kept whole, in bytes. */
const ROOM = 2 ** 28

function cheapest(symbol: TrigonometricPolynomial, frequencies: Frequencies): Way {
  const axes = frequencies.turns.length
  if (axes === 0) return 'direct'
  const size = symbol.rows * symbol.columns
  const lengths = symbol.offsets.map(q => q.length)
  const taps = sizeOf(lengths)
  const count = frequencies.points.length / axes
  const points = sizeOf(frequencies.turns)
  const direct = COST.tap * taps
  const along = count / rowsOf(frequencies)
  const rows = axes > 1 && along >= 2 ? COST.rowTap * lengths[axes - 1] + (COST.foldTap * taps) / along : Infinity
  const axisCost = frequencies.turns.reduce(
    (sum, n) => sum + (smooth(n) ? COST.smoothPoint * Math.max(1, bits(n)) : COST.otherPoint),
    0,
  )
  const fits = count * size * 16 <= ROOM && points <= 2 ** 22
  const transform = fits ? (axisCost * points) / count + COST.unpack : Infinity
  if (transform < direct && transform < rows) return 'transform'
  return rows < direct ? 'rows' : 'direct'
}

const bits = (n: number) => 32 - Math.clz32(n)

function smooth(n: number): boolean {
  for (const r of [2, 3, 5, 7]) while (n % r === 0) n /= r
  return n === 1
}

/** Stretches of the list in which only the last axis changes. */
function rowsOf(frequencies: Frequencies): number {
  const axes = frequencies.turns.length
  let rows = 1
  for (let i = 1; i < frequencies.points.length / axes; i++) if (!sameRow(frequencies, i - 1, i)) rows++
  return rows
}

function sameRow({ turns, points }: Frequencies, i: number, j: number): boolean {
  const axes = turns.length
  for (let d = 0; d < axes - 1; d++) if (points[i * axes + d] !== points[j * axes + d]) return false
  return true
}

function openDirect(arena: Arena, symbol: TrigonometricPolynomial, group: number, frequencies: Frequencies): SymbolValues {
  const size = symbol.rows * symbol.columns
  const own = groupTaps(symbol, group)
  const a = arena.put(own)
  return {
    write: (first, count, f) =>
      borrow(inner => {
        const phases = putPhases(inner, symbol.offsets, frequencies, first, count)
        inner.routines.symbol((count + 1) >> 1, own.length / size, size, a, phases, f)
      }),
  }
}

/** The taps of all axes but the last are summed once a row; a pair of frequencies from two rows is done tap by tap. */
function openRows(arena: Arena, symbol: TrigonometricPolynomial, group: number, frequencies: Frequencies): SymbolValues {
  const { routines } = arena
  const axes = symbol.offsets.length
  const size = symbol.rows * symbol.columns
  const own = groupTaps(symbol, group)
  const a = arena.alloc(own.length * 8 + 64)
  arena.f64(a, own.length + 8).fill(0)
  arena.f64(a, own.length).set(own)
  const [outer, last] = [symbol.offsets.slice(0, -1), symbol.offsets[axes - 1]]
  const outerTaps = sizeOf(outer.map(q => q.length))
  const part = Math.ceil((size * last.length) / 8) * 64
  const t = arena.alloc(2 * part + 64)
  let folded = -1
  const fold = (i: number) => {
    if (folded >= 0 && sameRow(frequencies, folded, i)) return
    folded = i
    borrow(inner => {
      const here = { turns: frequencies.turns.slice(0, -1), points: frequencies.points.slice(i * axes, i * axes + axes - 1) }
      const phases = inner.f64(putPhases(inner, outer, here, 0, 1), 4 * outerTaps)
      const weights = inner.put(Float64Array.from({ length: 2 * outerTaps }, (_, i) => phases[2 * i]))
      routines.fold(outerTaps, size * last.length, a, weights, t)
    })
  }
  const row = (first: number, count: number, f: number) =>
    borrow(inner => {
      const ends = Float64Array.from({ length: count }, (_, i) => frequencies.points[(first + i + 1) * axes - 1])
      const phases = putPhases(inner, [last], { turns: frequencies.turns.slice(-1), points: ends }, 0, count)
      routines.symbolRow((count + 1) >> 1, last.length, size, t, part, phases, f)
    })
  const across = (first: number, f: number) =>
    borrow(inner => {
      const phases = putPhases(inner, symbol.offsets, frequencies, first, 2)
      routines.symbol(1, own.length / size, size, a, phases, f)
    })
  return {
    write(first, count, f) {
      for (let i = 0; i < count; ) {
        let length = 1
        while (i + length < count && sameRow(frequencies, first + i, first + i + length)) length++
        const whole = i + length === count ? length : length & ~1
        if (whole > 0) {
          fold(first + i)
          row(first + i, whole, f + (i >> 1) * size * 32)
        } else across(first + i, f + (i >> 1) * size * 32)
        i += whole || 2
      }
    },
  }
}

/** The whole list at once by transforms of four entries a lane pair, kept in memory. */
function openTransform(arena: Arena, symbol: TrigonometricPolynomial, group: number, frequencies: Frequencies): SymbolValues {
  const { routines } = arena
  const { turns, points } = frequencies
  const axes = turns.length
  const size = symbol.rows * symbol.columns
  const own = groupTaps(symbol, group)
  const count = points.length / axes
  const store = arena.alloc(((count + 1) >> 1) * size * 32)
  borrow(inner => {
    const plan = openPlan(inner, turns, Math.ceil(size / 4))
    const cells = tapCells(symbol, turns)
    const table = inner.alloc(((count + 1) >> 1) * 16)
    const list = inner.i32(table, 4 * ((count + 1) >> 1))
    for (let i = 0; i < list.length; i += 2) {
      const at = Math.min(i >> 1, count - 1) * axes
      const point = Array.from(points.subarray(at, at + axes))
      // e^{+iqθ} where the transform has e^{−iqθ}: k and −k change places.
      list[i] = flatIndex(
        point.map(p => -p),
        turns,
      )
      list[i + 1] = flatIndex(point, turns)
    }
    const grid = sizeOf(turns)
    for (let first = 0; first < size; first += 4 * plan.width) {
      const entries = Math.min(4 * plan.width, size - first)
      const x = inner.f64(plan.x, grid * plan.width * 4).fill(0)
      cells.forEach((cell, q) => {
        // Taps that a small grid wraps onto each other add up.
        for (let e = 0; e < entries; e++) x[cell * plan.width * 4 + e] += own[q * size + first + e]
      })
      const z = plan.run()
      for (let e = 0; e < entries; e += 4)
        routines.symbolFromTransform(
          count,
          plan.width,
          table,
          z + e * 8,
          size,
          Math.min(4, entries - e),
          store + (first + e) * 32,
        )
    }
  })
  return {
    write(first, count, f) {
      const doubles = ((count + 1) >> 1) * size * 4
      const out = arena.f64(f, doubles)
      out.set(arena.f64(store + (first >> 1) * size * 32, doubles))
      if (count & 1) for (let i = doubles - 4 * size; i < doubles; i += 2) out[i + 1] = out[i]
    },
  }
}

/** The grid cell of each tap. */
function tapCells(symbol: TrigonometricPolynomial, turns: readonly number[]): number[] {
  return symbol.offsets.reduce<number[]>(
    (cells, q, d) => cells.flatMap(cell => q.map(at => cell * turns[d] + (((at % turns[d]) + turns[d]) % turns[d]))),
    [0],
  )
}

function flatIndex(point: readonly number[], turns: readonly number[]): number {
  return point.reduce((flat, p, d) => flat * turns[d] + (((p % turns[d]) + turns[d]) % turns[d]), 0)
}
