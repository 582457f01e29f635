import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** A Chromium that is here already (CHROMIUM names another place), or undefined. */
export async function browser() {
  const executablePath = [process.env.CHROMIUM, ...PLACES].find(place => place && existsSync(place))
  return executablePath && chromium.launch({ executablePath, args: ['--no-sandbox'] })
}
