import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, linkSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readBytes } from '../../src/cli/files.ts'
import { writeWhole } from '../../src/cli/output.ts'
import { folder, put, run, SMALL, safetensors } from './terminal.ts'

const posix = process.platform !== 'win32'
const root = fileURLToPath(new URL('../../', import.meta.url))
const model = safetensors(SMALL)

function pipe(place: string): string {
  execFileSync('mkfifo', [`${place}/pipe`])
  return `${place}/pipe`
}

/** The command line in a process of its own. */
function start(args: string[], stdout: 'pipe' | number = 'pipe') {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/bin.ts', ...args], {
    cwd: root,
    stdio: ['ignore', stdout, 'pipe'],
  })
  let err = ''
  child.stderr!.on('data', data => (err += data))
  const ended = new Promise<{ code: number | null; signal: string | null; err: string }>(done =>
    child.on('close', (code, signal) => done({ code, signal, err })),
  )
  return { child, ended }
}

test('files are written whole or not at all', async () => {
  const place = folder()
  const target = put(place, 'report.json', 'old')
  await writeWhole(target, 'new')
  assert.is(readFileSync(target, 'utf8'), 'new')
  assert.equal(readdirSync(place), ['report.json'])
  const refused = await writeWhole(`${place}/none/report.json`, 'x').then(
    () => '',
    (error: Error) => error.message,
  )
  assert.match(refused, 'expected a place that can be written, got ENOENT')
  const directory = await writeWhole(place, 'x').catch((error: Error) => error.message)
  assert.match(String(directory), 'got EISDIR')
})

test('what is read is never written over, whatever it is called', async () => {
  const place = folder()
  const file = put(place, 'm.safetensors', model)
  symlinkSync(file, `${place}/link`)
  linkSync(file, `${place}/same`)
  for (const args of [
    [file, '-o', file],
    [file, '--html', file],
    [`${place}/*.safetensors`, '-o', `${place}/../${place.split('/').at(-1)}/m.safetensors`],
    [file, '-o', `${place}/link`],
    [`${place}/link`, '-o', `${place}/same`],
  ]) {
    const { code, err } = await run(args)
    assert.is(code, 2, args.join(' '))
    assert.match(err, /^opnorm: --(output|html): expected a file of its own, got '.*', which is read\. Name another\n$/)
    assert.equal(new Uint8Array(readFileSync(file)), model)
  }
  const part = put(place, 'part.json', (await run([file, '--json'])).out)
  assert.is((await run(['merge', part, '--json', '-o', part])).code, 2)
  const table = put(place, 'geometry.json', '{}')
  assert.is((await run([file, '--geometry', table, '-o', table])).code, 2)
  const { code, err } = await run([file, '-o', `${place}/out`, '--html', `${place}/out`])
  assert.is(code, 2)
  assert.match(err, '--html: expected another file than --output')
  assert.not(existsSync(`${place}/out`))
  // An earlier report has been read by then: it may be brought up to date in place.
  assert.is((await run([file, '--compare', part, '--json', '-o', part])).code, 0)
})

test('the weights beside a model are not written over either', async () => {
  const place = folder()
  const manifest = [{ paths: ['w.bin'], weights: [{ name: 'a/kernel', shape: [2, 2], dtype: 'float32' }] }]
  const file = put(place, 'model.json', JSON.stringify({ modelTopology: { node: [] }, weightsManifest: manifest }))
  const weights = put(place, 'w.bin', new Uint8Array(16).fill(63))
  assert.is((await run([file])).code, 0)
  assert.is((await run([file, '-o', weights])).code, 2)
  assert.is(statSync(weights).size, 16)
})

if (posix) {
  test('a link stays a link, and a file keeps its mode', async () => {
    const place = folder()
    const target = put(place, 'report.json', 'old')
    chmodSync(target, 0o640)
    symlinkSync('report.json', `${place}/link`)
    await writeWhole(`${place}/link`, 'new')
    assert.ok(lstatSync(`${place}/link`).isSymbolicLink())
    assert.is(readFileSync(target, 'utf8'), 'new')
    assert.is(statSync(target).mode & 0o777, 0o640)
    symlinkSync('later.json', `${place}/ahead`)
    await writeWhole(`${place}/ahead`, 'first')
    assert.ok(lstatSync(`${place}/ahead`).isSymbolicLink())
    assert.is(readFileSync(`${place}/later.json`, 'utf8'), 'first')
    assert.equal(readdirSync(place).sort(), ['ahead', 'later.json', 'link', 'report.json'])
  })

  test('a log that is appended to keeps what is in it', async () => {
    const place = folder()
    const log = put(place, 'log', 'before\n')
    const file = await open(log, 'a')
    const { code, err } = await start([put(place, 'm.safetensors', model), '-o', '/dev/stdout'], file.fd).ended
    await file.close()
    assert.is(code, 0, err)
    assert.match(readFileSync(log, 'utf8'), /^before\nlayer .*2 convolutions, 1 dense layer/s)
  })

  test('a pipe is written to, not replaced', async () => {
    const place = folder()
    const name = pipe(place)
    const read = readBytes(name)
    await writeWhole(name, 'through')
    assert.is(new TextDecoder().decode((await read).bytes), 'through')
    assert.ok(lstatSync(name).isFIFO())
  })

  test('a pipe is read to its end, within limits', async () => {
    const place = folder()
    const name = pipe(place)
    const write = async (bytes: Uint8Array) => {
      const file = await open(name, 'w')
      await file.writeFile(bytes).finally(() => file.close())
    }
    const [{ code, out }] = await Promise.all([run([name]), write(model)])
    assert.is(code, 0)
    assert.match(out, '2 convolutions, 1 dense layer')
    const long = new Uint8Array(200_000).map((_, i) => i)
    const [{ bytes }] = await Promise.all([readBytes(name), write(long)])
    assert.equal(bytes, long)
    const [refused] = await Promise.all([
      readBytes(name, 'a model file', { longest: 1000 }).catch((error: Error) => error.message),
      write(long).catch(() => {}),
    ])
    assert.match(String(refused), 'expected a model file, got more than 1000 bytes from a pipe. Save it as a file')
  })

  test('Ctrl-C ends what waits for a pipe that nobody writes to', async () => {
    const { child, ended } = start([pipe(folder())])
    setTimeout(() => child.kill('SIGINT'), 3000)
    const stuck = setTimeout(() => child.kill('SIGKILL'), 20_000)
    const { code, signal, err } = await ended
    clearTimeout(stuck)
    // A shell says 130 for both.
    assert.ok(code === 130 || signal === 'SIGINT', `${code} ${signal}`)
    assert.match(err, 'got an interrupt before its end')
  })

  test('a reader that leaves early does not change the verdict', async () => {
    const { child, ended } = start([put(folder(), 'm.safetensors', model), '--max-norm', '1e-3'])
    child.stdout!.destroy()
    const { code, err } = await ended
    assert.is(code, 1)
    assert.is(err, '')
  })

  test('standard output that cannot be written is one sentence', async () => {
    const place = folder()
    const target = await open(put(place, 'read-only', ''), 'r')
    const { code, err } = await start([put(place, 'm.safetensors', model)], target.fd).ended
    await target.close()
    assert.is(code, 2)
    assert.match(err, /^opnorm: standard output: expected a place that can be written, got EBADF\. Check what it leads to\n$/)
  })
} else console.log('skip pipes and links: not on this system')

test.run()
