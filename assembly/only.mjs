import binaryen from 'assemblyscript/binaryen'

/**
 * A module with these exports alone, and what they need: the functions stay as they are.
 *
 * @param bytes the module  @param names of exports, each of which it has
 */
export function only(bytes, names) {
  const wanted = new Set(names)
  const module = binaryen.readBinary(bytes)
  module.setFeatures(binaryen.Features.All)
  for (const { name } of WebAssembly.Module.exports(new WebAssembly.Module(bytes))) if (!wanted.delete(name)) module.removeExport(name)
  if (wanted.size > 0) throw new Error(`assembly: expected an export ${[...wanted].join(', ')}, got none of that name`)
  module.runPasses(['remove-unused-module-elements'])
  const less = Buffer.from(module.emitBinary())
  module.dispose()
  return less
}
