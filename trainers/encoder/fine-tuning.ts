// Fine-tunes an encoder with its head, top to bottom: epochs of steps, validation after each epoch,
// then the weights that epoch-choice.ts keeps. It blocks its thread. models/graph/ builds the
// graphs, step-inputs.ts and material-feeds.ts make their inputs, and train-encoder.ts publishes
// the model.
import { Tensor } from '../../models/runtime/onnx-runtime.ts'
import {
  buildGradients,
  buildEvaluation,
  buildTrainingStep,
  type TrainingStep,
} from '../../models/graph/training-step.ts'
import { sigmoid } from '../../models/inference/label-set.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { lengthsOf, type EncodedTexts } from '../embeddings/encoded-texts.ts'
import type { EpochReport } from '../evaluation/epoch-report.ts'
import { isLastKept, isOutOfPatience } from './epoch-choice.ts'
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
  contrastivePairs,
  rateFeeds,
  multiLabelLossTargets,
  lossTargets,
} from './step-inputs.ts'
import { MaterialFeeds, type FedTexts } from './material-feeds.ts'
import type { TextFeeds } from './text-feeds.ts'
import { openTfjsStepEngine } from './tfjs-step-engine.ts'
import { epochBatches, labelBatches, sortedIntoBatches, type BatchLimits } from './token-batches.ts'
import { TrainedState } from './trained-state.ts'
import {
  Checkpoints,
  noteLoss,
  resumePosition,
  type TrainingPosition,
} from './training-position.ts'

/** How the caller follows and cancels a run. */
export type FineTuningWatch = {
  readonly onProgress: (progress: FineTuningProgress) => void
  readonly isCancelled: () => boolean
}

/**
 * Runs the task, from its checkpoint if there is one. On one type of machine, the same task gives
 * the same weights to the byte. `feeds` are those of the task's material, which later tasks on the
 * same material can use, too; by default they are opened and closed here.
 *
 * @throws WinnowError `training_diverged` and `memory_exhausted`, which name the step; `cancelled`,
 * `session_failed`, `model_incompatible`, `resume_refused`; and `engine_unavailable` if
 * TensorFlow.js is not installed.
 */
export async function fineTune(
  task: FineTuningTask,
  watch: FineTuningWatch,
  feeds?: MaterialFeeds,
): Promise<FineTuningResult> {
  if (feeds !== undefined) return train(await openRun(task, { watch, feeds }))
  const own = new MaterialFeeds(task)
  try {
    return await fineTune(task, watch, own)
  } finally {
    own.close()
  }
}

async function train(run: Run): Promise<FineTuningResult> {
  const { task, position, state, checkpoints } = run
  const { runtime } = run.engine
  run.onProgress({ kind: 'engine', engine: task.engine ?? 'onnx', runtime })
  try {
    while (!hasEnded(position, task.recipe)) {
      const trainLoss = await trainEpoch(run)
      const { scores, probabilities } = await validate(run)
      const report = { epoch: position.epoch, trainLoss, ...scores }
      position.epochs.push(report)
      run.onProgress({ kind: 'epoch', ...report })
      if (isLastKept(position.epochs, lengthsOf(task.validation.texts).length)) {
        position.best = { epoch: report.epoch, weights: state.snapshot(), probabilities }
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
    await run.engine.close()
  }
}

function hasEnded({ epoch, epochs }: TrainingPosition, recipe: Recipe): boolean {
  return epoch > recipe.epochs || isOutOfPatience(epochs, recipe.patienceEpochs)
}

/** Applies the best weights to the validation texts and to the texts to predict. */
async function bestResult(run: Run): Promise<FineTuningResult> {
  const { task, position } = run
  const { weights, epoch: bestEpoch, probabilities } = position.best!
  run.state.restore(weights)
  const { steps, tokens, stepSeconds, epochs, losses } = position
  return {
    runtime: run.engine.runtime,
    trained: weights,
    bestEpoch,
    epochs,
    losses,
    steps,
    tokens,
    stepSeconds,
    validationProbabilities:
      probabilities ?? (await predict(run, run.validation, task.validation.texts)),
    predictedProbabilities: await predict(run, run.toPredict, task.toPredict),
  }
}

type Run = FineTuningWatch &
  FedTexts & {
    readonly task: FineTuningTask
    readonly layers: number
    readonly limits: BatchLimits
    readonly step: TrainingStep
    readonly state: TrainedState
    readonly masks: DropoutMasks
    readonly engine: StepEngine
    readonly position: TrainingPosition
    readonly checkpoints: Checkpoints
  }

const openEngine = {
  onnx: openOnnxStepEngine,
  tfjs: openTfjsStepEngine,
} as const satisfies Record<TrainingEngine, OpenStepEngine>

async function openRun(
  task: FineTuningTask,
  { watch, feeds }: { watch: FineTuningWatch; feeds: MaterialFeeds },
): Promise<Run> {
  const { recipe, seed, threads, frozenLayers } = task
  const { weights } = task
  const adam = { ...recipe, ...adamConstants }
  const contrastTemperature = isContrastive(task) ? recipe.contrastTemperature : undefined
  const model = { ...task, link: linkOf(task), contrastTemperature }
  const step = buildTrainingStep(weights, model, adam)
  const gradients = buildGradients(weights, model)
  const graphs = { step: step.graph, gradients, adam, evaluation: buildEvaluation(weights, task) }
  const limits = { texts: recipe.batchTexts, tokensMax: recipe.batchTokensMax }
  const fed = await feeds.at(frozenLayers, {
    limits,
    onProgress(done, total) {
      throwIfCancelled(watch)
      watch.onProgress({ kind: 'freezing', done, total })
    },
  })
  const engine = await openEngine[task.engine ?? 'onnx'](graphs, { threads, ...recipe })
  const state = new TrainedState(step.parameters, engine)
  const position = resumePosition(task.checkpoint, state)
  return {
    ...watch,
    ...fed,
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
  }
}

/** Takes the remaining steps of the epoch; returns the mean loss per example of the epoch. */
async function trainEpoch(run: Run): Promise<number> {
  const { task, position } = run
  const { epoch } = position
  const lengths = lengthsOf(task.train.texts)
  const batches = batchesOf(run, lengths)
  // The learning rate schedule covers the steps that are planned when training begins.
  if (position.steps === 0) position.stepsPlanned = batches.length * task.recipe.epochs
  for (const indices of batches.slice(position.batches)) {
    throwIfCancelled(run)
    const started = performance.now()
    const loss = await trainStep(run, indices)
    position.stepSeconds += (performance.now() - started) / 1_000
    for (const text of indices) position.tokens += lengths[text]!
    position.summedLoss += loss * indices.length
    noteLoss(position, loss)
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

/** Takes one step, which updates the weights in the state; returns the mean loss of the batch. */
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
        `and the gradient norm is ${normNumber}. Try a lower learning rate (--lr).`,
      { details: { step: number, loss: String(lossNumber), gradientNorm: String(normNumber) } },
    )
  }
  tensors.storeRows()
  position.steps = number
  return lossNumber
}

/** The batches of the current epoch, as indices of texts. */
function batchesOf({ task, limits, position }: Run, lengths: Int32Array): Int32Array[] {
  const run = { seed: task.seed, epoch: position.epoch }
  return isContrastive(task)
    ? labelBatches({ truth: task.train.truth!, lengths }, limits, run)
    : epochBatches(lengths, limits, run)
}

/** Whether the loss has a contrastive part; multi-label texts never have one. */
function isContrastive({ recipe, train }: FineTuningTask): boolean {
  return recipe.contrastWeight > 0 && train.truth !== undefined
}

/** The inputs of the contrastive loss, if the task has one. */
function pairsOf(task: FineTuningTask, indices: Int32Array): NamedTensors {
  if (!isContrastive(task)) return {}
  const truth = indices.map((index) => task.train.truth![index]!)
  return contrastivePairs(truth, task.recipe.contrastWeight)
}

/** The input `targets` of the loss for a batch. */
function targetsOf({ train, recipe, classWeights, head }: FineTuningTask, indices: Int32Array) {
  if (train.truth !== undefined) {
    const truth = indices.map((index) => train.truth[index]!)
    return lossTargets(truth, { ...recipe, classWeights })
  }
  const targets = new Uint8Array(indices.length * head.to)
  for (const [row, index] of indices.entries()) {
    targets.set(train.targets.subarray(index * head.to, (index + 1) * head.to), row * head.to)
  }
  return multiLabelLossTargets(targets, { ...recipe, labels: head.to })
}

/** Label sets are learned as independent labels. */
function linkOf({ train }: FineTuningTask): Link {
  return train.truth === undefined ? 'sigmoid' : 'softmax'
}

/** Applies the current weights to the validation texts. */
async function validate(run: Run): Promise<{
  scores: Omit<EpochReport, 'epoch' | 'trainLoss'>
  probabilities: Float32Array
}> {
  const { validation, head } = run.task
  const probabilities = await predict(run, run.validation, validation.texts)
  const { macroF1, accuracy, logLoss } = headScores(validation, { probabilities, labels: head.to })
  return { scores: { macroF1, accuracy, logLoss }, probabilities }
}

/** The probabilities of all texts under the current weights: float32 [texts, labels]. */
async function predict(run: Run, source: TextFeeds, texts: EncodedTexts): Promise<Float32Array> {
  const labels = run.task.head.to
  const activation = linkOf(run.task) === 'sigmoid' ? sigmoids : softmax
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
      probabilities.set(activation(own), index * labels)
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

/** Runs a graph; if the runtime fails, the error names the step and the shape of the batch. */
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
