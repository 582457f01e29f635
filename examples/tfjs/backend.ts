import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { registerConvGradients } from './wasm-conv-gradients.ts'

/** Starts TensorFlow.js's WASM backend in Node, on one thread so that every run adds up in the same order. */
export async function startTensorFlow(): Promise<void> {
  setWasmPaths(join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')), '/'))
  setThreadsCount(1)
  if (!(await tf.setBackend('wasm'))) throw new Error("TensorFlow.js: expected its 'wasm' backend to start")
  registerConvGradients()
}
