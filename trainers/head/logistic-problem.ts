// Logistic regression as a function to minimise: loss, gradient and probabilities for given
// coefficients. The two matrix products over all examples run in ONNX Runtime in float32, block by
// block; everything else is float64. lbfgs.ts minimises the function, and
// logistic-preconditioner.ts approximates its curvature.
import assert from 'node:assert/strict'
import * as ort from '../../models/runtime/onnx-runtime.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import * as op from '../../models/graph/tensors/operations.ts'
import { GraphBuilder } from '../../models/graph/tensors/tensor-graph.ts'
import type { LabelTruth } from '../data/dataset.ts'
import { openMatrixSession } from './matrix-session.ts'
import { openPreconditioner } from './logistic-preconditioner.ts'
import type { Evaluation } from './lbfgs.ts'

/** A feature matrix, float32 [count, width] row-major. */
export type FeatureMatrix = {
  readonly rows: Float32Array
  readonly count: number
  readonly width: number
}

/**
 * The training data: features, the label index of each row, and the number of labels. With targets
 * uint8 [count, labels] instead of label indices, each label gets its own binary logistic
 * regression.
 */
export type LabelledFeatures = {
  readonly features: FeatureMatrix
  readonly labels: number
} & LabelTruth

/** The weight of each row, where 0 leaves it out, and the strength of regularisation. */
export type Weighting = {
  /** float32 [count]. */
  readonly rowWeights: Float32Array
  /** scikit-learn's C: the weight of the summed loss relative to half the squared weights. */
  readonly inverseRegularisation: number
}

/**
 * The objective is scikit-learn's, divided by C times the sum of row weights: mean log loss +
 * |W|^2 / (2 C sum of row weights).
 *
 * Coefficients are float64 [width + 1, labels] row-major: the weights of the centred features, then
 * the weight of a constant feature of typical size, which is the intercept. The intercept is not
 * regularised, so centring does not change the minimum, but the search takes fewer steps.
 */
export type LogisticProblem = {
  /** The number of coefficients. */
  readonly coefficients: number
  readonly labels: number
  readonly evaluate: (coefficients: Float64Array, weighting: Weighting) => Promise<Evaluation>
  /** Multiplies a vector by an approximate inverse Hessian; `penaltyOf` gives the penalty. */
  readonly precondition: (vector: Float64Array, penalty: number) => Promise<Float64Array>
  /** float32 [count, labels]; if a group is given, rows of other groups stay 0. */
  readonly probabilities: (coefficients: Float64Array, group?: number) => Promise<Float32Array>
  /** The coefficients as weights of the original features. */
  readonly head: (coefficients: Float64Array) => LogisticHead
  /** Frees the native sessions. Call it once, after the last evaluation. */
  readonly close: () => Promise<void>
}

/** A linear classifier: logits = x weight + bias. */
export type LogisticHead = {
  readonly from: number
  readonly to: number
  /** float32 [from, to] row-major. */
  readonly weight: Float32Array
  /** float32 [to]. */
  readonly bias: Float32Array
}

/** Rows per product, which bounds the temporary memory to about 5 MB for 77 labels. */
const blockRowsMax = 16_384

/** The factor of half the squared weights in the objective: 1 / (C sum of row weights). */
export function penaltyOf({ rowWeights, inverseRegularisation }: Weighting): number {
  return 1 / (inverseRegularisation * rowWeights.reduce((sum, weight) => sum + weight, 0))
}

/**
 * Copies the features and their transpose, 8 bytes per feature, and opens a session on them. Rows
 * of the same group, such as a fold, share blocks, so that a fit without a group skips its blocks.
 * The caller closes the problem.
 */
export async function openLogisticProblem(
  training: LabelledFeatures,
  options: { threads?: number | undefined; groupOf?: Int32Array | undefined } = {},
): Promise<LogisticProblem> {
  const { features, labels, truth, targets } = training
  assert.equal(features.rows.length, features.count * features.width)
  const known = truth === undefined ? targets.length / labels : truth.length
  assert.equal(known, features.count)
  const width = features.width + 1
  const link = truth === undefined ? 'sigmoid' : 'softmax'
  const threads = options.threads ?? 0
  const session = await openMatrixSession(lossGraph(width, labels, link), threads)
  const centring = centringOf(features)
  const groupOf = options.groupOf ?? new Int32Array(features.count)
  const blocks = blocksOf(training, { centring, groupOf })
  const curvature = link === 'sigmoid' ? 1 / 4 : (1 - 1 / labels) / labels
  const trace = width * centring.constant ** 2
  const shape = { width, labels, threads }
  const inverse = await openPreconditioner(
    blocks.map(({ feeds }) => feeds),
    { ...shape, trace, curvature },
  )
  const weight = new Float32Array(width * labels)
  const gradient = new Float64Array(width * labels)
  const runBlock = async (block: Block): Promise<void> => {
    const coefficients = new ort.Tensor('float32', weight, [width, labels])
    await session.run({ ...block.feeds, coefficients }, block.results)
  }
  return {
    coefficients: width * labels,
    labels,
    async evaluate(coefficients, weighting) {
      weight.set(coefficients)
      gradient.fill(0)
      let loss = 0
      let total = 0
      for (const block of blocks) {
        const blockWeight = setRowWeights(block, weighting.rowWeights)
        if (blockWeight === 0) continue
        await runBlock(block)
        const partial = block.results.gradient.data as Float32Array
        for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! + partial[i]!
        loss += blockLoss(block, training)
        total += blockWeight
      }
      const penalty = 1 / (weighting.inverseRegularisation * total)
      for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! / total
      const squares = addPenalty(gradient, coefficients.subarray(0, -labels), penalty)
      return { value: loss / total + (penalty * squares) / 2, gradient }
    },
    precondition: inverse.apply,
    async probabilities(coefficients, group) {
      weight.set(coefficients)
      const all = new Float32Array(features.count * labels)
      for (const block of blocks) {
        if (group !== undefined && group !== block.group) continue
        await runBlock(block)
        const found = block.results.probabilities.data as Float32Array
        for (const [i, row] of block.rows.entries()) {
          all.set(found.subarray(i * labels, (i + 1) * labels), row * labels)
        }
      }
      return all
    },
    head: (coefficients) => uncentredHead(coefficients, { centring, labels }),
    async close() {
      await session.release()
      await inverse.close()
    },
  }
}

/** Copies the weights of the block's rows, and returns their sum. */
function setRowWeights(block: Block, all: Float32Array): number {
  const rowWeights = block.feeds.row_weights.data as Float32Array
  let sum = 0
  for (const [i, row] of block.rows.entries()) {
    rowWeights[i] = all[row]!
    sum += all[row]!
  }
  return sum
}

/**
 * x [rows, width], coefficients [width, labels] -> logits and probabilities [rows, labels], and the
 * gradient [width, labels] = x^T (row_weights * (probabilities - targets)).
 */
function lossGraph(width: number, labels: number, link: 'softmax' | 'sigmoid'): Uint8Array {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'float32', ['rows', width])
  const transposed = graph.input('x_transposed', 'float32', [width, 'rows'])
  const coefficients = graph.input('coefficients', 'float32', [width, labels])
  const negativeTargets = graph.input('negative_targets', 'float32', ['rows', labels])
  const rowWeights = graph.input('row_weights', 'float32', ['rows', 1])
  const logits = op.matMul(graph, x, coefficients)
  const probabilities = link === 'softmax' ? op.softmax(graph, logits) : op.sigmoid(graph, logits)
  const errors = op.multiply(graph, op.add(graph, probabilities, negativeTargets), rowWeights)
  graph.output('logits', logits)
  graph.output('probabilities', probabilities)
  graph.output('gradient', op.matMul(graph, transposed, errors))
  return writeOnnx(graph.finish(), { name: 'logistic-loss' })
}

type Block = {
  readonly group: number
  /** The indices of its rows among all features: int32 [rows]. */
  readonly rows: Int32Array
  readonly feeds: {
    readonly x: ort.Tensor
    readonly x_transposed: ort.Tensor
    readonly negative_targets: ort.Tensor
    readonly row_weights: ort.Tensor
  }
  /** Each run overwrites these tensors, so that runs do not allocate memory. */
  readonly results: {
    readonly logits: ort.Tensor
    readonly probabilities: ort.Tensor
    readonly gradient: ort.Tensor
  }
}

/** Blocks with rows of one group each, ascending by group and row. */
function blocksOf(
  training: LabelledFeatures,
  { centring, groupOf }: { centring: Centring; groupOf: Int32Array },
): Block[] {
  const groups = [...new Set(groupOf)].toSorted((a, b) => a - b)
  return groups.flatMap((group) => {
    const members = Int32Array.from(groupOf.keys()).filter((row) => groupOf[row] === group)
    const blocks: Block[] = []
    for (let first = 0; first < members.length; first += blockRowsMax) {
      const rows = members.subarray(first, first + blockRowsMax)
      blocks.push({ group, rows, ...blockTensors(training, { rows, centring }) })
    }
    return blocks
  })
}

function blockTensors(
  { features, truth, targets, labels }: LabelledFeatures,
  { rows, centring }: { rows: Int32Array; centring: Centring },
): Pick<Block, 'feeds' | 'results'> {
  const width = features.width + 1
  const count = rows.length
  const x = new Float32Array(count * width)
  const transposed = new Float32Array(count * width)
  const negativeTargets = new Float32Array(count * labels)
  for (const [at, row] of rows.entries()) {
    const from = row * features.width
    for (let i = 0; i < features.width; i++) {
      x[at * width + i] = features.rows[from + i]! - centring.means[i]!
    }
    x[at * width + features.width] = centring.constant
    if (truth !== undefined) negativeTargets[at * labels + truth[row]!] = -1
    for (let label = 0; targets !== undefined && label < labels; label++) {
      negativeTargets[at * labels + label] = -targets[row * labels + label]!
    }
  }
  // Writing the transpose sequentially is several times as fast as reading x sequentially.
  for (let i = 0; i < width; i++) {
    for (let at = 0; at < count; at++) {
      transposed[i * count + at] = x[at * width + i]!
    }
  }
  const matrix = (elements: Float32Array, dims: number[]) =>
    new ort.Tensor('float32', elements, dims)
  return {
    feeds: {
      x: matrix(x, [count, width]),
      x_transposed: matrix(transposed, [width, count]),
      negative_targets: matrix(negativeTargets, [count, labels]),
      row_weights: matrix(new Float32Array(count), [count, 1]),
    },
    results: {
      logits: matrix(new Float32Array(count * labels), [count, labels]),
      probabilities: matrix(new Float32Array(count * labels), [count, labels]),
      gradient: matrix(new Float32Array(width * labels), [width, labels]),
    },
  }
}

/** The mean of each feature, and the root mean square of all centred features. */
type Centring = { readonly means: Float64Array; readonly constant: number }

function centringOf({ rows, count, width }: FeatureMatrix): Centring {
  const means = new Float64Array(width)
  for (let from = 0; from < rows.length; from += width) {
    for (let i = 0; i < width; i++) means[i] = means[i]! + rows[from + i]! / count
  }
  let squares = 0
  for (let from = 0; from < rows.length; from += width) {
    for (let i = 0; i < width; i++) squares += (rows[from + i]! - means[i]!) ** 2
  }
  const constant = Math.sqrt(squares / rows.length)
  return { means, constant: constant > 0 ? constant : 1 }
}

/** Undoes the centring: moves the feature means into the bias. */
function uncentredHead(
  coefficients: Float64Array,
  { centring, labels }: { centring: Centring; labels: number },
): LogisticHead {
  const from = centring.means.length
  const weights = coefficients.subarray(0, from * labels)
  const bias = Float64Array.from(coefficients.subarray(from * labels), (b) => b * centring.constant)
  for (const [i, weight] of weights.entries()) {
    const label = i % labels
    bias[label] = bias[label]! - weight * centring.means[Math.floor(i / labels)]!
  }
  return { from, to: labels, weight: Float32Array.from(weights), bias: Float32Array.from(bias) }
}

/** The summed log loss of a block's rows, times their weights. */
function blockLoss(block: Block, { truth, targets, labels }: LabelledFeatures): number {
  if (truth === undefined) return multiLabelBlockLoss(block, { targets, labels })
  const probabilities = block.results.probabilities.data as Float32Array
  const rowWeights = block.feeds.row_weights.data as Float32Array
  let loss = 0
  for (const [i, row] of block.rows.entries()) {
    if (rowWeights[i] === 0) continue
    // A probability that float32 rounds to 0 would make the loss infinite and stop the search.
    const probability = Math.max(probabilities[i * labels + truth[row]!]!, 1e-38)
    loss -= rowWeights[i]! * Math.log(probability)
  }
  return loss
}

/**
 * The summed binary cross-entropy of a block's rows. For a logit x it is log(1 + exp(-|x|)) +
 * max(0, -x) if the label applies, and max(0, x) in place of max(0, -x) otherwise.
 */
function multiLabelBlockLoss(
  block: Block,
  { targets, labels }: { targets: Uint8Array; labels: number },
): number {
  const logits = block.results.logits.data as Float32Array
  const rowWeights = block.feeds.row_weights.data as Float32Array
  let loss = 0
  for (const [i, row] of block.rows.entries()) {
    if (rowWeights[i] === 0) continue
    for (let label = 0; label < labels; label++) {
      const logit = logits[i * labels + label]!
      const applies = targets[row * labels + label] === 1
      const against = applies ? -logit : logit
      loss += rowWeights[i]! * (Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(0, against))
    }
  }
  return loss
}

/** Adds the gradient of the penalty, and returns the sum of the squared weights. */
function addPenalty(gradient: Float64Array, weights: Float64Array, penalty: number): number {
  let squares = 0
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!
    gradient[i] = gradient[i]! + penalty * weight
    squares += weight * weight
  }
  return squares
}
