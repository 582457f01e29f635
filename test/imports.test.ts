import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const root = fileURLToPath(new URL('../src', import.meta.url))

interface Import {
  from: string
  to: string
  types: boolean
}

const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter(file => file.endsWith('.ts') && !file.includes('generated'))
const imports = files.flatMap(importsOf)

/** Who may import whom; a folder may always import itself. Files directly under src/ are values, but for the ones named. */
const allowed: Record<string, string[]> = {
  values: [],
  runtime: ['values'],
  torus: ['values', 'runtime'],
  methods: ['values', 'runtime', 'torus'],
  // Clipping and the regularisers take decompositions apart that no bound exposes.
  training: ['values', 'methods', 'runtime'],
  network: ['values', 'methods'],
  formats: ['values'],
  report: ['values'],
  // The pool hands the compiled module to its workers.
  audit: ['values', 'methods', 'network', 'formats', 'runtime'],
  index: ['values', 'methods', 'training', 'network', 'runtime'],
  cli: ['values', 'methods', 'training', 'network', 'runtime', 'formats', 'audit', 'report', 'index', 'entry'],
  entry: ['values', 'methods', 'formats', 'audit', 'report', 'network', 'index'],
}

test('each folder imports only what it may', () => {
  const wrong = imports
    .filter(({ to }) => !to.startsWith('node:') && to.startsWith('.') === false)
    .filter(({ from, to, types }) => {
      const [here, there] = [partOf(from), partOf(to)]
      if (here === there || to.includes('generated')) return false
      // What a model file says is plain data: its types, and nothing that runs, may travel.
      if (types && to === 'formats/model.ts') return false
      return !allowed[here]?.includes(there)
    })
  assert.equal(
    wrong.map(({ from, to }) => `${from} → ${to}`),
    [],
  )
})

test('routines are called by their own names: those are what the build keeps of the module', () => {
  for (const file of files) assert.not.match(readFileSync(join(root, file), 'utf8'), /\broutines(\(\))?\[/, file)
})

test("what computes uses none of the host's functions whose last digit is its own", () => {
  const computing = files.filter(file => /^(runtime|torus|methods|training|network)\/|^[a-z-]+\.ts$/.test(file))
  for (const file of computing)
    assert.not.match(
      readFileSync(join(root, file), 'utf8'),
      /\bMath\.(a?(sin|cos|tan)h?|atan2|exp|expm1|log|log2|log10|log1p|pow|cbrt|hypot)\(/,
      file,
    )
})

test('no cycles', () => {
  const edges = new Map<string, string[]>()
  for (const { from, to, types } of imports) if (!types) edges.set(from, [...(edges.get(from) ?? []), to])
  const done = new Set<string>()
  const visit = (file: string, path: string[]): void => {
    assert.ok(!path.includes(file), [...path, file].join(' → '))
    if (done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
})

test('src/index.ts reaches no node: module and no package', () => {
  const reached = new Set<string>()
  const visit = (file: string): void => {
    if (reached.has(file)) return
    reached.add(file)
    for (const { from, to, types } of imports) if (from === file && !types) visit(to)
  }
  visit('index.ts')
  assert.ok(reached.size > 30)
  assert.equal(
    [...reached].filter(file => !file.endsWith('.ts')),
    [],
  )
})

function partOf(file: string): string {
  const [head, rest] = file.split('/')
  if (rest !== undefined) return head
  if (file === 'index.ts') return 'index'
  return file === 'audit.ts' ? 'entry' : 'values'
}

/** Relative imports by their path under src/, others by their name. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = text.matchAll(/^(?:import|export)\s+(type\s)?([^'"]*?from\s+)?['"]([^'"]+)['"]/gm)
  return [...found].map(([, types, , target]) => ({
    from: file,
    to: target.startsWith('.') ? relative(root, join(root, dirname(file), target)) : target,
    types: types !== undefined,
  }))
}

test.run()
