import type { Plan } from '../../src/audit/network-plan.ts'
import { type Derivative, derivativeAt, type Inputs, joined } from '../audit/derivative.ts'

/** All outputs of a network in one vector: the independent forward pass. */
export type Forward = (inputs: Inputs) => Promise<Float64Array>

/** Where pairs are looked for: every entry of both inputs stays within [low, high]. */
export interface Box {
  readonly low: number
  readonly high: number
}

export interface Search {
  readonly plan: Plan
  readonly outputs: readonly string[]
  readonly forward: Forward
  readonly box: Box
  readonly start: Inputs
  /**
   * half the distance of the first pairs, relative to the norm of a point in the middle of the box's side. Each is a search of its own:
   * steps uphill are as long as the pair is wide, so near pairs follow the Jacobian and wide ones cross from piece to piece.
   */
  readonly distances: readonly number[]
  /** power iterations on the Jacobian, for the first direction */
  readonly powers: number
  /** steps uphill with both inputs, from each of the first pairs */
  readonly ascents: number
}

interface Pair {
  readonly x: Inputs
  readonly y: Inputs
  readonly fx: Float64Array
  readonly fy: Float64Array
  readonly gain: number
}

/**
 * Projected gradient ascent on ‖f(x) − f(y)‖/‖x − y‖ over pairs of inputs. The plan's Jacobian only proposes where to go; every gain is
 * measured by the independent forward pass, so a wrong derivative can cost a find but never make one.
 *
 * With w = f(x) − f(y), s = x − y: ∂g²/∂x = 2(J(x)ᵀw − g²s)/‖s‖², and the same with the other sign at y.
 */
export async function widestGain(search: Search): Promise<number> {
  const { plan, outputs, forward, box, start, distances, powers, ascents } = search
  const scale = (Math.sqrt(joined(start).length) * (box.high - box.low)) / 2
  const direction = steepest(derivativeAt(plan, outputs, start), start, powers)
  let best = 0
  for (const distance of distances) {
    const pair = await measured(forward, ...along(start, direction, distance * scale, box))
    best = Math.max(best, (await climbed(search, pair, ascents)).gain)
  }
  return best
}

/** Uphill with both inputs; the step shrinks where it overshoots. */
async function climbed({ plan, outputs, forward, box }: Search, pair: Pair, ascents: number): Promise<Pair> {
  let stride = 0.5
  for (let i = 0; i < ascents && stride > 1e-3; i++) {
    const next = await measured(forward, ...stepped(pair, gradient(plan, outputs, pair), stride, box))
    if (next.gain > pair.gain) pair = next
    else stride /= 2
  }
  return pair
}

async function measured(forward: Forward, x: Inputs, y: Inputs): Promise<Pair> {
  const [fx, fy] = [await forward(x), await forward(y)]
  const distance = norm(minus(joined(x), joined(y)))
  return { x, y, fx, fy, gain: distance > 0 ? norm(minus(fx, fy)) / distance : 0 }
}

/** The direction that JᵀJ stretches most, as far as so many powers of it get. */
function steepest({ push, pull }: Derivative, start: Inputs, powers: number): Inputs {
  let direction: Inputs = unit(start.map(x => x.map((_, i) => Math.sin(i * i + 1))))
  for (let i = 0; i < powers; i++) direction = unit(pull(push(direction)))
  return direction
}

function along(start: Inputs, direction: Inputs, half: number, box: Box): [Inputs, Inputs] {
  const moved = (sign: number): Inputs => start.map((x, i) => x.map((v, j) => within(box, v + sign * half * direction[i][j])))
  return [moved(1), moved(-1)]
}

function gradient(plan: Plan, outputs: readonly string[], { x, y, fx, fy, gain }: Pair): [Inputs, Inputs] {
  const w = minus(fx, fy)
  const uphill = (at: Inputs, sign: number): Inputs =>
    unit(
      derivativeAt(plan, outputs, at)
        .pull(w)
        .map((by, i) => by.map((v, j) => sign * (v - gain * gain * (x[i][j] - y[i][j])))),
    )
  return [uphill(x, 1), uphill(y, -1)]
}

function stepped({ x, y }: Pair, [dx, dy]: [Inputs, Inputs], stride: number, box: Box): [Inputs, Inputs] {
  const length = stride * norm(minus(joined(x), joined(y)))
  const moved = (from: Inputs, by: Inputs): Inputs => from.map((v, i) => v.map((u, j) => within(box, u + length * by[i][j])))
  return [moved(x, dx), moved(y, dy)]
}

/** Into the box, and a float32 as the independent pass takes it: what is measured is what was asked. */
function within({ low, high }: Box, v: number): number {
  return Math.fround(Math.min(high, Math.max(low, v)))
}

export const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v - b[i])
export const norm = (x: Float64Array): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0))

function unit(parts: Inputs): Inputs {
  const length = norm(joined(parts))
  return length > 0 ? parts.map(x => x.map(v => v / length)) : parts
}
