/**
 * Trains the sample model and writes models/shapes.safetensors and models/shapes.geometry.json.
 *
 *   npx tsx examples/train-shapes/make-sample.ts
 */
import { writeFile } from 'node:fs/promises'
import { startTensorFlow } from '../tfjs/backend.ts'
import { draw } from './draw.ts'
import { geometry, store } from './store.ts'
import { accuracy, train } from './train.ts'

await startTensorFlow()
const settings = { seed: 7, epochs: 10, batch: 64, rate: 3e-3 }
const [trainSeed, testSeed] = [1, 2]
const test = draw(2000, testSeed)
const { network } = train(draw(10000, trainSeed), settings, line => console.log(line))
const share = accuracy(network, test)
console.log(`right on ${(100 * share).toFixed(2)} % of ${test.count} drawings it never saw`)

const models = new URL('./models/', import.meta.url)
const measured = {
  test_accuracy: share.toFixed(4),
  test_drawings: `${test.count} of seed ${testSeed}`,
  trained_with: `10000 drawings of seed ${trainSeed}, ${JSON.stringify(settings)}`,
}
await writeFile(new URL('shapes.safetensors', models), store(network, measured))
await writeFile(new URL('shapes.geometry.json', models), JSON.stringify(geometry(), null, 2) + '\n')
