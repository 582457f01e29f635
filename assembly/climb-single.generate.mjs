/**
 * climb in single precision: the text of climb.ts with four lanes of 32 bits for two of 64. Its Rayleigh quotients are good to six digits,
 * which is plenty where a proof follows anyway.
 */
import { readFileSync } from 'node:fs'

export function source() {
  const text = readFileSync(new URL('climb.ts', import.meta.url), 'utf8')
  return `// Made by climb-single.generate.mjs.\n\n${text
    .replace('export function climb(', 'export function climbSingle(')
    .replace('export function deflate(', 'export function deflateSingle(')
    .replace(/\/\*\*[^/]*?\*\/\nexport function hermitianTimes[^]*?\n}\n/, '')
    .replace('const LANES: usize = 2', 'const LANES: usize = 4')
    .replace('const LANE_BITS: usize = 3', 'const LANE_BITS: usize = 2')
    .replace("'./top-pair'", "'../top-pair'")
    .replace('const ENOUGH: f64 = 2e-16', 'const ENOUGH: f64 = 1e-9')
    .replace('return load<f64>(at)', 'return <f64>load<f32>(at)')
    .replace('store<f64>(at, x)', 'store<f32>(at, <f32>x)')
    .replaceAll('f64x2', 'f32x4')}`
}
