import { base64 } from './generated/wasm.ts'

/** Default variant: the module's bytes ride along in base64, so that it compiles synchronously wherever bytes may be compiled. */
export function moduleSource(): Uint8Array<ArrayBuffer> | WebAssembly.Module {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}
