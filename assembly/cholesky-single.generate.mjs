/**
 * The Cholesky test in single precision: the text of cholesky.ts with four lanes of 32 bits for two of 64, twice as fast. The rounding
 * analysis is the same with u = 2⁻²⁴.
 */
import { readFileSync } from 'node:fs'
import { source as below } from './cholesky.generate.mjs'

export function source() {
  const text = readFileSync(new URL('cholesky.ts', import.meta.url), 'utf8')
  return `// Made by cholesky-single.generate.mjs.\n${(below() + text)
    .replace(/\/\/ Made by.*\n/, '')
    .replace(/import .*\n/, '')
    .replace(/export function (below|update)/g, 'function $1')
    .replace('export function cholesky(', 'export function choleskySingle(')
    .replaceAll('f64x2', 'f32x4')}`
}
