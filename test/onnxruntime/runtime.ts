/** Of onnxruntime only what is used here. */
export interface Runtime {
  InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> }
  Tensor: new (type: string, data: Float32Array, dims: readonly number[]) => object
}
export interface Session {
  run(feeds: object): Promise<Record<string, { readonly data: Float32Array; readonly dims: readonly number[] }>>
}

const name = 'onnxruntime-node'

/** The package is installed apart, and may be missing. */
export const runtime: Runtime | undefined = await import(name).then(
  held => held as Runtime,
  () => undefined,
)

/** Skips with a sentence where there is nothing to compare with. */
export function skipped(what: string, test: { skip(name: string): void }, present = true): boolean {
  if (runtime && present) return false
  console.log(
    runtime
      ? 'skip: ../shared/models is not beside this checkout'
      : 'skip: onnxruntime-node is not installed (npm ci --prefix test/onnxruntime)',
  )
  test.skip(what)
  return true
}
