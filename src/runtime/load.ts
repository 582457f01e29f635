import { text } from './generated/wasm.ts'
import { bytesOf } from './wasm-text.ts'

/** Default variant: the module rides along as text, so that it compiles synchronously wherever bytes may be compiled. */
export function moduleSource(): Uint8Array<ArrayBuffer> | WebAssembly.Module {
  return bytesOf(text)
}
