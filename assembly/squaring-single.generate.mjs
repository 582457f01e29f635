/** frobeniusSquared in single precision: its text with four lanes of 32 bits for two of 64. */
import { readFileSync } from 'node:fs'

export function source() {
  const text = readFileSync(new URL('squaring.ts', import.meta.url), 'utf8')
  const [one] = text.slice(text.indexOf('/**\n * ‖G‖_F²')).split('/**\n * Multiplies')
  return `// Made by squaring-single.generate.mjs.\n\n${one
    .trimEnd()
    .replace('frobeniusSquared(', 'frobeniusSquaredSingle(')
    .replace('pairs × (n × n), lower triangle      out  out  pairs × [x x\']', 'quads × (n × n), lower triangle      out  out  quads × [x ×4]')
    .replaceAll('f64x2', 'f32x4')}\n`
}
