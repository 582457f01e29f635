/** What one request may cost. A worker has 128 MB and a share of a processor; whoever wants more runs the command line. */
export const LIMITS = {
  /** bytes of the body */
  body: 8_000_000,
  /** bytes read and thrown away after a refusal */
  discarded: 32_000_000,
  /** bytes of the header of a safetensors file */
  header: 256_000,
  /** bytes of a layer as JSON */
  json: 2_000_000,
  /** brackets within brackets in JSON: what walks through them is as deep */
  depth: 16,
  /** numbers in one kernel, which become doubles */
  entries: 4_000_000,
  /** taps of one channel of a kernel: the search around its symbol takes memory with their number, about 60 MB for these */
  taps: 1024,
  /** convolutions and matrices in one upload */
  layers: 64,
  /** norm evaluations for one layer */
  evaluations: 2_000,
  /** multiplications for all layers of a request: about a second */
  work: 2e9,
  /** milliseconds; the clock of an edge runtime moves only while a request waits, so this is looked at between two layers */
  time: 5_000,
}

/** An answer other than 200: what is wrong with the request, in one sentence. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}
