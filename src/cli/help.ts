import { METHOD_NAMES } from '../audit/methods.ts'

/** What `opnorm --help` says. Every option is here; a test compares this text with the table of options. */
export const help = `opnorm: how much can each layer of a network amplify? Certified, not sampled.

  opnorm FILE…                   audit model files (names or patterns such as 'runs/**/*.safetensors')
  opnorm merge PART.json…        join the JSON parts of a sharded audit

What is audited
      --layers PATTERN           only layers whose name matches; * stands for any text
      --fold                     multiply each batch norm into the layer before it
      --geometry FILE.json       stride, padding, … by layer name, where the model file has none
      --input-size N[xM…]        the operator at this input size (default: every input size at once)
      --padding zero|circular    boundary of every convolution
      --input-shape 1x3x32x32    shape of the network's input, where the graph leaves it open; NAME=1x3x32x32 of one of several

How
      --gap X                    relative width of each enclosure (default 1e-6)
  -m, --method A,B…              other bounds beside the enclosure, with their ratio to it:
                                 ${wrapped(METHOD_NAMES)}
      --threads N                worker threads (default: one per core)
      --shard I/N                this is part I of N: audit every N-th file or layer, join with opnorm merge

Output
  -f, --format FORMAT            table, json, csv, html or markdown (default table)
      --json                     the same as --format json
  -o, --output FILE              write there instead of to standard output
      --html FILE                write an HTML report besides
      --compare OLD.json         what changed since an earlier report
  -q, --quiet                    no progress, and no table: only findings

Limits for a build (exit code 1)
      --max-norm X               every layer's norm must be proven at most X
      --max-lipschitz X          the network's Lipschitz constant must be certified at most X

  -h, --help
  -V, --version

Exit codes: 0 fine · 1 a layer without a bound, or a limit exceeded · 2 wrong usage · 3 a file could not be read · 130 interrupted
`

function wrapped(names: readonly string[]): string {
  const half = Math.ceil(names.length / 2)
  return `${names.slice(0, half).join(', ')},\n                                 ${names.slice(half).join(', ')}`
}
