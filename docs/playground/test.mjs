/** The playground in a real browser: drop, audit, cancel, bad file, keyboard, accessibility, a quiet console, nothing sent anywhere. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { browser } from './browser.mjs'
import { serve } from './serve.mjs'

const chromium = await browser()
if (!chromium) {
  console.log('skip playground: no Chromium here (set CHROMIUM to its path)')
  console.log('0 passed, 0 failed, 1 skipped')
  process.exit(0)
}
const site = await serve()
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const sample = await readFile(new URL('dist/shapes.safetensors', import.meta.url))
const tests = { opens, dropped, together, cancelled, bad, saved, keyboard, kernel, accessible, phone }
const total = { passed: 0, failed: 0 }
for (const [name, test] of Object.entries(tests)) await check(name, test)
await chromium.close()
site.close()
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0

async function check(name, test) {
  const context = await chromium.newContext({ viewport: { width: 1100, height: 900 }, bypassCSP: name === 'accessible' })
  const page = await context.newPage()
  const complaints = []
  page.on('console', message => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(error.message))
  page.on(
    'request',
    request =>
      request.url().startsWith(site.url) || /^(data|blob):/.test(request.url()) || complaints.push(`fetched ${request.url()}`),
  )
  try {
    await page.goto(site.url)
    await page.waitForSelector('#card article, #card .enclosure')
    await test(page)
    assert.deepEqual(complaints, [])
    total.passed++
    console.log(`ok   ${name}`)
  } catch (error) {
    total.failed++
    console.log(`FAIL ${name}: ${error.stack}`)
  } finally {
    await context.close()
  }
}

/** Drops files as a user would; the page gets nothing but the event. */
async function drop(page, ...files) {
  const transfer = await page.evaluateHandle(
    files => {
      const transfer = new DataTransfer()
      for (const [name, numbers] of files) transfer.items.add(new File([Uint8Array.from(numbers)], name))
      return transfer
    },
    files.map(([name, bytes]) => [name, [...bytes]]),
  )
  await page.dispatchEvent('#drop', 'dragover', { dataTransfer: transfer })
  await page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer })
}

/** Polls from outside: the page's own security policy forbids what playwright's waitForFunction does in it. */
async function until(page, condition, argument) {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if (await page.evaluate(condition, argument)) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`waited in vain for ${condition}`)
}

function said(page, words) {
  return until(page, words => document.getElementById('status').textContent.includes(words), words)
}

async function opens(page) {
  assert.match(await page.title(), /opnorm/)
  await page.click('#sample')
  await said(page, 'Done')
  assert.ok((await page.locator('#report table tbody tr').count()) >= 5)
  assert.ok((await page.locator('#report article img').count()) >= 4)
  // Strides are in the table beside the sample: what README.md prints.
  assert.match(await page.locator('#report article', { hasText: 'stem.weight' }).textContent(), /stride 2.*5\.6918/s)
}

/** A table of geometries is used, other files beside the model are named. */
async function together(page) {
  const text = value => new TextEncoder().encode(JSON.stringify(value))
  const table = { 'stem.weight': { stride: 2, inputSize: 16, padding: 'circular' } }
  await drop(page, ['a.geometry.json', text(table)], ['a.safetensors', sample], ['b.safetensors', sample])
  await said(page, 'Not used: b.safetensors.')
  await said(page, 'Geometry from a.geometry.json.')
  assert.equal(await page.locator('#report h1').textContent(), 'a.safetensors')
  assert.match(await page.locator('#report article', { hasText: 'stem.weight' }).textContent(), /stride 2 · circular/)
  await drop(page, ['a.safetensors', sample], ['a.geometry.json', text({ 'stem.weight': { strides: 2 } })])
  await said(page, 'strides')
  await drop(page, ['a.safetensors', sample])
  await said(page, 'Done')
  assert.doesNotMatch(await page.locator('#status').textContent(), /Geometry|Not used/)
}

async function dropped(page) {
  await page.check('[name=method][value=f4]')
  await drop(page, ['mine.safetensors', sample])
  await said(page, 'Done')
  assert.equal(await page.locator('#report h1').textContent(), 'mine.safetensors')
  assert.ok((await page.locator('#report thead').textContent()).includes('f4'))
  const heading = page.locator('#report thead button', { hasText: 'σ₁' })
  await heading.click()
  const values = await page
    .locator('#report tbody td:nth-child(4)')
    .evaluateAll(cells => cells.map(cell => Number(cell.dataset.value)))
  assert.deepEqual(
    values,
    [...values].sort((a, b) => b - a),
    'sorted by the norm',
  )
}

/** Sixty layers of 64 channels: enough for workers, and long enough to be stopped on the way. */
async function cancelled(page) {
  await drop(page, ['long.safetensors', manyLayers(60, 64)])
  await until(page, () => /^[1-9]\d* of 60/.test(document.getElementById('count').textContent))
  assert.ok(
    page.workers().some(worker => worker.url().endsWith('/audit.worker.js')),
    'layers are audited by workers',
  )
  await page.click('#cancel')
  await said(page, 'Cancelled')
  assert.ok(await page.locator('#progress').isHidden())
  await page.click('#sample')
  await said(page, 'Done')
}

async function bad(page) {
  await drop(page, ['cut.safetensors', sample.subarray(0, 2000)])
  await said(page, 'expected')
  assert.match(await page.locator('#status').getAttribute('class'), /bad/)
  await drop(page, ['noise.bin', new TextEncoder().encode('this is no model')])
  await said(page, 'noise.bin')
  await drop(page, ['empty.onnx', []])
  await said(page, 'empty')
}

async function saved(page) {
  await page.click('#sample')
  await said(page, 'Done')
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save-json')])
  const report = JSON.parse(await readFile(await download.path(), 'utf8'))
  assert.equal(report.models[0].file, 'shapes.safetensors')
  assert.equal(report.partial, false)
}

async function keyboard(page) {
  const focused = () =>
    page.evaluate(() => document.activeElement.id || document.activeElement.name || document.activeElement.tagName)
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'files')
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'sample')
  await page.keyboard.press('Enter')
  await said(page, 'Done')
  await page.locator('#report thead button').first().focus()
  await page.keyboard.press('Space')
  assert.equal(await page.locator('#report thead th').first().getAttribute('aria-sort'), 'descending')
}

async function kernel(page) {
  // The norm of one channel is the largest modulus of its transform: 1, 3 and 8 for these kernels.
  const shows = async norm => {
    await until(
      page,
      norm => {
        const [low, high] = (document.querySelector('#card .enclosure strong')?.textContent ?? '').split('…').map(Number)
        return low <= norm && norm <= (high ?? low) && (high ?? low) < norm + 1e-3
      },
      norm,
    )
  }
  await page.click('#presets button:has-text("identity")')
  await shows(1)
  await page.locator('#taps input').nth(4).fill('3')
  await shows(3)
  await page.locator('#taps input').nth(0).fill('')
  await page.click('#presets button:has-text("Laplace")')
  await shows(8)
  assert.equal(await page.locator('#card .bounds li').count(), 5)
}

async function accessible(page) {
  await page.click('#sample')
  await said(page, 'Done')
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => window.axe.run())
    assert.deepEqual(
      violations.map(
        ({ id, nodes }) =>
          `${colorScheme}: ${id}: ${nodes.slice(0, 3).map(node => `${node.html.slice(0, 120)} ${node.failureSummary}`)}`,
      ),
      [],
    )
  }
}

async function phone(page) {
  for (const method of ['gram', 'f4', 'exact']) await page.check(`[name=method][value=${method}]`)
  const circular = new TextEncoder().encode('{"*": {"inputSize": 16, "padding": "circular"}}')
  await drop(page, ['wide.safetensors', sample], ['wide.json', circular])
  await said(page, 'Done')
  assert.match(await page.locator('#report article .bounds').first().textContent(), /exact.*…/s)
  for (const width of [320, 360, 412]) {
    await page.setViewportSize({ width, height: 740 })
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    assert.ok(wide <= width, `the page is ${wide} wide on a screen of ${width}`)
  }
}

function manyLayers(count, channels) {
  const size = channels * channels * 9 * 4
  const header = JSON.stringify(
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `layer${i}.weight`,
        { dtype: 'F32', shape: [channels, channels, 3, 3], data_offsets: [i * size, (i + 1) * size] },
      ]),
    ),
  )
  const file = Buffer.alloc(8 + header.length + count * size)
  file.writeBigUInt64LE(BigInt(header.length))
  file.write(header, 8)
  let state = 1
  for (let at = 8 + header.length; at < file.length; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    file.writeFloatLE(state / 2 ** 31 - 1, at)
  }
  return file
}
