// @ts-expect-error: edge runtimes give a compiled WebAssembly.Module for a .wasm?module import
import module from './opnorm.wasm?module'

/** Edge runtimes (Next, Vercel): the module arrives compiled. */
export function moduleSource(): WebAssembly.Module {
  return module
}
