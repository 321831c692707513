// The inputs of a training step besides texts and weights: learning rates, loss targets and dropout
// masks. They depend only on the recipe, the batch, the seed and the step number.
import { Tensor } from '../../models/runtime/onnx-runtime.ts'
import { adamScalars, type AdamSettings } from '../../models/graph/adamw/adamw.ts'
import { stepNames, type DropoutSite } from '../../models/graph/training-step.ts'
import type { Recipe } from './fine-tuning-task.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

/** The constants of AdamW that no recipe changes. */
export const adamConstants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const

/**
 * The learning rate at a step, which counts from 1, as a fraction of its peak: a linear warm-up,
 * then a fall to 0 that is linear or a half cosine.
 */
export function scheduleFactor(
  step: number,
  options: { steps: number; warmUpShare: number; schedule?: Recipe['schedule'] | undefined },
): number {
  const { steps, warmUpShare, schedule = 'linear' } = options
  const warmUp = Math.max(1, Math.round(steps * warmUpShare))
  if (step <= warmUp) return step / warmUp
  const left = Math.max(0, (steps - step + 1) / Math.max(1, steps - warmUp + 1))
  return schedule === 'linear' ? left : (1 - Math.cos(Math.PI * left)) / 2
}

/** The rate and decay factor of each parameter group, and epsilon, all float32 []. */
export function rateFeeds(
  step: number,
  options: { recipe: Recipe; groups: readonly string[]; layers: number; steps: number },
): Record<string, Tensor> {
  const { recipe, groups, layers, steps } = options
  const settings: AdamSettings & { epsilon: number } = { ...recipe, ...adamConstants }
  const factor = scheduleFactor(step, { ...recipe, steps })
  const feeds: Record<string, Tensor> = {}
  for (const group of groups) {
    const rate = factor * peakRate(group, { recipe, layers })
    const numbers = adamScalars(settings, { rate, decay: recipe.weightDecay, t: step })
    feeds[stepNames.rate(group)] = scalarTensor(numbers.rate)
    feeds[stepNames.decayFactor(group)] = scalarTensor(numbers.decayFactor)
    feeds['epsilon'] = scalarTensor(numbers.epsilon)
  }
  return feeds
}

/** The rate of a group at its peak; `layerDecay` lowers it for each layer below the top. */
function peakRate(group: string, { recipe, layers }: { recipe: Recipe; layers: number }): number {
  if (group === 'head') return recipe.headRate
  const layer = group === 'embeddings' ? -1 : Number(group.slice('layer.'.length))
  return recipe.encoderRate * recipe.layerDecay ** (layers - 1 - layer)
}

/**
 * The loss targets of a batch, float32 [batch, labels]. A row is the smoothed one-hot truth times
 * its class weight, divided by the sum of the class weights in the batch.
 */
export function lossTargets(
  truth: Int32Array,
  options: { classWeights: Float32Array; labelSmoothing: number },
): Tensor {
  const { classWeights, labelSmoothing } = options
  const labels = classWeights.length
  const targets = new Float32Array(truth.length * labels)
  const total = truth.reduce((sum, label) => sum + classWeights[label]!, 0)
  for (const [row, label] of truth.entries()) {
    const weight = classWeights[label]! / total
    const start = row * labels
    targets.fill((weight * labelSmoothing) / labels, start, start + labels)
    targets[start + label] = targets[start + label]! + weight * (1 - labelSmoothing)
  }
  return new Tensor('float32', targets, [truth.length, labels])
}

/**
 * The loss targets of label sets: uint8 [texts, labels] -> float32 [texts, labels, 2], the weights
 * for the label being present and being absent, which smoothing brings closer together. The two sum
 * to 1 / texts.
 */
export function multiLabelLossTargets(
  targets: Uint8Array,
  options: { labels: number; labelSmoothing: number },
): Tensor {
  const { labels, labelSmoothing } = options
  const texts = targets.length / labels
  const weights = new Float32Array(targets.length * 2)
  for (const [i, applies] of targets.entries()) {
    const probability = applies * (1 - labelSmoothing) + labelSmoothing / 2
    weights[2 * i] = probability / texts
    weights[2 * i + 1] = (1 - probability) / texts
  }
  return new Tensor('float32', weights, [texts, labels, 2])
}

/**
 * The inputs of the contrastive loss for a batch. `pair_targets` float32 [texts, texts] weighs all
 * pairs of a text with others of its label equally, and sums to `weight` over the batch.
 * `pair_mask` float32 [texts, texts] keeps a text from being compared with itself.
 */
export function contrastivePairs(truth: Int32Array, weight: number): Record<string, Tensor> {
  const count = truth.length
  const targets = new Float32Array(count * count)
  const mask = new Float32Array(count * count)
  const counts = new Map<number, number>()
  for (const label of truth) counts.set(label, (counts.get(label) ?? 0) + 1)
  const anchors = truth.filter((label) => counts.get(label)! > 1).length
  for (const [row, label] of truth.entries()) {
    mask[row * count + row] = -1e4
    const pairWeight = weight / Math.max(1, anchors) / Math.max(1, counts.get(label)! - 1)
    for (const [column, other] of truth.entries()) {
      if (column !== row && other === label) targets[row * count + column] = pairWeight
    }
  }
  return {
    pair_targets: new Tensor('float32', targets, [count, count]),
    pair_mask: new Tensor('float32', mask, [count, count]),
  }
}

/**
 * Dropout masks as views of one table of noise, at a random offset for each step and site. A view
 * replaces five million random numbers per step (the shared noise table of Salimans et al. 2017,
 * arXiv:1703.03864).
 */
export class DropoutMasks {
  readonly #noise: Float32Array
  readonly #hidden: number
  readonly #seed: number

  constructor(options: { rate: number; hidden: number; tokensMax: number; seed: number }) {
    const { rate, hidden, tokensMax, seed } = options
    const random = seededRandom(seed)
    const dropped = Math.round(rate * 2 ** 32)
    const scale = 1 / (1 - rate)
    this.#noise = Float32Array.from({ length: 3 * tokensMax * hidden }, () =>
      random.uint32() < dropped ? 0 : scale,
    )
    this.#hidden = hidden
    this.#seed = seed
  }

  /** The mask of each site, float32 [batch, tokens, hidden] or [batch, hidden]. */
  feeds(
    step: number,
    options: { sites: readonly DropoutSite[]; batch: number; tokens: number },
  ): Record<string, Tensor> {
    const { sites, batch, tokens } = options
    const random = seededRandom(stepSeed(this.#seed, step))
    return Object.fromEntries(
      sites.map(({ name, perToken }) => {
        const shape = perToken ? [batch, tokens, this.#hidden] : [batch, this.#hidden]
        const count = shape.reduce((product, size) => product * size, 1)
        const start = random.below(this.#noise.length - count)
        return [name, new Tensor('float32', this.#noise.subarray(start, start + count), shape)]
      }),
    )
  }
}

/** A different seed for each step below 2^32. */
export function stepSeed(seed: number, step: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(step, 0x85ebca6b)) >>> 0
}

function scalarTensor(number: number): Tensor {
  return new Tensor('float32', Float32Array.of(number), [])
}
