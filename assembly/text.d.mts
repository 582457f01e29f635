/** What src/runtime/wasm-text.ts reads, but for the module that reads it. */
export function textOf(bytes: Buffer): { length: number; text: string }
