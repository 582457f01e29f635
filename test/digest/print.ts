/** node --import tsx test/digest/print.ts > test/digest/golden.json: after a change that is meant to change bits. */
import * as opnorm from '../../src/index.ts'
import { digests } from './digests.ts'
import { realKernels } from './real.ts'

console.log(JSON.stringify(await digests(opnorm, realKernels()), null, 2))
