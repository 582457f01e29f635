import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import * as audit from '../src/audit.ts'
import * as index from '../src/index.ts'

/**
 * Every `@example expression  // value` of a docstring gives that value. Comments begin with it: a number or a list, to the digits written (`…`: there are more of them;
 * "to rounding": of the sums behind it). Whole numbers are meant as such.
 */
const root = new URL('../src/', import.meta.url)
/** What examples may take for granted. */
const GIVEN = 'a b bytes branch3x3 branch5x5 file first gamma kernel layer layers leftHalf logits model name second'.split(' ')

interface Example {
  readonly file: string
  readonly code: string
  readonly claim?: string
}

const examples: Example[] = readdirSync(root, { recursive: true })
  .map(String)
  .filter(file => file.endsWith('.ts') && !file.includes('generated'))
  .flatMap(file =>
    [...readFileSync(new URL(file, root), 'utf8').matchAll(/@example (.*?)(?:\s*\/\/ (.*?))?(?:\s*\*\/)?$/gm)].map(
      ([, code, claim]) => ({ file, code, claim }),
    ),
  )

const Async = Object.getPrototypeOf(async () => {}).constructor

let counted = 0
for (const { file, code, claim } of examples) {
  const unknown = GIVEN.find(name => new RegExp(`(?<![.\\w'])${name}(?![\\w:'])`).test(code))
  if (unknown) continue
  counted++
  test(`${file}: ${code}`, async () => {
    const scope = { ...audit, ...index, ...(await import(new URL(file, root).href)) }
    const value = await new Async(...Object.keys(scope), `return (${code})`)(...Object.values(scope))
    if (claim !== undefined) holds(value, claim)
  })
}

test('most of them stand alone', () =>
  assert.ok(counted > 25 && counted > examples.length / 2, `${counted} of ${examples.length}`))

function holds(value: unknown, claim: string): void {
  const written = /^('[^']*'|\[[^\]]*\]|-?\d[\d.]*(?:e[+-]?\d+)?…?)/.exec(claim)?.[1]
  if (written === undefined) assert.unreachable(`no value: ${claim}`)
  else if (written.startsWith("'")) assert.is(`'${value}'`, written)
  else agree(value, written, / to rounding/.test(claim))
}

function agree(value: unknown, written: string, rough: boolean): void {
  const wanted = written.replace(/[[\]]/g, '').split(', ')
  const got = written.startsWith('[') ? Array.from(value as ArrayLike<number>) : [value as number]
  assert.is(got.length, wanted.length, written)
  for (const [i, digits] of wanted.entries()) assert.ok(agrees(got[i], digits, rough), `${got[i]} is not ${digits}`)
}

function agrees(got: number, digits: string, rough: boolean): boolean {
  if (digits.endsWith('…')) return String(got).startsWith(digits.slice(0, -1))
  const wanted = Number(digits)
  if (rough) return Math.abs(got - wanted) <= 1e-12 * Math.abs(wanted)
  const decimals = /^-?\d+\.(\d+)$/.exec(digits)?.[1].length
  return decimals === undefined ? got === wanted : Number(got.toFixed(decimals)) === wanted
}

test.run()
