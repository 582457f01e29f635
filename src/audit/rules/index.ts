import * as arithmetic from './arithmetic.ts'
import * as choose from './choose.ts'
import * as combine from './combine.ts'
import * as known from './known.ts'
import { convolution } from './linear.ts'
import { gemm, matMul } from './matrix-product.ts'
import * as normalize from './normalize.ts'
import * as pointwise from './pointwise.ts'
import * as pool from './pool.ts'
import * as rearrange from './rearrange.ts'
import { resize } from './resize.ts'
import type { Rule } from './step.ts'

/** ONNX's operators, and what is known of each. An operator that is not here ends a certificate. */
export const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  // linear layers
  ['Conv', convolution],
  ['ConvTranspose', convolution],
  ['MatMul', matMul],
  ['Gemm', gemm],
  // the same entries elsewhere
  ['Identity', rearrange.identity],
  ['Dropout', rearrange.dropout],
  ['Reshape', rearrange.reshape],
  ['Flatten', rearrange.flatten],
  ['Squeeze', rearrange.squeeze],
  ['Unsqueeze', rearrange.unsqueeze],
  ['Transpose', rearrange.transpose],
  ['DepthToSpace', rearrange.depthToSpace],
  ['SpaceToDepth', rearrange.spaceToDepth],
  ['Cast', rearrange.cast],
  // some entries, or copies
  ['Slice', choose.slice],
  ['Split', choose.split],
  ['Gather', choose.gather],
  ['Expand', choose.expand],
  ['Tile', choose.tile],
  ['Pad', choose.pad],
  ['Resize', resize],
  ['Upsample', resize],
  // several values together
  ['Add', arithmetic.add],
  ['Sub', arithmetic.subtract],
  ['Mul', arithmetic.multiply],
  ['Div', arithmetic.divide],
  ['Pow', arithmetic.power],
  ['Sum', arithmetic.sumAll],
  ['Mean', arithmetic.meanAll],
  ['Max', arithmetic.max],
  ['Min', arithmetic.min],
  ['Concat', combine.concat],
  ['Where', combine.where],
  // pooling and reductions
  ['MaxPool', pool.maxPool],
  ['AveragePool', pool.averagePool],
  ['GlobalAveragePool', pool.globalAveragePool],
  ['GlobalMaxPool', pool.globalMaxPool],
  ['ReduceMean', pool.reduceMean],
  ['ReduceSum', pool.reduceSum],
  ['ReduceMax', pool.reduceMax],
  ['ReduceMin', pool.reduceMin],
  ['ReduceProd', pool.reduceProduct],
  // normalisation
  ['BatchNormalization', normalize.batchNormalization],
  ['LayerNormalization', normalize.layerNormalization],
  ['InstanceNormalization', normalize.instanceNormalization],
  ['GroupNormalization', normalize.groupNormalization],
  ['Softmax', normalize.softmax],
  ['LogSoftmax', normalize.logSoftmax],
  // activations
  ['Relu', pointwise.relu],
  ['LeakyRelu', pointwise.leakyRelu],
  ['PRelu', pointwise.prelu],
  ['Elu', pointwise.elu],
  ['Selu', pointwise.selu],
  ['Celu', pointwise.celu],
  ['Tanh', pointwise.tanhRule],
  ['Sigmoid', pointwise.sigmoidRule],
  ['HardSigmoid', pointwise.hardSigmoid],
  ['HardSwish', pointwise.hardSwish],
  ['Softplus', pointwise.softplusRule],
  ['Softsign', pointwise.softsign],
  ['Gelu', pointwise.gelu],
  ['Swish', pointwise.swish],
  ['Mish', pointwise.mish],
  ['Erf', pointwise.erfRule],
  ['Clip', pointwise.clip],
  ['Abs', pointwise.abs],
  ['Neg', pointwise.negate],
  // of use on constants
  ['Sqrt', pointwise.sqrt],
  ['Exp', pointwise.expRule],
  ['Log', pointwise.logRule],
  ['Reciprocal', pointwise.reciprocal],
  ['Floor', pointwise.floor],
  ['Ceil', pointwise.ceil],
  ['Not', pointwise.not],
  ['Equal', arithmetic.equal],
  ['Greater', arithmetic.greater],
  ['Less', arithmetic.less],
  ['GreaterOrEqual', arithmetic.greaterOrEqual],
  ['LessOrEqual', arithmetic.lessOrEqual],
  ['And', arithmetic.and],
  ['Or', arithmetic.or],
  ['Shape', known.shapeOfOperand],
  ['Size', known.sizeOfOperand],
  ['ConstantOfShape', known.constantOfShape],
  ['Range', known.range],
])
