/**
 * hermitianSymbol in single precision: the text of hermitian-symbol.ts with four frequencies to a vector for two, and planes of half the size.
 * Phases are the cosines of all taps, then the sines: those and the numbers of a plane are at the same distances then.
 */
import { readFileSync } from 'node:fs'
import { single as blocks } from './hermitian-symbol.generate.mjs'

export function source() {
  const text = readFileSync(new URL('hermitian-symbol.ts', import.meta.url), 'utf8')
  const symbol = text
    .slice(text.indexOf('/**\n * G(θ) at a list'))
    .replace('hermitianSymbol(', 'hermitianSymbolSingle(')
    .replace('two at a time in lanes', 'four at a time in lanes')
    .replace('phase   in   pairs × taps × [cos cos\'][sin sin\']', 'phase   in   quads × (taps × [cos ×4], taps × [sin ×4])')
    .replace("g       out  pairs × (n × n), [re re'][im im']", 'g       out  quads × (n × n), [re ×4][im ×4]')
    .replace('<usize>(1 + 2 * taps) << 5', '<usize>(1 + 2 * taps) << 4')
    .replace('(<usize>taps) << 5', '(<usize>taps) << 4')
    .replace('phase + <usize>even * row', 'phase + 2 * <usize>even * row')
  return `${blocks()}\n${symbol}`
    .replaceAll('export function blocks', 'function blocks')
    .replace('hermitian-symbol.generate', 'hermitian-symbol-single.generate')
}
