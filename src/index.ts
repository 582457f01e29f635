/**
 * opnorm: the operator norm of convolution layers, with proof. Everything public, and nothing else.
 */
export { adjoint, apply } from './apply.ts'
export type { Bound, Kind, Scope, Start } from './bound.ts'
export { gapOf } from './bound.ts'
export type { Conv, Geometry, SizedConv } from './conv.ts'
export { conv, dense } from './conv.ts'
export type { ErrorCode } from './errors.ts'
export { OpnormError } from './errors.ts'
export type { LinearOperator } from './linear-operator.ts'
export { frobenius } from './methods/frobenius.ts'
export { holder } from './methods/holder.ts'
export { lanczos } from './methods/lanczos.ts'
export { power } from './methods/power.ts'
export { backend, init } from './runtime/instance.ts'
export type { Tensor, TensorLike } from './tensor.ts'
