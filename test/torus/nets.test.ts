import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { conv } from '../../src/conv.ts'
import { type Arena, borrow } from '../../src/runtime/arena.ts'
import { type GramSymbol, withGramSymbol } from '../../src/runtime/gram-symbol.ts'
import { eigenpairs } from '../../src/runtime/hermitian.ts'
import { symbolEverySize } from '../../src/symbol.ts'
import { type Box, fineLattice, type Neighbourhood, spreads } from '../../src/torus/boxes.ts'
import { ceilingOf } from '../../src/torus/curvature.ts'
import { TURN } from '../../src/torus/ray.ts'
import { type Enclosure, enclose, type Goal } from '../../src/torus/search.ts'
import { setErrors } from './parts.ts'
import { uniform } from './random-layers.ts'
import { supremum } from './supremum.ts'
import { topEigenvalue } from './top-eigenvalue.ts'

/** What a search has left of a net (class Net of assembly/search/net.ts). */
interface Net {
  readonly rows: number
  readonly columns: number
  readonly cap: number
  readonly ripple: number
  readonly drift: number
  /** Errors of its symbol in double precision and in single. */
  readonly errors: readonly [number, number]
  /** By cell, one for each mirrored pair. */
  readonly controls: ReadonlyMap<number, { readonly value: number; readonly ceiling: number }>
  /** By cell: has nothing closed it, nor one that holds it? */
  readonly open: readonly boolean[]
}

interface Case {
  readonly kernel: Float64Array
  readonly shape: readonly [number, number, number, number]
}

interface Search {
  readonly gram: GramSymbol
  readonly enclosure: Enclosure
  readonly nets: readonly Net[]
  readonly closed: readonly (Box | Neighbourhood)[]
  readonly turns: readonly number[]
}

const NETS = 2

/** A search with nets, whether they promise anything or not. */
function search<T>({ kernel, shape }: Case, goal: Partial<Goal>, work: (found: Search) => T, before = (_: GramSymbol) => {}): T {
  const symbol = symbolEverySize(conv({ data: kernel, shape }))
  const tau = spreads(symbol.offsets)
  const lattice = fineLattice(tau)
  const closed: (Box | Neighbourhood)[] = []
  return withGramSymbol(symbol, 0, gram => {
    before(gram)
    const observe = (piece: Box | Neighbourhood) => closed.push(piece)
    const enclosure = enclose(gram, tau, lattice, { gap: 1e-3, maxEvaluations: 1e5, netted: 0, observe, ...goal })
    return work({ gram, enclosure, nets: netsOf(), closed, turns: lattice.turns })
  })
}

function netsOf(): Net[] {
  return borrow(arena => {
    arena.alloc(arena.routines.heapTop() - arena.alloc(0))
    const [items, length] = arena.i32(arena.routines.searchList(NETS) >>> 0, 2)
    return Array.from(arena.i32(items >>> 0, length), at => netAt(arena, at >>> 0))
  })
}

function netAt(arena: Arena, at: number): Net {
  const [rows, columns, gram] = arena.i32(at, 3)
  const [cap, ripple, drift] = arena.f64(at + 16, 3)
  const [, , flags, list] = arena.i32(at + 40, 4)
  const open = Array.from(arena.u8(flags >>> 0, rows * columns), flag => flag === 1)
  const [error, errorSingle] = arena.f64((gram >>> 0) + 40, 2)
  const controls = new Map<number, { value: number; ceiling: number }>()
  for (const [cell, vertex] of arena.i32(list >>> 0, rows * columns).entries()) {
    if (2 * cell >= rows * columns || vertex === 0) continue
    const [value, ceiling] = arena.f64((vertex >>> 0) + 24, 2)
    controls.set(cell, { value, ceiling })
  }
  return { rows, columns, cap, ripple, drift, errors: [error, errorSingle], controls, open }
}

const random = (shape: Case['shape'], seed: number, weight = (next: () => number) => next() + next() + next() - 1.5): Case => {
  const next = uniform(seed)
  const kernel = Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => weight(next))
  // as symbols are scaled
  const scale = 2 ** -(Math.floor(Math.log2(kernel.reduce((most, x) => Math.max(most, Math.abs(x)), 0))) + 1)
  return { shape, kernel: kernel.map(x => x * scale) }
}

const CASES = [
  random([8, 8, 3, 3], 1),
  random([5, 9, 3, 3], 2),
  random([12, 6, 5, 3], 3),
  random([6, 6, 3, 7], 4),
  random([1, 1, 3, 3], 5),
  random([10, 10, 4, 3], 6),
  random([7, 7, 3, 3], 7, next => (next() - 0.5) ** 7),
]

/** Kernels with a peak at θ = 0, where cells are numbered from. */
const POSITIVE = Array.from({ length: 8 }, (_, seed) => random([6, 6, 3, 3], 20 + seed, next => 0.01 * seed + next() ** 3))

const cube = (x: number) => x ** 3
const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x) / x)

/** λ_max of Σ_q w(q)·G_q·e^{iq·θ}, G_q = Σ_p A_pᵀA_{p+q} for the smaller channel side, from the kernel alone. */
function topOfWeighted(
  { kernel, shape: [outputs, inputs, height, width] }: Case,
  theta: readonly [number, number],
  weight: (a: number, b: number) => number,
): number {
  const [m, n] = [Math.max(outputs, inputs), Math.min(outputs, inputs)]
  const re = new Float64Array(n * n)
  const im = new Float64Array(n * n)
  // the columns of a tap, one after another
  const taps = Array.from({ length: height * width }, (_, tap) =>
    Float64Array.from({ length: m * n }, (_, k) => {
      const [output, input] = outputs < inputs ? [Math.floor(k / m), k % m] : [k % m, Math.floor(k / m)]
      return kernel[(output * inputs + input) * height * width + tap]
    }),
  )
  const inside = (y: number, x: number) => y >= 0 && y < height && x >= 0 && x < width
  for (let a = 1 - height; a < height; a++)
    for (let b = 1 - width; b < width; b++) {
      const angle = a * theta[0] + b * theta[1]
      const [c, s] = [weight(a, b) * Math.cos(angle), weight(a, b) * Math.sin(angle)]
      for (const [p, one] of taps.entries()) {
        const [y, x] = [Math.floor(p / width) + a, (p % width) + b]
        if (!inside(y, x)) continue
        const other = taps[y * width + x]
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            let sum = 0
            for (let k = 0; k < m; k++) sum += one[i * m + k] * other[j * m + k]
            re[i * n + j] += c * sum
            im[i * n + j] += s * sum
          }
      }
    }
  // Jacobi rotations are for what is not negative, and for few channels
  if (n > 20)
    return eigenpairs(
      Float64Array.from({ length: 2 * n * n }, (_, k) => (k % 2 ? im : re)[k >> 1]),
      n,
      1,
    ).values[0]
  let shift = 0
  for (let k = 0; k < n * n; k++) shift += Math.abs(re[k]) + Math.abs(im[k])
  for (let i = 0; i < n; i++) re[i * n + i] += shift
  return topEigenvalue(re, im, n) - shift
}

const centreOf = ({ rows, columns }: Net, cell: number): [number, number] => [
  (2 * Math.PI * (Math.floor(cell / columns) + 0.5)) / rows,
  (2 * Math.PI * ((cell % columns) + 0.5)) / columns,
]

test('ceilings of control values are above λ_max of the sharpened symbol, and values below it', () => {
  let seen = 0
  for (const [index, layer] of CASES.entries()) {
    search(layer, { gap: 1e-6 }, ({ gram, nets }) => {
      for (const net of nets) {
        const weight = (a: number, b: number) => 1 / cube(sinc((Math.PI * a) / net.rows) * sinc((Math.PI * b) / net.columns))
        for (const [cell, { value, ceiling }] of net.controls) {
          const top = topOfWeighted(layer, centreOf(net, cell), weight)
          const which = `case ${index}, ${net.rows} × ${net.columns}, cell ${cell}`
          assert.ok(ceiling >= top * (1 - 1e-12), `${which}: ${ceiling} below ${top}`)
          // a low value has the rounding of the whole sum
          assert.ok(value <= Math.max(0, top) * (1 + 1e-12) + 4 * gram.errorSingle, `${which}: ${value} above ${top}`)
          if (ceiling < Infinity) seen++
        }
      }
    })
  }
  assert.ok(seen > 500, `only ${seen} ceilings`)
})

test('many channels: so are ceilings from tests in fixed point', () => {
  const layer = random([132, 132, 3, 3], 8)
  search(layer, { gap: 1e-2 }, ({ nets }) => {
    assert.ok(nets.length > 1, `${nets.length} nets`)
    for (const net of nets.slice(0, 2)) {
      const weight = (a: number, b: number) => 1 / cube(sinc((Math.PI * a) / net.rows) * sinc((Math.PI * b) / net.columns))
      const proven = [...net.controls].filter(([, { ceiling }]) => ceiling < Infinity).sort((a, b) => a[1].ceiling - b[1].ceiling)
      assert.ok(proven.length > 10, `${proven.length} ceilings`)
      for (const [cell, { ceiling }] of [proven[0], proven[proven.length - 1]]) {
        const top = topOfWeighted(layer, centreOf(net, cell), weight)
        assert.ok(
          ceiling >= top * (1 - 1e-12) && ceiling < top * 1.02,
          `${net.rows} × ${net.columns}, cell ${cell}: ${ceiling} for ${top}`,
        )
      }
    }
  })
})

/** The largest size of a function of two phases, and of four more. */
function largest(steps: number, f: (angles: number[]) => number): number {
  let most = 0
  const angles = Array.from({ length: 4 }, (_, k) => k)
  for (let index = 0; index < steps ** 4; index++) {
    let rest = index
    const point = angles.map(() => {
      const k = rest % steps
      rest = Math.floor(rest / steps)
      return (2 * Math.PI * (k + 0.13)) / steps
    })
    most = Math.max(most, Math.abs(f(point)))
  }
  return most
}

test('the cap, the ripple and the drift hold for polynomials of full degree between 0 and 1, and are nearly reached', () => {
  for (const [height, width] of [
    [3, 3],
    [5, 3],
    [4, 7],
  ]) {
    search(random([6, 6, height, width], 11), { gap: 1e-4 }, ({ nets }) => {
      assert.ok(nets.length > 1, `${nets.length} nets`)
      for (const [index, net] of nets.entries()) {
        const sides = [net.rows, net.columns]
        const degrees = [height - 1, width - 1]
        const h = sides.map(count => (2 * Math.PI) / count)
        const sharp = sides.map((count, d) => 1 / cube(sinc((Math.PI * degrees[d]) / count)))
        // p = ½(1 + cos ΣD_dθ_d), its spline between 0 and h, and its control values
        const p = (a: number, b: number) => 0.5 * (1 + Math.cos(a + b))
        const control = (a: number, b: number) => 0.5 * (1 + sharp[0] * sharp[1] * Math.cos(a + b))
        const spline = (u: number) => [0.5 * (1 - u) ** 2, 0.75 - (u - 0.5) ** 2, 0.5 * u * u]
        const [x, y] = degrees.map((degree, d) => degree * h[d])
        const ripple = largest(12, ([a, b, s, r]) => {
          const [u, v] = [s / (2 * Math.PI), r / (2 * Math.PI)]
          let sum = 0
          for (const [i, one] of spline(u).entries())
            for (const [j, other] of spline(v).entries())
              sum += one * other * control(a + (i - 0.5 - u) * x, b + (j - 0.5 - v) * y)
          return sum - p(a, b)
        })
        assert.ok(ripple <= net.ripple && ripple > 0.25 * net.ripple, `ripple ${net.ripple}, seen ${ripple}`)
        const cap = largest(20, ([a, b]) => control(a, b))
        assert.ok(cap <= net.cap && cap > 0.98 * net.cap, `cap ${net.cap}, seen ${cap}`)
        if (index === 0) continue
        // the control value a quarter of a coarse cell beside the centre of one, from four of the coarser net
        const coarse = sides.map((count, d) => 1 / cube(sinc((2 * Math.PI * degrees[d]) / count)))
        const drift = largest(16, ([a, b]) => {
          const from = (i: number, j: number) =>
            0.5 * (1 + coarse[0] * coarse[1] * Math.cos(a + (2 * i - 0.5) * x + b + (2 * j - 0.5) * y))
          return control(a, b) - (9 * from(0, 0) + 3 * from(1, 0) + 3 * from(0, 1) + from(1, 1)) / 16
        })
        assert.ok(drift <= net.drift && drift > 0.6 * net.drift, `drift ${net.drift}, seen ${drift}`)
      }
    })
  }
})

test('the crown is the supremum of a spline over its middle cell, a little above it', () => {
  const next = uniform(5)
  const blend = (u: number) => [0.5 * (1 - u) ** 2, 0.75 - (u - 0.5) ** 2, 0.5 * u * u]
  for (let k = 0; k < 400; k++) {
    const [x, y] = [next() - 0.5, next() - 0.5]
    // a hill whose top is somewhere in the cell or near it, or anything
    const values = Array.from({ length: 9 }, (_, i) =>
      k % 2 ? 10 - (Math.floor(i / 3) - 1 - x) ** 2 - ((i % 3) - 1 - y) ** 2 : next(),
    )
    let top = 0
    for (let s = 0; s <= 96; s++)
      for (let r = 0; r <= 96; r++) {
        const [one, other] = [blend(s / 96), blend(r / 96)]
        top = Math.max(
          top,
          values.reduce((sum, value, i) => sum + one[Math.floor(i / 3)] * other[i % 3] * value, 0),
        )
      }
    const found = borrow(arena => arena.routines.crown(arena.put(values)))
    assert.ok(found >= top * (1 - 1e-14) && found <= top + 0.06, `${values}: ${found} for ${top}`)
  }
})

/** The control values that are known at level t, by the formulas of docs/enclosure.md. */
function boundsOf(nets: readonly Net[], t: number): Float64Array[] {
  const all: Float64Array[] = []
  for (const [index, net] of nets.entries()) {
    const { rows, columns, controls } = net
    const coarser = nets[index - 1]
    const at = (i: number, j: number) =>
      all[index - 1][((i + coarser.rows) % coarser.rows) * coarser.columns + ((j + coarser.columns) % coarser.columns)]
    all.push(
      Float64Array.from({ length: rows * columns }, (_, cell) => {
        const [i, j] = [Math.floor(cell / columns), cell % columns]
        const [k, l] = [i >> 1, j >> 1]
        const [k1, l1] = [k + (i % 2 ? 1 : -1), l + (j % 2 ? 1 : -1)]
        const mean = index === 0 ? Infinity : (9 * at(k, l) + 3 * at(k1, l) + 3 * at(k, l1) + at(k1, l1)) / 16 + net.drift * t
        return Math.min(net.cap * t, mean, controls.get(Math.min(cell, rows * columns - 1 - cell))?.ceiling ?? Infinity)
      }),
    )
  }
  return all
}

/** The largest value of a net's spline over a cell, at 17 × 17 points. */
function crest({ rows, columns }: Net, values: Float64Array, cell: number): number {
  const [i, j] = [Math.floor(cell / columns), cell % columns]
  const own = (a: number, b: number) => values[((i + a + rows) % rows) * columns + ((j + b + columns) % columns)]
  let top = 0
  for (let s = 0; s <= 16; s++)
    for (let r = 0; r <= 16; r++) {
      const weights = [s / 16, r / 16].map(u => [0.5 * (1 - u) ** 2, 0.75 - (u - 0.5) ** 2, 0.5 * u * u])
      let sum = 0
      for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) sum += weights[0][a] * weights[1][b] * own(a - 1, b - 1)
      top = Math.max(top, sum)
    }
  return top
}

test('cells that nets have closed stay below the level', () => {
  let cells = 0
  for (let seed = 61; seed <= 130; seed++) {
    const layer = random([8, 8, 3, seed % 3 === 0 ? 5 : 3], seed)
    // with a gap so wide no neighbourhood is tried
    search(layer, { gap: 0.04 }, ({ nets, enclosure: { upper }, closed }) => {
      assert.not.ok(closed.some(piece => 'point' in piece))
      const t = upper ** 2
      const bounds = boundsOf(nets, t)
      for (const [k, net] of nets.entries()) {
        const limit = t * (1 - net.ripple) * (1 + 1e-12)
        for (let cell = 0; 2 * cell < net.rows * net.columns; cell++) {
          const [i, j] = [Math.floor(cell / net.columns) >> 1, (cell % net.columns) >> 1]
          if (net.open[cell] || (k > 0 && !nets[k - 1].open[i * nets[k - 1].columns + j])) continue
          const top = crest(net, bounds[k], cell)
          assert.ok(top <= limit, `seed ${seed}, net ${net.rows} × ${net.columns}, cell ${cell}: ${top} above ${limit}`)
          cells++
        }
      }
    })
  }
  assert.ok(cells > 2000, `only ${cells} cells`)
})

/** Is a point of the lattice, or its mirror image, in a piece that was closed? */
function holds(piece: Box | Neighbourhood, point: readonly number[], turns: readonly number[]): boolean {
  return [1, -1].some(sign =>
    point.every((x, d) => {
      const [from, width] =
        'point' in piece ? [piece.point[d] - piece.half[d], 2 * piece.half[d]] : [piece.corner[d], piece.width[d]]
      const turn = 'point' in piece ? TURN : turns[d]
      return ((((sign * x * turn) / turns[d] - from) % turn) + 2 * turn) % turn <= width
    }),
  )
}

test('cells, boxes and neighbourhoods that were closed hold every point', () => {
  let left = 0
  for (const [index, layer] of [...CASES, ...POSITIVE].entries()) {
    const next = uniform(index + 1)
    search(layer, { gap: 1e-5 }, ({ closed, turns, nets }) => {
      for (let k = 0; k < 4000; k++) {
        // half of them near θ = 0
        const point = turns.map(n => Math.floor(n * (k % 2 ? next() : 0.2 * next() ** 2)))
        assert.ok(
          closed.some(piece => holds(piece, point, turns)),
          `case ${index}: nothing holds ${point} of ${turns}`,
        )
      }
      if (nets[nets.length - 1].open.includes(true)) left++
    })
  }
  assert.ok(left > 2, `nets left something ${left} times`)
})

test('enclosures by nets hold, whatever the gap and the budget', () => {
  let used = 0
  for (let seed = 1; seed <= 24; seed++) {
    const next = uniform(1000 + seed)
    const pick = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
    const shape = [pick(1, 6), pick(1, 6), pick(3, 5), pick(3, 5)] as const
    const layer = random(shape, seed, seed % 3 === 0 ? s => (s() - 0.5) ** 5 : undefined)
    const truth = supremum({ ...layer, stride: [1, 1], dilation: [1, 1], groups: 1 }, 3)
    for (const [gap, maxEvaluations] of [
      [1e-2, 1e5],
      [1e-3, 1e5],
      [1e-6, 1e5],
      [1e-3, 60],
      [1e-3, 150],
      [1e-6, 250],
    ]) {
      search(layer, { gap, maxEvaluations }, ({ nets, enclosure: { lower, upper, evaluations, converged } }) => {
        const which = `seed ${seed}, gap ${gap}, budget ${maxEvaluations}`
        if (nets.length > 0) used++
        assert.ok(lower <= truth * (1 + 1e-12), `${which}: ${lower} above ${truth}`)
        assert.ok(upper >= truth * (1 - 1e-12), `${which}: ${upper} below ${truth}`)
        assert.ok(evaluations <= maxEvaluations, `${which}: ${evaluations} evaluations`)
        assert.ok(converged || maxEvaluations < 1e5, `${which}: not converged`)
      })
    }
  }
  assert.ok(used > 60, `only ${used} with nets`)
})

test('a budget that ends among nets is answered by what they have proven', () => {
  let ended = 0
  for (let seed = 31; seed <= 50; seed++) {
    const layer = random([16, 16, 3, 3], seed)
    const whole = search(layer, { gap: 1e-4 }, ({ enclosure }) => enclosure)
    for (let maxEvaluations = 80; maxEvaluations < whole.evaluations; maxEvaluations += 7) {
      search(layer, { gap: 1e-4, maxEvaluations }, ({ enclosure: { upper, converged, evaluations }, nets }) => {
        assert.ok(evaluations <= maxEvaluations, `${evaluations} of ${maxEvaluations} evaluations`)
        if (converged || nets.length === 0) return
        ended++
        assert.ok(upper >= whole.lower && upper < whole.upper * 1.08, `${upper}, converged ${whole.upper}`)
      })
    }
  }
  assert.ok(ended > 20, `only ${ended}`)
})

test('the symbol of a net counts what its taps are multiplied by, and that it may be negative', () => {
  const errors = { error: 1e-7, errorSingle: 1e-4, factorSingle: 1e-5, hidden: 1e-8 }
  search(
    CASES[0],
    {},
    ({ gram, nets }) => {
      for (const {
        cap,
        errors: [error, errorSingle],
      } of nets) {
        const most = 2 * cap - 1
        const negative = (most - 1) * ceilingOf(gram)
        assert.ok(error >= (4 * most * errors.error + errors.hidden * negative) * (1 - 1e-9), `${error}`)
        assert.ok(
          errorSingle >= (most * (errors.errorSingle + 4 * errors.error) + 2 * errors.factorSingle * negative) * (1 - 1e-9),
          `${errorSingle}`,
        )
      }
      assert.ok(nets.length > 0)
    },
    gram => setErrors(gram, errors),
  )
})

test.run()
