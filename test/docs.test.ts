import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { folder } from './cli/terminal.ts'

/** Every JavaScript and TypeScript block of docs/*.md runs, uses what it imports, and prints what its comments say. */
const root = new URL('..', import.meta.url)
const at = (path: string) => `'${new URL(path, root)}'`
const sample = `import { readFileSync } from 'node:fs'
const bytes = readFileSync(new URL(${at('examples/train-shapes/models/shapes.safetensors')}))`

/** What a page's blocks take for granted. */
const GIVEN: Readonly<Record<string, string>> = {
  'formats.md': sample,
  'runtimes.md': `${sample}\nconst name = 'shapes.safetensors'`,
  'networks.md': `import { floats, writeOnnx } from ${at('test/formats/writers/onnx.ts')}
const bytes = writeOnnx({
  nodes: [{ op: 'MatMul', name: 'last', inputs: ['x', 'w'], outputs: ['y'] }],
  initializers: [floats('w', [2, 2], [3, 0, 0, 4])],
  inputs: [{ name: 'x', shape: [1, 2] }],
  outputs: [{ name: 'y' }],
})`,
  'training.md': `import * as tf from '${import.meta.resolve('@tensorflow/tfjs')}'
import { SpectralRegularizer } from ${at('examples/tfjs/spectral-regularizer.ts')}`,
}

const blocks = readdirSync(new URL('docs/', root))
  .filter(page => page.endsWith('.md'))
  .flatMap(page =>
    [...readFileSync(new URL(`docs/${page}`, root), 'utf8').matchAll(/```(?:js|ts)\n([\s\S]*?)```/g)].map(([, code], i) => ({
      page,
      title: `docs/${page}, example ${i + 1}`,
      code,
    })),
  )

test('there are examples', () => assert.ok(blocks.length >= 6))

for (const { page, title, code } of blocks) {
  // A line that only shows where names come from.
  const bare = code.trim().split('\n').length === 1
  test(title, async () => {
    for (const [, names] of bare ? [] : code.matchAll(/^import \{ (.*) \} from/gm))
      for (const name of names.split(', ')) assert.ok(code.split(new RegExp(`\\b${name}\\b`)).length > 2, `${name} is not used`)
    const promised = [...code.matchAll(/^console\.log\(.*\) *\/\/ (.*)$/gm)].map(match => match[1])
    const missing = code.includes('tf.') && !code.includes('import') ? "import { tensorNorm } from 'opnorm'\n" : ''
    const file = `${folder()}/example.mts`
    const whole = `${GIVEN[page] ?? ''}\n${missing}${code}`
    writeFileSync(
      file,
      whole.replace(/from 'opnorm(\/audit)?'/g, (_, entry) => `from ${at(entry ? 'src/audit.ts' : 'src/index.ts')}`),
    )
    const said: string[] = []
    const log = console.log
    console.log = (...words: unknown[]) => void said.push(words.join(' '))
    try {
      await import(file)
    } finally {
      console.log = log
    }
    if (promised.length > 0) assert.equal(said, promised)
  })
}

test.run()
