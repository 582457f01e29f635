import { hex } from './generated/wasm.ts'

/** Default variant: the module's bytes ride along as text, so that it compiles synchronously wherever bytes may be compiled. */
export function moduleSource(): Uint8Array<ArrayBuffer> | WebAssembly.Module {
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = 16 * digit(hex.charCodeAt(2 * i)) + digit(hex.charCodeAt(2 * i + 1))
  return bytes
}

/** '0' to '9', 'a' to 'f'. */
function digit(code: number): number {
  return code < 58 ? code - 48 : code - 87
}
