import type { WasmText } from '../src/runtime/wasm-text.ts'

export function textOf(bytes: Buffer): WasmText
