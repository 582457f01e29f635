import { LIMITS, Refusal } from './limits.js'

/**
 * A request's body, read in pieces of the length asked for. Nothing is kept but the chunk under way and the piece being filled.
 *
 * @throws Refusal 413 beyond the limit, 400 where the body ends early
 */
export function reader(request) {
  if (!request.body) throw new Refusal(400, 'body: expected one, got none. Send a safetensors file or a layer as JSON')
  const stream = request.body.getReader()
  let chunk = new Uint8Array(0)
  let total = 0
  const more = async () => {
    const { done, value } = await stream.read()
    if (done) return false
    total += value.length
    if (total > LIMITS.body) throw tooLong(LIMITS.body)
    chunk = value
    return true
  }
  return {
    /** @throws Refusal 413 where the request says itself that it is too long */
    check() {
      if (Number(request.headers.get('content-length')) > LIMITS.body) throw tooLong(LIMITS.body)
    },
    /** exactly that many bytes */
    async take(length) {
      const piece = new Uint8Array(length)
      for (let at = 0; at < length; ) {
        if (chunk.length === 0 && !(await more()))
          throw new Refusal(400, `body: expected ${length - at} more bytes, got its end. The upload was cut short`)
        const part = chunk.subarray(0, length - at)
        piece.set(part, at)
        at += part.length
        chunk = chunk.subarray(part.length)
      }
      return piece
    },
    /** all that is left, of at most that many bytes */
    async rest(limit) {
      const pieces = []
      let length = 0
      do {
        length += chunk.length
        if (length > limit) throw tooLong(limit)
        pieces.push(chunk)
        chunk = new Uint8Array(0)
      } while (await more())
      return new Uint8Array(await new Blob(pieces).arrayBuffer())
    },
    /** nothing more: what nobody asked for is a file of another kind, or a damaged one */
    async end() {
      do {
        if (chunk.length > 0)
          throw new Refusal(400, 'body: expected its end after the last tensor, got more bytes. Is something appended?')
      } while (await more())
    },
    /** Throws the rest away: a client that is cut off while it sends never sees the answer. Only who sends far too much is. */
    async discard() {
      for (let left = LIMITS.discarded; left > 0; ) {
        const { done, value } = await stream.read().catch(() => ({ done: true }))
        if (done) return
        left -= value.length
      }
      await stream.cancel().catch(() => {})
    },
  }
}

function tooLong(limit) {
  return new Refusal(413, `body: expected at most ${limit} bytes, got more. Audit large files with the command line`)
}
