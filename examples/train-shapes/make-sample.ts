/**
 * Trains the sample models, without and with a penalty on the norm of every layer, and writes them to models/.
 *
 *   npx tsx examples/train-shapes/make-sample.ts
 */
import { writeFile } from 'node:fs/promises'
import { startTensorFlow } from '../tfjs/backend.ts'
import { ways } from './constraints.ts'
import { draw } from './draw.ts'
import { geometry, store } from './store.ts'
import { accuracy, train } from './train.ts'

await startTensorFlow()
const settings = { seed: 7, epochs: 10, batch: 64, rate: 3e-3 }
const [trainSeed, testSeed] = [1, 2]
const [seen, unseen] = [draw(10000, trainSeed), draw(2000, testSeed)]
const models = new URL('./models/', import.meta.url)

for (const [file, way] of Object.entries({ shapes: 'plain', 'shapes-penalty': 'tensor-norm penalty' })) {
  const { network } = train(seen, settings, line => console.log(line), ways[way].constraint(0.01))
  const share = accuracy(network, unseen)
  console.log(`${file}: right on ${(100 * share).toFixed(2)} % of ${unseen.count} drawings it never saw`)
  const measured = {
    test_accuracy: share.toFixed(4),
    test_drawings: `${unseen.count} of seed ${testSeed}`,
    trained_with: `${way}, ${seen.count} drawings of seed ${trainSeed}, ${JSON.stringify(settings)}`,
  }
  await writeFile(new URL(`${file}.safetensors`, models), store(network, measured))
}
await writeFile(new URL('shapes.geometry.json', models), JSON.stringify(geometry(), null, 2) + '\n')
