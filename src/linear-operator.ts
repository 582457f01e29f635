/** Any linear map given by its products: a Jacobian, a composition of layers, a layer of another library. */
export interface LinearOperator {
  /** [length of the output, length of the input]. */
  readonly shape: readonly [number, number]
  /** y = A x. */
  apply?(x: Float64Array): ArrayLike<number>
  matvec?(x: Float64Array): ArrayLike<number>
  /** x = Aᵀ y. */
  applyAdjoint?(y: Float64Array): ArrayLike<number>
  rmatvec?(y: Float64Array): ArrayLike<number>
}
