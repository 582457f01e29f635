import { writeFileSync } from 'node:fs'
import { folder } from './cli/terminal.ts'

const root = new URL('../', import.meta.url)

/** What an example prints, line by line: code as a reader would paste it, run against the sources. */
export async function saidBy(code: string): Promise<string[]> {
  const file = `${folder()}/example.mts`
  writeFileSync(
    file,
    code.replace(/from 'opnorm(\/audit)?'/g, (_, entry) => `from '${new URL(entry ? 'src/audit.ts' : 'src/index.ts', root)}'`),
  )
  const said: string[] = []
  const log = console.log
  console.log = (...words: unknown[]) => void said.push(words.join(' '))
  try {
    await import(file)
  } finally {
    console.log = log
  }
  return said
}
