import type { Claim } from '../report.ts'

/** What each kind of number promises, in plain words. */
export const KINDS: Readonly<Record<NonNullable<Claim['kind']>, { readonly name: string; readonly means: string }>> = {
  exact: { name: 'exact', means: 'the norm itself, known to the digits shown' },
  upper: { name: 'ceiling', means: 'proven: no input is ever amplified by more' },
  lower: { name: 'floor', means: 'proven: some input is amplified by at least this much' },
  estimate: { name: 'estimate', means: 'a guess: neither side of it is proven' },
}

/** What each method is, for somebody who has not read its paper. */
export const METHODS: Readonly<Record<string, string>> = {
  'spectral-norm': 'branch and bound over all frequencies',
  exact: 'singular values at every frequency of one input size',
  power: 'power iteration on the layer',
  lanczos: 'Lanczos iteration on the layer',
  gram: 'repeated squaring of the symbol',
  'spatial-gram': 'repeated squaring of the kernel',
  f4: 'norms of four reshapings of the kernel',
  'tensor-norm': 'norm of the kernel as a tensor',
  'lip-grid': 'Frobenius norms on a grid of frequencies',
  frobenius: 'size of all weights together',
  holder: 'row sums and column sums',
}
