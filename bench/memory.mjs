/**
 * What a method needs at 512 channels and 224 × 224, circular: a process of its own for each, its time and the most it held in memory. The bar is 1.5 GB.
 *
 *   node bench/memory.mjs [exact gram spectralNorm]
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const chosen = process.argv.slice(2)
if (process.env.OPNORM_METHOD) await measure(process.env.OPNORM_METHOD)
else {
  console.log('method          processor s    memory, MB   (bar 1536)    value, upper/lower − 1, frequencies visited')
  for (const method of chosen.length > 0 ? chosen : ['spectralNorm', 'exact', 'gram'])
    spawnSync(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url)], {
      stdio: 'inherit',
      env: { ...process.env, OPNORM_METHOD: method },
    })
}

async function measure(method) {
  const methods = await import('../src/index.ts')
  const { seeded } = await import('./seeded.ts')
  const channels = Number(process.env.OPNORM_CHANNELS ?? 512)
  const kernel = { data: seeded(1007, channels ** 2 * 9, Math.sqrt(2 / (channels * 9))), shape: [channels, channels, 3, 3] }
  const layer = methods.conv(kernel, { inputSize: 224, padding: 'circular' })
  const options = method === 'spectralNorm' ? { gap: 1e-2 } : {}
  const { value, lower, upper, work } = methods[method](layer, options)
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const seconds = (userCPUTime + systemCPUTime) / 1e6
  const cells = [method.padEnd(14), seconds.toFixed(1).padStart(12), (maxRSS / 1024).toFixed(0).padStart(13)]
  console.log(`${cells.join(' ')}                ${value.toPrecision(12)}, ${(upper / lower - 1).toExponential(1)}, ${work}`)
}
