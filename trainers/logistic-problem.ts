// Multinomial logistic regression as a function to minimise: loss, gradient and probabilities for
// given coefficients. The two matrix products over all examples run in ONNX Runtime in float32,
// block by block; sums over blocks and all else are float64. Minimising it is lbfgs.ts.
import assert from 'node:assert/strict'
import * as ort from '../models/onnx-runtime.ts'
import { writeOnnx } from '../models/graph/onnx-writer.ts'
import * as op from '../models/graph/operations.ts'
import { GraphBuilder } from '../models/graph/tensor-graph.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { LabelTruth } from './dataset.ts'
import type { Evaluation } from './lbfgs.ts'

/** Feature rows, float32 [count, width] row-major. */
export type FeatureMatrix = {
  readonly rows: Float32Array
  readonly count: number
  readonly width: number
}

/**
 * What to learn from: features, the label index of each row, and how many labels there are. With
 * targets uint8 [count, labels] instead, each label is learned by itself: one logistic regression of two
 * classes a label.
 */
export type LabelledFeatures = {
  readonly features: FeatureMatrix
  readonly labels: number
} & LabelTruth

/** How much each row counts (0 leaves it out), and the strength of regularisation. */
export type Weighting = {
  /** float32 [count]. */
  readonly rowWeights: Float32Array
  /** scikit-learn's C: the weight of the summed loss against half the squared weights. */
  readonly inverseRegularisation: number
}

/**
 * Coefficients are float64 [width + 1, labels] row-major: weights of the features less their means,
 * then one row for a constant as large as a feature usually is. That row is the intercept, which is
 * not regularised; so neither shift nor scale changes the minimum, but the search takes fewer steps. The objective is scikit-learn's, divided by C times the sum of row weights:
 * mean log loss + |W|^2 / (2 C sum of row weights).
 */
export type LogisticProblem = {
  readonly coefficients: number
  readonly evaluate: (coefficients: Float64Array, weighting: Weighting) => Promise<Evaluation>
  /** float32 [count, labels], rows of weight 0 included. */
  readonly probabilities: (coefficients: Float64Array) => Promise<Float32Array>
  /** The coefficients as weights of the features themselves. */
  readonly head: (coefficients: Float64Array) => LogisticHead
  /** Frees the native session; call it once, after the last evaluation. */
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

/** Rows of one product: bounds the temporary memory to some 5 MB at 77 labels. */
const blockRowsMax = 16_384

/** Copies the features (with a transposed copy: 8 bytes a feature) and opens a session on them. */
export async function openLogisticProblem(
  training: LabelledFeatures,
  options: { threads?: number | undefined } = {},
): Promise<LogisticProblem> {
  const { features, labels } = training
  assert.equal(features.rows.length, features.count * features.width)
  const { truth, targets } = training
  const known = truth === undefined ? targets.length / labels : truth.length
  assert.equal(known, features.count)
  const width = features.width + 1
  const session = await openSession(
    lossGraph(width, labels, truth === undefined ? 'sigmoid' : 'softmax'),
    options.threads ?? 0,
  )
  const centring = centringOf(features)
  const blocks = blocksOf(training, centring)
  const weight = new Float32Array(width * labels)
  const gradient = new Float64Array(width * labels)
  const runBlock = async (block: Block): Promise<void> => {
    const coefficients = new ort.Tensor('float32', weight, [width, labels])
    await session.run({ ...block.feeds, coefficients }, block.results)
  }
  return {
    coefficients: width * labels,
    async evaluate(coefficients, weighting) {
      weight.set(coefficients)
      gradient.fill(0)
      let loss = 0
      let total = 0
      for (const block of blocks) {
        const rowWeights = block.feeds.row_weights.data as Float32Array
        rowWeights.set(weighting.rowWeights.subarray(block.first, block.first + block.count))
        await runBlock(block)
        const partial = block.results.gradient.data as Float32Array
        for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! + partial[i]!
        loss += blockLoss(block, training)
        for (const rowWeight of rowWeights) total += rowWeight
      }
      const penalty = 1 / (weighting.inverseRegularisation * total)
      for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! / total
      const squares = addPenalty(gradient, coefficients.subarray(0, -labels), penalty)
      return { value: loss / total + (penalty * squares) / 2, gradient }
    },
    async probabilities(coefficients) {
      weight.set(coefficients)
      const all = new Float32Array(features.count * labels)
      for (const block of blocks) {
        await runBlock(block)
        all.set(block.results.probabilities.data as Float32Array, block.first * labels)
      }
      return all
    },
    head: (coefficients) => uncentredHead(coefficients, { centring, labels }),
    close: () => session.release(),
  }
}

/**
 * x [rows, width] coefficients [width, labels] -> probabilities [rows, labels] and
 * gradient [width, labels] = x' (row_weights * (probabilities - targets)).
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

async function openSession(bytes: Uint8Array, threads: number): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'basic',
      logSeverityLevel: 3,
      // Threads that spin between two short products starve whatever else runs on the machine.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    })
  } catch (cause) {
    throw new WinnowError('session_failed', 'The logistic regression graph did not load.', {
      cause,
    })
  }
}

type Block = {
  readonly first: number
  readonly count: number
  readonly feeds: {
    readonly x: ort.Tensor
    readonly x_transposed: ort.Tensor
    readonly negative_targets: ort.Tensor
    readonly row_weights: ort.Tensor
  }
  /** Written by each run; reused, so that a run allocates nothing that lasts. */
  readonly results: {
    readonly logits: ort.Tensor
    readonly probabilities: ort.Tensor
    readonly gradient: ort.Tensor
  }
}

function blocksOf(
  { features, truth, targets, labels }: LabelledFeatures,
  centring: Centring,
): Block[] {
  const blocks: Block[] = []
  const width = features.width + 1
  for (let first = 0; first < features.count; first += blockRowsMax) {
    const count = Math.min(blockRowsMax, features.count - first)
    const x = new Float32Array(count * width)
    const transposed = new Float32Array(count * width)
    const negativeTargets = new Float32Array(count * labels)
    for (let row = 0; row < count; row++) {
      const from = (first + row) * features.width
      for (const [i, mean] of centring.means.entries()) {
        x[row * width + i] = features.rows[from + i]! - mean
      }
      x[row * width + features.width] = centring.constant
      for (let i = 0; i < width; i++) transposed[i * count + row] = x[row * width + i]!
      if (truth !== undefined) negativeTargets[row * labels + truth[first + row]!] = -1
      for (let label = 0; targets !== undefined && label < labels; label++) {
        negativeTargets[row * labels + label] = -targets[(first + row) * labels + label]!
      }
    }
    const matrix = (elements: Float32Array, dims: number[]) =>
      new ort.Tensor('float32', elements, dims)
    blocks.push({
      first,
      count,
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
    })
  }
  return blocks
}

/** The mean of each feature, and the root mean square of what is left without it. */
type Centring = { readonly means: Float64Array; readonly constant: number }

function centringOf({ rows, count, width }: FeatureMatrix): Centring {
  const means = new Float64Array(width)
  for (let i = 0; i < rows.length; i++) means[i % width] = means[i % width]! + rows[i]! / count
  let squares = 0
  for (let i = 0; i < rows.length; i++) squares += (rows[i]! - means[i % width]!) ** 2
  const constant = Math.sqrt(squares / rows.length)
  return { means, constant: constant > 0 ? constant : 1 }
}

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

function blockLoss(block: Block, { truth, targets, labels }: LabelledFeatures): number {
  if (truth === undefined) return blockLossOfSets(block, { targets, labels })
  const probabilities = block.results.probabilities.data as Float32Array
  const rowWeights = block.feeds.row_weights.data as Float32Array
  let loss = 0
  for (let row = 0; row < block.count; row++) {
    if (rowWeights[row] === 0) continue
    // A probability below float32's smallest would make the loss infinite and the search blind.
    const probability = Math.max(probabilities[row * labels + truth[block.first + row]!]!, 1e-38)
    loss -= rowWeights[row]! * Math.log(probability)
  }
  return loss
}

/** The summed loss of two classes a label, log(1 + exp(-|x|)) + max(0, wrong side) of each logit x. */
function blockLossOfSets(
  block: Block,
  { targets, labels }: { targets: Uint8Array; labels: number },
): number {
  const logits = block.results.logits.data as Float32Array
  const rowWeights = block.feeds.row_weights.data as Float32Array
  let loss = 0
  for (let row = 0; row < block.count; row++) {
    if (rowWeights[row] === 0) continue
    for (let label = 0; label < labels; label++) {
      const logit = logits[row * labels + label]!
      const applies = targets[(block.first + row) * labels + label] === 1
      const against = applies ? -logit : logit
      loss += rowWeights[row]! * (Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(0, against))
    }
  }
  return loss
}

/** Adds the penalty's gradient and returns the sum of squares of the weights. */
function addPenalty(gradient: Float64Array, weights: Float64Array, penalty: number): number {
  let squares = 0
  for (const [i, weight] of weights.entries()) {
    gradient[i] = gradient[i]! + penalty * weight
    squares += weight * weight
  }
  return squares
}
