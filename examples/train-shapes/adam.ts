/** Adam (Kingma & Ba 2015, arXiv:1412.6980) on plain arrays, changed in place. */
export function adam(arrays: readonly Float32Array[], { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}) {
  const means = arrays.map(array => new Float64Array(array.length))
  const squares = arrays.map(array => new Float64Array(array.length))
  let decay1 = 1
  let decay2 = 1
  return {
    step(gradients: readonly ArrayLike<number>[], rate: number): void {
      decay1 *= beta1
      decay2 *= beta2
      arrays.forEach((array, a) => {
        const [gradient, mean, square] = [gradients[a], means[a], squares[a]]
        for (let i = 0; i < array.length; i++) {
          mean[i] += (1 - beta1) * (gradient[i] - mean[i])
          square[i] += (1 - beta2) * (gradient[i] * gradient[i] - square[i])
          array[i] -= (rate * mean[i]) / (1 - decay1) / (Math.sqrt(square[i] / (1 - decay2)) + epsilon)
        }
      })
    },
  }
}
