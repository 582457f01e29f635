export function only(bytes: Buffer, names: readonly string[]): Buffer
