/**
 * A net of control values over the torus of two axes, and what it proves (docs/enclosure.md, "Nets").
 *
 * With N_j the quadratic B-splines of cells h wide and C the symbol with its taps divided by the spline's own, C_q = G_q/Π_d sinc³(½q_dh_d), G(θ) is Σ_j N_j(θ)·C(θ_j)
 * over the centres θ_j of all cells, but for a ripple. So λ_max(G) on a cell stays below the spline of ceilings of λ_max(C) at nine centres. The values at the centres of
 * a net twice as fine are means of these, but for a drift.
 */
import { turn } from '../trig'
import { Box, cornerOf, isHeld, widthOf } from './boxes'
import { Gram } from './gram-symbol'
import { allocate, List } from './heap'
import { item, setItem } from './numbers'
import { closed, state, tauOf, turnsOf } from './state'
import { Vertex } from './vertices'

/** Cells are numbered by rows along the second axis; cell c is the mirror image of the c-th from the end, and shares what is known of it. */
@unmanaged
export class Net {
  /** Cells to a turn. */
  rows: i32
  columns: i32
  /** The symbol C. */
  gram: Gram
  /** The net of half as many, or 0. */
  coarser: Net
  /** As parts of M²: a bound of every control value; what the spline differs by from G, and a control value from the mean of coarser ones. */
  cap: f64
  ripple: f64
  drift: f64
  /** For each cell: a bound of its control value at level t, what a visit promises, and 1 while nothing has closed it. */
  values: usize
  scores: usize
  open: usize
  /** The vertex of its centre, at the first of two cells that share one; 0 before the visit. */
  controls: usize
}

/** The coarsest first. */
export const nets = changetype<List>(memory.data(12, 4))

const angle: usize = memory.data(16, 16)
const nine: usize = memory.data(72, 8)
const unit: usize = memory.data(128, 8)

/** The next net. */
export function newNet(coarser: Net, rows: i32, columns: i32): Net {
  const count = <usize>(rows * columns)
  const net = changetype<Net>(allocate(offsetof<Net>()))
  net.rows = rows
  net.columns = columns
  net.coarser = coarser
  net.values = allocate(count << 3)
  net.scores = allocate(count << 3)
  net.controls = allocate(count << 2)
  net.open = allocate(count)
  memory.fill(net.controls, 0, count << 2)
  const tau = tauOf(state.problem)
  const first = sharpening(2 * item(tau, 0), rows)
  const second = sharpening(2 * item(tau, 1), columns)
  net.cap = 0.5 * (1 + first * second) * (1 + 1e-13)
  net.ripple = rippleOf(rows, columns)
  net.drift = 0.5 * ((first + slip(2 * item(tau, 0), rows)) * (second + slip(2 * item(tau, 1), columns)) - first * second) + 1e-13
  net.gram = sharpen(net, first * second)
  nets.push(changetype<usize>(net))
  return net
}

/** 1/sinc³(½qh), h a cell of so many to a turn: what a tap is multiplied by along an axis. */
function sharpening(q: f64, count: i32): f64 {
  if (q == 0) return 1
  turn(Math.abs(q), 2 * <f64>count, angle)
  return cube((Math.PI * Math.abs(q)) / (<f64>count * load<f64>(angle, 8)))
}

/** (x/cos x)³ for x = ½qh. */
function slip(q: f64, count: i32): f64 {
  turn(q, 2 * <f64>count, angle)
  return cube((Math.PI * q) / (<f64>count * load<f64>(angle)))
}

/** Of a net so large, as a part of M²; at least four cells to a turn for each degree. */
export function rippleOf(rows: i32, columns: i32): f64 {
  const tau = tauOf(state.problem)
  return 0.5 * ((1 + aliases(item(tau, 0), rows)) * (1 + aliases(item(tau, 1), columns)) - 1) * (1 + 1e-12)
}

/** 2Σ_m (x/(πm − x))³ for x = τh, from above: 2ζ(3) < 2.41. */
function aliases(tau: f64, count: i32): f64 {
  return 2.41 * cube((2 * tau) / (<f64>count - 2 * tau))
}

function cube(x: f64): f64 {
  return x * x * x
}

/**
 * The symbol C of a net. No tap is multiplied by more than `most`, and C ≽ −½(most − 1)M²; what that adds to the errors of evaluation and of tests is counted here
 * (docs/rounding.md, "Nets").
 */
function sharpen(net: Net, most: f64): Gram {
  const gram = state.gram
  const negative = (most - 1) * state.problem.ceiling
  const sharp = changetype<Gram>(allocate(offsetof<Gram>()))
  memory.copy(changetype<usize>(sharp), changetype<usize>(gram), offsetof<Gram>())
  sharp.error = 4 * most * gram.error + gram.hidden * negative
  sharp.errorSingle = most * (1.001 * gram.errorSingle + 4 * gram.error) + 2 * gram.factorSingle * negative
  const count = gram.positions.count
  sharp.weights = allocate((<usize>count) << 3)
  for (let q = 0; q < count; q++) {
    const at = gram.positions.coordinates + ((<usize>q) << 4)
    setItem(sharp.weights, q, sharpening(load<f64>(at), net.rows) * sharpening(load<f64>(at, 8), net.columns))
  }
  return sharp
}

export function controlOf(net: Net, c: i32): Vertex {
  return changetype<Vertex>(<usize>load<u32>(net.controls + ((<usize>c) << 2)))
}

export function isOpen(net: Net, c: i32): bool {
  return load<u8>(net.open + <usize>c) == 1
}

/** Bounds of the control values of a net, those of the coarser ones being known, for M² = t. */
export function bound(net: Net, t: f64): void {
  const last = net.rows * net.columns - 1
  for (let c = 0; 2 * c <= last; c++) {
    let value = net.cap * t
    if (changetype<usize>(net.coarser) != 0) value = Math.min(value, mean(net, c) + net.drift * t)
    const control = controlOf(net, c)
    if (changetype<usize>(control) != 0) value = Math.min(value, control.ceiling)
    setItem(net.values, c, value)
    setItem(net.values, last - c, value)
  }
}

/** Of the four coarser control values around the centre of a cell: nine parts of the one that holds it, three of those beside, one of the last. Rounded up. */
function mean(net: Net, c: i32): f64 {
  const coarser = net.coarser
  const i = c / net.columns
  const j = c % net.columns
  const own = coarser.values + ((<usize>((i >> 1) * coarser.columns)) << 3)
  const next = coarser.values + ((<usize>(wrapped((i >> 1) + (i & 1 ? 1 : -1), coarser.rows) * coarser.columns)) << 3)
  const other = wrapped((j >> 1) + (j & 1 ? 1 : -1), coarser.columns)
  return 0.0625 * (3 * (3 * item(own, j >> 1) + item(own, other)) + 3 * item(next, j >> 1) + item(next, other)) * (1 + 1e-14)
}

export function wrapped(i: i32, count: i32): i32 {
  return i < 0 ? i + count : i < count ? i : i - count
}

/** The coarser cell that holds a cell. */
export function holderOf(net: Net, c: i32): i32 {
  return ((c / net.columns) >> 1) * net.coarser.columns + ((c % net.columns) >> 1)
}

/** Leaves those cells open that are parts of open ones, that no closed neighbourhood holds, and that the spline does not close for M² = t. Are there any? */
export function markOpen(net: Net, t: f64): bool {
  const last = net.rows * net.columns - 1
  const limit = t * (1 - net.ripple) * (1 - 1e-13)
  let any = false
  for (let c = 0; 2 * c <= last; c++) {
    let open = changetype<usize>(net.coarser) == 0 || isOpen(net.coarser, holderOf(net, c))
    open = open && !(crown(around(net, net.values, c)) < limit) && !isCellHeld(net, c)
    store<u8>(net.open + <usize>c, open ? 1 : 0)
    store<u8>(net.open + <usize>(last - c), open ? 1 : 0)
    any = any || open
  }
  return any
}

/** The supremum of a biquadratic spline over its middle cell, from above: the largest of the Bézier points of that cell's 4 × 4 parts. Rounded up, for values that are not negative. */
export function crown(values: usize): f64 {
  let top: f64 = 0
  for (let a = 0; a < 9; a++) {
    const x = blend(a, item(values, 0), item(values, 3), item(values, 6))
    const y = blend(a, item(values, 1), item(values, 4), item(values, 7))
    const z = blend(a, item(values, 2), item(values, 5), item(values, 8))
    for (let b = 0; b < 9; b++) top = max(top, blend(b, x, y, z))
  }
  return top * (1 + 1e-14)
}

/** One of the nine Bézier points of the quarters of a spline over its middle cell: its polar form at (⌊k/2⌋/4, ⌈k/2⌉/4). */
function blend(k: i32, before: f64, own: f64, after: f64): f64 {
  const from = 0.25 * <f64>(k >> 1)
  const to = 0.25 * <f64>((k + 1) >> 1)
  const low = 0.5 * (1 - from) * (1 - to)
  const high = 0.5 * from * to
  return low * before + (1 - low - high) * own + high * after
}

/** Nine numbers of a list: those of a cell and of the cells around it. */
export function around(net: Net, list: usize, c: i32): usize {
  let to = nine
  for (let a = -1; a <= 1; a++) {
    const row = wrapped(c / net.columns + a, net.rows) * net.columns
    for (let b = -1; b <= 1; b++, to += 8) store<f64>(to, item(list, row + wrapped((c % net.columns) + b, net.columns)))
  }
  return nine
}

function isCellHeld(net: Net, c: i32): bool {
  if (closed.length == 0) return false
  const box = changetype<Box>(unit)
  lay(net, c, box)
  return isHeld(box)
}

/** Lays a box over a cell. */
export function lay(net: Net, c: i32, box: Box): void {
  const turns = turnsOf(state.problem)
  setItem(widthOf(box), 0, item(turns, 0) / <f64>net.rows)
  setItem(widthOf(box), 1, item(turns, 1) / <f64>net.columns)
  setItem(cornerOf(box), 0, <f64>(c / net.columns) * item(widthOf(box), 0))
  setItem(cornerOf(box), 1, <f64>(c % net.columns) * item(widthOf(box), 1))
}
