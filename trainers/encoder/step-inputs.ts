// The numbers that a training step is fed besides texts and weights: learning rates by schedule,
// target distributions and dropout masks. Everything is fixed by seed and step number.
import { Tensor } from '../../models/runtime/onnx-runtime.ts'
import { adamScalars, type AdamSettings } from '../../models/graph/adamw/adamw.ts'
import { stepNames, type DropoutSite } from '../../models/graph/training-step.ts'
import type { Recipe } from './fine-tuning-task.ts'
import { seededRandom } from '../data/seeded-random.ts'

/** AdamW's constants that no recipe changes. */
export const adamConstants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const

/** The share of its peak that a rate has at a step (from 1): rises evenly, then falls to 0. */
export function scheduleShare(
  step: number,
  options: { steps: number; warmUpShare: number; schedule?: Recipe['schedule'] | undefined },
): number {
  const { steps, warmUpShare, schedule = 'linear' } = options
  const warmUp = Math.max(1, Math.round(steps * warmUpShare))
  if (step <= warmUp) return step / warmUp
  const left = Math.max(0, (steps - step + 1) / Math.max(1, steps - warmUp + 1))
  return schedule === 'linear' ? left : (1 - Math.cos(Math.PI * left)) / 2
}

/** Rates of each parameter group, float32 []. */
export function rateFeeds(
  step: number,
  options: { recipe: Recipe; groups: readonly string[]; layers: number; steps: number },
): Record<string, Tensor> {
  const { recipe, groups, layers, steps } = options
  const settings: AdamSettings & { epsilon: number } = { ...recipe, ...adamConstants }
  const share = scheduleShare(step, { ...recipe, steps })
  const feeds: Record<string, Tensor> = {}
  for (const group of groups) {
    const rate = share * peakRate(group, { recipe, layers })
    const numbers = adamScalars(settings, { rate, decay: recipe.weightDecay, t: step })
    feeds[stepNames.rate(group)] = scalarTensor(numbers.rate)
    feeds[stepNames.kept(group)] = scalarTensor(numbers.kept)
    feeds['epsilon'] = scalarTensor(numbers.epsilon)
  }
  return feeds
}

function peakRate(group: string, { recipe, layers }: { recipe: Recipe; layers: number }): number {
  if (group === 'head') return recipe.headRate
  const layer = group === 'embeddings' ? -1 : Number(group.slice('layer.'.length))
  return recipe.encoderRate * recipe.layerDecay ** (layers - 1 - layer)
}

/**
 * The weight of each label in the loss of a batch: float32 [batch, labels]. A row is the smoothed
 * truth times its class weight, divided by the sum of the class weights.
 */
export function targetTensor(
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
 * The targets of sets of labels, uint8 [texts, labels]: float32 [texts, labels, 2], the weights of
 * a label's applying and of its not applying, which smoothing brings closer; they sum to 1 over a
 * text's label, divided by the texts.
 */
export function setTargetTensor(
  targets: Uint8Array,
  options: { labels: number; labelSmoothing: number },
): Tensor {
  const { labels, labelSmoothing } = options
  const texts = targets.length / labels
  const weights = new Float32Array(targets.length * 2)
  for (const [place, applies] of targets.entries()) {
    const share = applies * (1 - labelSmoothing) + labelSmoothing / 2
    weights[2 * place] = share / texts
    weights[2 * place + 1] = (1 - share) / texts
  }
  return new Tensor('float32', weights, [texts, labels, 2])
}

/**
 * What the contrastive loss takes of a batch: the weight of each pair, float32 [texts, texts],
 * which is the same for all pairs of a text with others of its label and sums to `weight` over the
 * batch, and what keeps a text from being compared with itself.
 */
export function pairTensors(truth: Int32Array, weight: number): Record<string, Tensor> {
  const count = truth.length
  const targets = new Float32Array(count * count)
  const mask = new Float32Array(count * count)
  const counts = new Map<number, number>()
  for (const label of truth) counts.set(label, (counts.get(label) ?? 0) + 1)
  const anchors = truth.filter((label) => counts.get(label)! > 1).length
  for (const [row, label] of truth.entries()) {
    mask[row * count + row] = -1e4
    const share = weight / Math.max(1, anchors) / Math.max(1, counts.get(label)! - 1)
    for (const [column, other] of truth.entries()) {
      if (column !== row && other === label) targets[row * count + column] = share
    }
  }
  return {
    pair_targets: new Tensor('float32', targets, [count, count]),
    pair_mask: new Tensor('float32', mask, [count, count]),
  }
}

/**
 * Dropout masks as windows into one table of noise, at places drawn for each step and site: a view
 * instead of five million draws a step (the shared noise table of Salimans et al. 2017,
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
    const kept = 1 / (1 - rate)
    this.#noise = Float32Array.from({ length: 3 * tokensMax * hidden }, () =>
      random.uint32() < dropped ? 0 : kept,
    )
    this.#hidden = hidden
    this.#seed = seed
  }

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

/** A seed of its own for each number below 2^32. */
export function stepSeed(seed: number, step: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(step, 0x85ebca6b)) >>> 0
}

function scalarTensor(number: number): Tensor {
  return new Tensor('float32', Float32Array.of(number), [])
}
