// @ts-expect-error: workerd gives a compiled WebAssembly.Module for a .wasm import; compiling bytes is forbidden there
import module from './opnorm.wasm'

/** Cloudflare workerd: the module arrives compiled. */
export function moduleSource(): WebAssembly.Module {
  return module
}
