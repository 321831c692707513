// Fine-tunes an encoder with its head: epochs of steps, validation after each, the best weights
// kept. The method, top to bottom, for one thread that may block. Graphs are models/graph/, what is
// fed is step-inputs.ts and text-feeds.ts, and the model is published by train-encoder.ts.
import { Tensor } from '../../models/runtime/onnx-runtime.ts'
import {
  buildGradients,
  buildMeasuring,
  buildTrainingStep,
  type TrainingStep,
} from '../../models/graph/training-step.ts'
import { sigmoid } from '../../models/inference/label-set.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { lengthsOf, type EncodedTexts } from '../embeddings/encoded-texts.ts'
import type {
  FineTuningProgress,
  FineTuningResult,
  FineTuningTask,
  Recipe,
  TrainingEngine,
} from './fine-tuning-task.ts'
import type { Link } from '../head/head-probabilities.ts'
import { headScores } from '../head/head-scores.ts'
import { openOnnxStepEngine } from './onnx-step-engine.ts'
import { stepFailure } from './step-engine.ts'
import type { NamedTensors, OpenStepEngine, StepEngine } from './step-engine.ts'
import {
  adamConstants,
  DropoutMasks,
  pairTensors,
  rateFeeds,
  setTargetTensor,
  targetTensor,
} from './step-inputs.ts'
import { feedsAt, idFeeds, stateFeeds, type TextFeeds } from './text-feeds.ts'
import { openTfjsStepEngine } from './tfjs-step-engine.ts'
import { epochBatches, labelBatches, sortedIntoBatches, type BatchLimits } from './token-batches.ts'
import { TrainedState } from './trained-state.ts'
import { Checkpoints, takeUp, type TrainingPosition } from './training-position.ts'

export type FineTuningWatch = {
  readonly onProgress: (progress: FineTuningProgress) => void
  readonly isCancelled: () => boolean
}

/**
 * Runs the task, from its checkpoint when there is one. The same task gives the same weights to the
 * byte on one type of machine.
 *
 * @throws WinnowError `training_diverged` and `memory_exhausted` naming the step, `cancelled`,
 * `session_failed`, `model_incompatible`, `resume_refused`, `engine_unavailable` (TensorFlow.js is
 * not installed).
 */
export async function fineTune(
  task: FineTuningTask,
  watch: FineTuningWatch,
): Promise<FineTuningResult> {
  const run = await openRun(task, watch)
  const { position, state, checkpoints } = run
  const { runtime } = run.engine
  watch.onProgress({ kind: 'engine', engine: task.engine ?? 'onnx', runtime })
  try {
    while (!hasEnded(position, task.recipe)) {
      const trainLoss = await trainEpoch(run)
      const report = { epoch: position.epoch, trainLoss, ...(await validate(run)) }
      position.epochs.push(report)
      watch.onProgress({ kind: 'epoch', ...report })
      // Of equal epochs the later one, whose rates were lower.
      if (position.best === undefined || report.macroF1 >= position.best.macroF1) {
        const { epoch, macroF1 } = report
        position.best = { epoch, macroF1, weights: state.snapshot() }
      }
      Object.assign(position, { epoch: position.epoch + 1, batches: 0, summedLoss: 0 })
      checkpoints.writeWhenDue(position, state)
    }
    return await bestResult(run)
  } catch (error) {
    const cancelled = error instanceof WinnowError && error.code === 'cancelled'
    if (cancelled && position.steps > 0) checkpoints.write(position, state)
    throw error
  } finally {
    await closeRun(run)
  }
}

/** Whether all epochs are done, or the last ones brought nothing better. */
function hasEnded({ epoch, epochs, best }: TrainingPosition, recipe: Recipe): boolean {
  return epoch > recipe.epochs || epochs.length - (best?.epoch ?? 0) >= recipe.patienceEpochs
}

/** What the best weights say of the texts that were asked for. */
async function bestResult(run: Run): Promise<FineTuningResult> {
  const { task, position } = run
  const { weights, epoch: bestEpoch } = position.best!
  run.state.restore(weights)
  const { steps, tokens, stepSeconds, epochs } = position
  return {
    runtime: run.engine.runtime,
    trained: weights,
    bestEpoch,
    epochs,
    steps,
    tokens,
    stepSeconds,
    validationProbabilities: await predict(run, run.validation, task.validation.texts),
    askedProbabilities: await predict(run, run.asked, task.asked),
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
  readonly closeShared: () => void
  readonly position: TrainingPosition
  readonly checkpoints: Checkpoints
}

const openEngine = {
  onnx: openOnnxStepEngine,
  tfjs: openTfjsStepEngine,
} as const satisfies Record<TrainingEngine, OpenStepEngine>

async function openRun(task: FineTuningTask, watch: FineTuningWatch): Promise<Run> {
  const { recipe, seed, threads } = task
  const { weights } = task
  const adam = { ...recipe, ...adamConstants }
  const contrastTemperature = contrasts(task) ? recipe.contrastTemperature : undefined
  const part = { ...task, link: linkOf(task), contrastTemperature }
  const step = buildTrainingStep(weights, part, adam)
  const gradients = buildGradients(weights, part)
  const graphs = { step: step.graph, gradients, adam, measuring: buildMeasuring(weights, task) }
  const limits = { texts: recipe.batchTexts, tokensMax: recipe.batchTokensMax }
  const feedsOf = feedMaker({ task, limits, watch })
  const { sharedStates: shared } = task
  const all = shared && task.frozenLayers > 0 ? await feedsOf(shared.texts) : undefined
  const feedsIn = (list: 'train' | 'validation' | 'asked', texts: EncodedTexts) =>
    all && shared ? feedsAt(all, shared[list]) : feedsOf(texts)
  const engine = await openEngine[task.engine ?? 'onnx'](graphs, { threads, ...recipe })
  const state = new TrainedState(step.parameters, engine)
  const position = takeUp(task.checkpoint, state)
  return {
    ...watch,
    task,
    limits,
    step,
    layers: weights.layers.length,
    engine,
    state,
    position,
    checkpoints: new Checkpoints(task.checkpoint),
    masks: new DropoutMasks({
      rate: recipe.dropout,
      hidden: weights.hidden,
      tokensMax: recipe.batchTokensMax,
      seed,
    }),
    train: await feedsIn('train', task.train.texts),
    validation: await feedsIn('validation', task.validation.texts),
    asked: await feedsIn('asked', task.asked),
    closeShared: () => all?.close(),
  }
}

function feedMaker(options: {
  task: FineTuningTask
  limits: BatchLimits
  watch: FineTuningWatch
}): (texts: EncodedTexts) => Promise<TextFeeds> {
  const { task, watch } = options
  return (texts) => {
    if (task.frozenLayers === 0) return Promise.resolve(idFeeds(texts))
    const total = texts.offsets.length - 1
    const onProgress = (done: number): void => {
      throwIfCancelled(watch)
      watch.onProgress({ kind: 'freezing', done, total })
    }
    return stateFeeds(texts, { ...task, ...options, onProgress })
  }
}

async function closeRun(run: Run): Promise<void> {
  await run.engine.close()
  for (const feeds of [run.train, run.validation, run.asked]) feeds.close()
  run.closeShared()
}

/** Steps through the rest of the epoch; gives the mean loss of an example. */
async function trainEpoch(run: Run): Promise<number> {
  const { task, position } = run
  const { epoch } = position
  const lengths = lengthsOf(task.train.texts)
  const batches = batchesOf(run, lengths)
  // Rates fall over the steps that are planned when training begins.
  if (position.steps === 0) position.stepsPlanned = batches.length * task.recipe.epochs
  for (const indices of batches.slice(position.batches)) {
    throwIfCancelled(run)
    const started = performance.now()
    const loss = await trainStep(run, indices)
    position.stepSeconds += (performance.now() - started) / 1_000
    for (const text of indices) position.tokens += lengths[text]!
    position.summedLoss += loss * indices.length
    position.batches++
    const left = (task.recipe.epochs - epoch + 1) * batches.length - position.batches
    run.onProgress({
      kind: 'step',
      step: position.steps,
      steps: position.steps + left,
      epoch,
      loss,
      tokensPerSecond: position.tokens / position.stepSeconds,
      secondsLeft: (left * position.stepSeconds) / position.steps,
    })
    run.checkpoints.writeWhenDue(position, run.state)
  }
  return position.summedLoss / lengths.length
}

/** One step; the state holds the new weights afterwards. Gives the loss. */
async function trainStep(run: Run, indices: Int32Array): Promise<number> {
  const { task, step, state, position, layers } = run
  const number = position.steps + 1
  const { feeds, usedRows, batch, tokens } = run.train.feed(indices)
  const tensors = state.stepTensors(usedRows)
  const loss = new Tensor('float32', new Float32Array(1), [])
  const norm = new Tensor('float32', new Float32Array(1), [])
  const { groups, dropoutSites: sites } = step
  const rates = { recipe: task.recipe, groups, layers, steps: position.stepsPlanned }
  const shape = { batch, tokens }
  await runEngine(run.engine.step, {
    during: `step ${number} of ${position.stepsPlanned}`,
    shape,
    feeds: {
      ...feeds,
      ...tensors.feeds,
      ...rateFeeds(number, rates),
      ...run.masks.feeds(number, { sites, batch, tokens }),
      targets: targetsOf(task, indices),
      ...pairsOf(task, indices),
    },
    fetches: { ...tensors.fetches, loss, gradient_norm: norm },
  })
  const [lossNumber = NaN] = loss.data
  const [normNumber = NaN] = norm.data
  if (!Number.isFinite(lossNumber) || !Number.isFinite(normNumber)) {
    throw new WinnowError(
      'training_diverged',
      `Training diverged at step ${number} of ${position.stepsPlanned}: the loss is ${lossNumber} ` +
        `and the gradient's norm ${normNumber}. A lower learning rate (--lr) may help.`,
      { details: { step: number, loss: String(lossNumber), gradientNorm: String(normNumber) } },
    )
  }
  tensors.keep()
  position.steps = number
  return lossNumber
}

/** The batches of the present epoch. */
function batchesOf({ task, limits, position }: Run, lengths: Int32Array): Int32Array[] {
  const run = { seed: task.seed, epoch: position.epoch }
  return contrasts(task)
    ? labelBatches({ truth: task.train.truth!, lengths }, limits, run)
    : epochBatches(lengths, limits, run)
}

/** Sets of labels have no contrastive loss. */
function contrasts({ recipe, train }: FineTuningTask): boolean {
  return recipe.contrastWeight > 0 && train.truth !== undefined
}

function pairsOf(task: FineTuningTask, indices: Int32Array): NamedTensors {
  if (!contrasts(task)) return {}
  const truth = indices.map((index) => task.train.truth![index]!)
  return pairTensors(truth, task.recipe.contrastWeight)
}

/** What the loss wants of a batch. */
function targetsOf({ train, recipe, classWeights, head }: FineTuningTask, indices: Int32Array) {
  if (train.truth !== undefined) {
    const truth = indices.map((index) => train.truth[index]!)
    return targetTensor(truth, { ...recipe, classWeights })
  }
  const targets = new Uint8Array(indices.length * head.to)
  for (const [row, index] of indices.entries()) {
    targets.set(train.targets.subarray(index * head.to, (index + 1) * head.to), row * head.to)
  }
  return setTargetTensor(targets, { ...recipe, labels: head.to })
}

/** Sets of labels are learned label by label. */
function linkOf({ train }: FineTuningTask): Link {
  return train.truth === undefined ? 'sigmoid' : 'softmax'
}

async function validate(run: Run): Promise<{ macroF1: number; accuracy: number }> {
  const { validation, head } = run.task
  const probabilities = await predict(run, run.validation, validation.texts)
  const { macroF1, accuracy } = headScores(validation, { probabilities, labels: head.to })
  return { macroF1, accuracy }
}

/** Probabilities of all texts with the weights as they are: float32 [texts, labels]. */
async function predict(run: Run, source: TextFeeds, texts: EncodedTexts): Promise<Float32Array> {
  const labels = run.task.head.to
  const linked = linkOf(run.task) === 'sigmoid' ? sigmoids : softmax
  const lengths = lengthsOf(texts)
  const probabilities = new Float32Array(lengths.length * labels)
  const order = Int32Array.from(lengths, (_, index) => index)
  for (const indices of sortedIntoBatches(order, lengths, run.limits)) {
    throwIfCancelled(run)
    const { feeds, usedRows, batch, tokens } = source.feed(indices)
    const logits = new Tensor('float32', new Float32Array(batch * labels), [batch, labels])
    await runEngine(run.engine.predict, {
      during: 'validation',
      shape: { batch, tokens },
      feeds: { ...feeds, ...run.state.weightTensors(usedRows) },
      fetches: { logits },
    })
    for (const [row, index] of indices.entries()) {
      const own = logits.data.subarray(row * labels, (row + 1) * labels)
      probabilities.set(linked(own), index * labels)
    }
  }
  return probabilities
}

function sigmoids(logits: Float32Array): Float32Array {
  return logits.map(sigmoid)
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
