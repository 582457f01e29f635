import * as tf from '@tensorflow/tfjs'
import { type Geometry, spectralNorm } from 'opnorm'
import { type Method, normOf } from './norm-of.ts'

/** tf.layers accepts only instances of its own Regularizer class, which it does not export: this is the parent of its L1L2. */
const Regularizer = Object.getPrototypeOf(tf.regularizers.l2().constructor) as new () => { apply(kernel: tf.Tensor): tf.Scalar }

/**
 * `weight · σ(layer)²` as a kernel regulariser of tf.layers (Yoshida & Miyato 2017, arXiv:1705.10941):
 *
 *     tf.layers.conv2d({ filters: 16, kernelSize: 3, strides: 2, kernelRegularizer: new SpectralRegularizer(tensorNorm, 0.01, { stride: 2 }) })
 *
 * One instance a layer, since it keeps that layer's vectors from step to step. Models that have it can be saved and loaded; a method is code
 * and is not saved, so that a loaded model goes on with `spectralNorm`.
 */
export class SpectralRegularizer extends Regularizer {
  static className = 'SpectralRegularizer'
  readonly #norm: (kernel: tf.Tensor) => tf.Scalar
  readonly #weight: number
  readonly #geometry: Geometry

  constructor(method: Method, weight: number, geometry: Geometry = {}) {
    super()
    this.#norm = normOf(method, geometry)
    this.#weight = weight
    this.#geometry = geometry
  }

  override apply(kernel: tf.Tensor): tf.Scalar {
    return tf.tidy(() => tf.mul(this.#weight, tf.square(this.#norm(kernel))) as tf.Scalar)
  }

  getClassName(): string {
    return SpectralRegularizer.className
  }

  getConfig(): tf.serialization.ConfigDict {
    return { weight: this.#weight, geometry: { ...this.#geometry } as tf.serialization.ConfigDict }
  }

  static fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    { weight, geometry }: tf.serialization.ConfigDict,
  ): T {
    return new cls(spectralNorm, weight, geometry)
  }
}

tf.serialization.registerClass(SpectralRegularizer as unknown as Parameters<typeof tf.serialization.registerClass>[0])
