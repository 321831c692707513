// Fine-tunes an encoder with its head: epochs of steps, validation after each, the best weights kept.
// The method, top to bottom, for one thread that may block. Graphs are models/graph/, what is fed is
// step-inputs.ts and text-feeds.ts, and the model is published by train-encoder.ts.
import { Tensor } from 'onnxruntime-node'
import {
  buildMeasuring,
  buildTrainingStep,
  type TrainingStep,
} from '../models/graph/training-step.ts'
import { WinnowError } from '../schemas/errors.ts'
import { lengthsOf, type EncodedTexts } from './encoded-texts.ts'
import type {
  EpochReport,
  FineTuningProgress,
  FineTuningResult,
  FineTuningTask,
} from './fine-tuning-task.ts'
import { classificationScores } from './metrics.ts'
import { openOnnxStepEngine } from './onnx-step-engine.ts'
import { stepFailure, type NamedTensors, type StepEngine } from './step-engine.ts'
import { adamConstants, DropoutMasks, rateFeeds, targetTensor } from './step-inputs.ts'
import { idFeeds, stateFeeds, type TextFeeds } from './text-feeds.ts'
import { epochBatches, sortedIntoBatches, type BatchLimits } from './token-batches.ts'
import { TrainedState, type Snapshot } from './trained-state.ts'

export type FineTuningWatch = {
  readonly onProgress: (progress: FineTuningProgress) => void
  readonly isCancelled: () => boolean
}

/**
 * Runs the task. The same task gives the same weights to the byte on one type of machine.
 *
 * @throws WinnowError `training_diverged` and `memory_exhausted` naming the step, `cancelled`,
 * `session_failed`, `model_incompatible`.
 */
export async function fineTune(
  task: FineTuningTask,
  watch: FineTuningWatch,
): Promise<FineTuningResult> {
  const run = await openRun(task, watch)
  const { recipe } = task
  const epochs: EpochReport[] = []
  let best: { epoch: number; macroF1: number; weights: Snapshot } | undefined
  for (let epoch = 1; epoch <= recipe.epochs; epoch++) {
    const trainLoss = await trainEpoch(run, epoch)
    const probabilities = await predict(run, run.validation, task.validation.texts)
    const scores = classificationScores({
      ...{ truth: task.validation.truth, probabilities, labels: task.head.to },
    })
    const report = { epoch, trainLoss, macroF1: scores.macroF1, accuracy: scores.accuracy }
    epochs.push(report)
    watch.onProgress({ kind: 'epoch', ...report })
    if (best === undefined || report.macroF1 > best.macroF1) {
      best = { epoch, macroF1: report.macroF1, weights: run.state.snapshot() }
    } else if (epoch - best.epoch >= recipe.patienceEpochs) break
  }
  const { weights, epoch: bestEpoch } = best!
  run.state.restore(weights)
  const validationProbabilities = await predict(run, run.validation, task.validation.texts)
  const askedProbabilities = await predict(run, run.asked, task.asked)
  await closeRun(run)
  const { steps, tokens, stepSeconds } = run.progress
  return {
    ...{ trained: weights, bestEpoch, epochs, validationProbabilities, askedProbabilities },
    ...{ steps, tokens, stepSeconds },
  }
}

type Run = FineTuningWatch & {
  readonly task: FineTuningTask
  readonly layers: number
  readonly limits: BatchLimits
  readonly step: TrainingStep
  readonly state: TrainedState
  readonly masks: DropoutMasks
  readonly engine: StepEngine
  readonly train: TextFeeds
  readonly validation: TextFeeds
  readonly asked: TextFeeds
  readonly progress: { steps: number; tokens: number; stepSeconds: number; stepsPlanned: number }
}

async function openRun(task: FineTuningTask, watch: FineTuningWatch): Promise<Run> {
  const { recipe, seed, threads } = task
  const { weights } = task
  const step = buildTrainingStep(weights, task, { ...recipe, ...adamConstants })
  const graphs = { step: step.graph, measuring: buildMeasuring(weights, task) }
  const limits = { texts: recipe.batchTexts, tokensMax: recipe.batchTokensMax }
  const feedsOf = feedMaker({ task, limits, watch })
  return {
    ...{ ...watch, task, limits, step, layers: weights.layers.length },
    state: new TrainedState(step.parameters),
    masks: new DropoutMasks({
      ...{ rate: recipe.dropout, hidden: weights.hidden, tokensMax: recipe.batchTokensMax, seed },
    }),
    engine: await openOnnxStepEngine(graphs, { threads }),
    train: await feedsOf('train', task.train.texts),
    validation: await feedsOf('validation', task.validation.texts),
    asked: await feedsOf('asked', task.asked),
    progress: { steps: 0, tokens: 0, stepSeconds: 0, stepsPlanned: 0 },
  }
}

function feedMaker(options: {
  task: FineTuningTask
  limits: BatchLimits
  watch: FineTuningWatch
}): (name: string, texts: EncodedTexts) => Promise<TextFeeds> {
  const { task, watch } = options
  return (name, texts) => {
    if (task.frozenLayers === 0) return Promise.resolve(idFeeds(texts))
    const total = texts.offsets.length - 1
    const onProgress = (done: number): void => {
      throwIfCancelled(watch)
      watch.onProgress({ kind: 'freezing', done, total })
    }
    return stateFeeds(texts, { ...task, ...options, name, onProgress })
  }
}

async function closeRun(run: Run): Promise<void> {
  await run.engine.close()
  for (const feeds of [run.train, run.validation, run.asked]) feeds.close()
}

/** Steps once through the training texts; gives the mean loss of an example. */
async function trainEpoch(run: Run, epoch: number): Promise<number> {
  const { task, progress } = run
  const lengths = lengthsOf(task.train.texts)
  const batches = epochBatches(lengths, run.limits, { seed: task.seed, epoch })
  // Rates fall over the steps that are planned when training begins.
  if (epoch === 1) progress.stepsPlanned = batches.length * task.recipe.epochs
  let summed = 0
  for (const [index, indices] of batches.entries()) {
    throwIfCancelled(run)
    const started = performance.now()
    const loss = await trainStep(run, indices)
    progress.stepSeconds += (performance.now() - started) / 1_000
    for (const text of indices) progress.tokens += lengths[text]!
    summed += loss * indices.length
    const left = (task.recipe.epochs - epoch + 1) * batches.length - index - 1
    run.onProgress({
      ...{ kind: 'step', step: progress.steps, steps: progress.steps + left, epoch, loss },
      tokensPerSecond: progress.tokens / progress.stepSeconds,
      secondsLeft: (left * progress.stepSeconds) / progress.steps,
    })
  }
  return summed / lengths.length
}

/** One step; the state holds the new weights afterwards. Gives the loss. */
async function trainStep(run: Run, indices: Int32Array): Promise<number> {
  const { task, step, state, progress, layers } = run
  const number = ++progress.steps
  const { feeds, usedRows, batch, tokens } = run.train.feed(indices)
  const tensors = state.stepTensors(usedRows)
  const loss = new Tensor('float32', new Float32Array(1), [])
  const norm = new Tensor('float32', new Float32Array(1), [])
  const truth = indices.map((index) => task.train.truth[index]!)
  const { groups, dropoutSites: sites } = step
  const rates = { recipe: task.recipe, groups, layers, steps: progress.stepsPlanned }
  const shape = { batch, tokens }
  await runEngine(run.engine.step, {
    ...{ during: `step ${number} of ${progress.stepsPlanned}`, shape },
    feeds: {
      ...{ ...feeds, ...tensors.feeds, ...rateFeeds(number, rates) },
      ...run.masks.feeds(number, { sites, batch, tokens }),
      targets: targetTensor(truth, { ...task.recipe, classWeights: task.classWeights }),
    },
    fetches: { ...tensors.fetches, loss, gradient_norm: norm },
  })
  const [lossNumber = NaN] = loss.data
  const [normNumber = NaN] = norm.data
  if (!Number.isFinite(lossNumber) || !Number.isFinite(normNumber)) {
    throw new WinnowError(
      'training_diverged',
      `Training diverged at step ${number} of ${progress.stepsPlanned}: the loss is ${lossNumber} ` +
        `and the gradient's norm ${normNumber}. A lower learning rate (--lr) may help.`,
      { details: { step: number, loss: String(lossNumber), gradientNorm: String(normNumber) } },
    )
  }
  tensors.keep()
  return lossNumber
}

/** Probabilities of all texts with the weights as they are: float32 [texts, labels]. */
async function predict(run: Run, source: TextFeeds, texts: EncodedTexts): Promise<Float32Array> {
  const labels = run.task.head.to
  const lengths = lengthsOf(texts)
  const probabilities = new Float32Array(lengths.length * labels)
  const order = Int32Array.from(lengths, (_, index) => index)
  for (const indices of sortedIntoBatches(order, lengths, run.limits)) {
    throwIfCancelled(run)
    const { feeds, usedRows, batch, tokens } = source.feed(indices)
    const logits = new Tensor('float32', new Float32Array(batch * labels), [batch, labels])
    await runEngine(run.engine.predict, {
      ...{ during: 'validation', shape: { batch, tokens } },
      feeds: { ...feeds, ...run.state.weightTensors(usedRows) },
      fetches: { logits },
    })
    for (const [row, index] of indices.entries()) {
      const own = logits.data.subarray(row * labels, (row + 1) * labels)
      probabilities.set(softmax(own), index * labels)
    }
  }
  return probabilities
}

function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity)
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return Float32Array.from(powers, (power) => power / sum)
}

/** Runs a graph, and names the step and the batch at which a runtime failed. */
async function runEngine(
  run: StepEngine['step'],
  call: {
    during: string
    shape: { batch: number; tokens: number }
    feeds: NamedTensors
    fetches: NamedTensors
  },
): Promise<void> {
  try {
    await run(call.feeds, call.fetches)
  } catch (cause) {
    throw stepFailure(cause, { during: call.during, ...call.shape })
  }
}

function throwIfCancelled({ isCancelled }: FineTuningWatch): void {
  if (isCancelled()) throw new WinnowError('cancelled', 'Training was cancelled.')
}
