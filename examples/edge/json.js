import { LIMITS, Refusal } from './limits.js'

/** What bytes say as JSON. @throws Refusal 400 for anything else, 413 beyond the depth */
export function jsonOf(bytes, what, advice) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (isDeep(text)) throw new Refusal(413, `${what}: expected at most ${LIMITS.depth} levels of brackets, got more. ${advice}`)
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(400, `${what}: expected JSON, got something else (${error.message}). ${advice}`)
  }
}

/** Whether brackets outside of strings are nested beyond the limit; counted before anything is built. */
function isDeep(text) {
  let depth = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') quoted = !quoted
    else if (quoted && character === '\\') i++
    else if (quoted) continue
    else if (character === '[' || character === '{') depth++
    else if (character === ']' || character === '}') depth--
    if (depth > LIMITS.depth) return true
  }
  return false
}
