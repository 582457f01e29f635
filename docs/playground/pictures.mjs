/** Takes the screenshots in docs/: the report of the sample model and the playground, on a desk and a phone, light and dark. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { browser } from './browser.mjs'
import { serve } from './serve.mjs'

const at = path => fileURLToPath(new URL(path, import.meta.url))
const chromium = await browser()
if (!chromium) throw new Error('no Chromium here (set CHROMIUM to its path)')
const site = await serve()
const report = join(mkdtempSync(join(tmpdir(), 'opnorm-')), 'report.html')
const models = at('../../examples/train-shapes/models/')
execFileSync(process.execPath, [
  at('../../dist/cli.js'),
  `${models}shapes.safetensors`,
  ...['--geometry', `${models}shapes.geometry.json`, '--method', 'gram,f4,lip-grid', '--quiet', '--html', report],
])

await picture('report.png', { url: `file://${report}`, height: 860 })
await picture('report-dark.png', { url: `file://${report}`, height: 760, colorScheme: 'dark', at: '.cards' })
await picture('report-phone.png', { url: `file://${report}`, width: 390, height: 800, at: 'article:nth-of-type(2)' })
await picture('playground.png', { url: site.url, height: 1240 })
await picture('playground-phone.png', {
  url: site.url,
  width: 390,
  height: 800,
  colorScheme: 'dark',
  at: '[aria-labelledby=kernel-title]',
})
await chromium.close()
site.close()

async function picture(name, { url, width = 1100, height, colorScheme = 'light', at: place }) {
  const page = await chromium.newPage({ viewport: { width, height }, colorScheme })
  await page.goto(url)
  if (url === site.url) await page.waitForSelector('#card .bounds')
  if (place)
    await page.evaluate(place => window.scrollTo(0, document.querySelector(place).getBoundingClientRect().top - 18), place)
  await page.screenshot({ path: at(`../${name}`) })
  await page.close()
}
