import { METHOD_NAMES } from '../audit/methods.ts'

/** What `opnorm --help` says. Every option is here; a test compares this text with the table of options. */
export const help = `opnorm: how much can each layer of a network amplify its input? Certified, not sampled.

  opnorm FILE…                   audit model files (names or patterns such as 'runs/**/*.safetensors')
  opnorm merge PART.json…        join the JSON parts of a sharded audit

Reads safetensors, ONNX, TensorFlow.js, PyTorch, .npy and .npz, told by their content. Nothing in a file is run.

What is audited
      --layers PATTERN           only layers whose name matches; * stands for any text
      --fold                     multiply each batch norm into the layer before it
      --geometry FILE.json       stride, padding, … by layer name, where the model file has none
      --input-size N[xM…]        the operator at this input size (default: every input size at once)
      --padding zero|circular    boundary of every convolution
      --input-shape 1x3x32x32    shape of the network's input, where the graph leaves it open; NAME=1x3x32x32 of one of several

How
      --gap X                    relative width of each enclosure: how far its two ends may be apart (default 1e-6)
  -m, --method A,B…              other bounds beside the enclosure, with their ratio to it:
                                 ${wrapped(METHOD_NAMES)}
      --threads N                layers audited at once (default: one per core)
      --shard I/N                only part I of N: every N-th file or, of few files, layer; join the parts with opnorm merge

Output
  -f, --format FORMAT            table, json, csv, html or markdown (default table)
      --json                     the same as --format json
  -o, --output FILE              write there instead of to standard output
      --html FILE                write an HTML report besides
      --compare OLD.json         what changed since an earlier --json report
  -q, --quiet                    no progress, and no table: only findings

Limits for a build (exit code 1)
      --max-norm X               every layer's norm must be proven at most X
      --max-lipschitz X          the network's Lipschitz constant must be certified at most X

  -h, --help                     this text
  -V, --version                  the version

Exit codes
  0  every layer has its enclosure, and every limit holds
  1  a layer without a bound, nothing to audit, or a limit that is not proven to hold
  2  wrong usage, or an output that cannot be written
  3  a file could not be read; the others were audited all the same
  70  a defect of opnorm: please report it
  130  interrupted: Ctrl-C reports what is done so far

Examples
  opnorm model.onnx
  opnorm model.safetensors --method f4,gram --html report.html
  opnorm model.onnx --input-shape 1x3x224x224 --max-lipschitz 1000
`

function wrapped(names: readonly string[]): string {
  const half = Math.ceil(names.length / 2)
  return `${names.slice(0, half).join(', ')},\n                                 ${names.slice(half).join(', ')}`
}
