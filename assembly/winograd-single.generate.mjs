/**
 * Winograd's transforms in single precision: the text of winograd.ts with four lanes of 32 bits for two of 64. Numbers of channels are
 * multiples of four.
 */
import { readFileSync } from 'node:fs'

export function source() {
  const text = readFileSync(new URL('winograd.ts', import.meta.url), 'utf8')
  return `// Made by winograd-single.generate.mjs.\n\n${text
    .replaceAll(/export function (\w+)/g, 'export function $1Single')
    .replaceAll('<usize>channels) << 3', '<usize>channels) << 2')
    .replaceAll('f64x2', 'f32x4')}`
}
