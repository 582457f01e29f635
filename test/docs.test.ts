import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { saidBy } from './said.ts'

/** Every JavaScript and TypeScript block of docs/*.md runs, uses what it imports, and prints what its comments say; links and references lead somewhere. */
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
    const said = await saidBy(`${GIVEN[page] ?? ''}\n${missing}${code}`)
    if (promised.length > 0) assert.equal(said, promised)
  })
}

const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(new URL('docs/', root)).map(name => `docs/${name}`)].filter(page =>
  page.endsWith('.md'),
)

test('links lead to files and headings that are there', () => {
  for (const page of pages)
    for (const [, link] of textOf(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path, anchor] = link.split('#')
      const there = new URL(path || new URL(page, root).href, new URL(page, root))
      assert.ok(existsSync(there), `${page}: ${link}`)
      if (anchor) assert.ok(anchorsOf(readFileSync(there, 'utf8')).includes(anchor), `${page}: ${link}`)
    }
})

test('every METHODS § that a comment names is a row of the table in docs/methods.md', () => {
  const rows = [...textOf('docs/methods.md').matchAll(/^\| (\d+) \|/gm)].map(([, row]) => row)
  const named = new Set<string>()
  const files = ['src', 'assembly', 'test', 'bench'].flatMap(folder =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true }).map(file => `${folder}/${file}`),
  )
  for (const file of [...pages, ...files.filter(file => file.endsWith('.ts') && !file.includes('node_modules'))])
    for (const [, first, second] of textOf(file).matchAll(/METHODS §(\d+)(?:, §(\d+))?/g))
      for (const section of [first, second]) if (section) named.add(section)
  assert.ok(named.size > 8)
  assert.equal(
    [...named].filter(section => !rows.includes(section)),
    [],
  )
})

function textOf(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

/** Of its headings, as GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{Nd}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test.run()
