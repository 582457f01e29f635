/**
 * Errors are sentences for people: `<what>: expected <wanted>, got <given>. <what to do>`.
 * The code lets a program tell them apart without reading the sentence.
 */
export type ErrorCode =
  | 'tensor' // not an array of numbers we know how to read
  | 'nonfinite' // NaN or an infinity where a number was expected
  | 'shape' // the rank or a side does not fit
  | 'geometry' // kernel, stride, padding and size contradict each other
  | 'padding' // the method cannot speak about this boundary
  | 'option' // an argument of a method
  | 'kind' // a bound of the wrong kind (an estimate where a proof is needed)
  | 'memory' // it would not fit
  | 'runtime' // no WebAssembly, a blocked compile, a broken engine
  | 'file' // unreadable or contradictory bytes
  | 'operator' // an operator of a network we cannot bound
  | 'usage' // the command line

export class OpnormError extends Error {
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'OpnormError'
    this.code = code
  }

  /** `opnorm` and `opnorm/audit` are bundles that each carry this class: an error is one of ours by its name, not by its copy. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'OpnormError' && 'code' in value
  }
}

/** Throws `<what>: expected <wanted>, got <given>. <advice>` under the given code. */
export function fail(code: ErrorCode, what: string, wanted: string, given: string, advice: string): never {
  throw new OpnormError(code, `${what}: expected ${wanted}, got ${given}. ${advice}`)
}

/** A value as a sentence can show it: short, quoted where it is text. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? value.slice(0, 57) + '…' : value}'`
  // Without going into what it holds: a stranger's nesting may be deeper than any stack.
  if (Array.isArray(value)) {
    const entries = value.slice(0, 8).map(entry => (typeof entry === 'object' ? '…' : String(entry)))
    return `[${entries.join(', ')}${value.length > 8 ? ', …' : ''}]`
  }
  if (typeof value === 'object' && value !== null)
    return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no keys'}`
  if (typeof value === 'function') return 'a function'
  return String(value)
}
