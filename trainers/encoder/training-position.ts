// The position of a fine-tuning run, and its checkpoints: when they are written, what they contain,
// and for which run they are valid. All randomness follows from the seed and the step number, so a
// position and the weights are all that a run needs to resume. Training is fine-tuning.ts.
import { WinnowError } from '../../schemas/errors.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.ts'
import type { EpochReport, StepLoss } from '../evaluation/epoch-report.ts'
import type { CheckpointPlan } from './fine-tuning-task.ts'
import type { Snapshot, TrainedState } from './trained-state.ts'

/** The counters of a run. All but `best` are stored as JSON. */
export type TrainingPosition = {
  /** The current epoch, which counts from 1, and how many of its batches are done. */
  epoch: number
  batches: number
  /** The sum of the losses of this epoch's examples so far. */
  summedLoss: number
  /** Steps done, and how many were planned when training began. */
  steps: number
  stepsPlanned: number
  /** Tokens trained on, without padding, and the time of these steps. */
  tokens: number
  stepSeconds: number
  /** The training loss on the way, and the sum of the losses of the steps since its last entry. */
  readonly losses: StepLoss[]
  lossesSince: number
  /** The reports of completed epochs. */
  readonly epochs: EpochReport[]
  best: BestEpoch | undefined
}

/** The epoch whose weights are kept so far. */
export type BestEpoch = {
  readonly epoch: number
  readonly weights: Snapshot
  /** On the validation texts; a checkpoint does not have them. */
  readonly probabilities?: Float32Array | undefined
}

/** The fraction of the time that checkpoints may take. */
const checkpointTimeFractionMax = 0.02
const betweenMsDefault = 60_000

/** The position at which a run begins. */
export function firstPosition(): TrainingPosition {
  const counts = { steps: 0, stepsPlanned: 0, tokens: 0, stepSeconds: 0 }
  const losses = { losses: [], lossesSince: 0 }
  return { epoch: 1, batches: 0, summedLoss: 0, ...counts, ...losses, epochs: [], best: undefined }
}

/** Entries of the learning curve; with more steps, an entry is the mean of several. */
const lossEntriesMax = 300

/** Adds the loss of the step that was taken last to the learning curve. */
export function noteLoss(position: TrainingPosition, loss: number): void {
  const { steps, stepsPlanned, losses } = position
  const every = Math.max(1, Math.ceil(stepsPlanned / lossEntriesMax))
  position.lossesSince += loss
  if (steps % every !== 0) return
  losses.push({ step: steps, loss: Number((position.lossesSince / every).toPrecision(6)) })
  position.lossesSince = 0
}

/** Writes the checkpoints of one run. */
export class Checkpoints {
  readonly #plan: CheckpointPlan | undefined
  #writtenMs = performance.now()
  #tookMs = 0
  #stepsThen = 0

  constructor(plan: CheckpointPlan | undefined) {
    this.#plan = plan
  }

  /** Writes a checkpoint if one is due. */
  writeWhenDue(position: TrainingPosition, state: TrainedState): void {
    if (this.#plan === undefined) return
    const { everySteps } = this.#plan
    const passedMs = performance.now() - this.#writtenMs
    const untilMs = Math.max(betweenMsDefault, this.#tookMs / checkpointTimeFractionMax)
    const due =
      everySteps === undefined
        ? passedMs >= (this.#plan.betweenMs ?? untilMs)
        : position.steps - this.#stepsThen >= everySteps
    if (due) this.write(position, state)
  }

  /** Writes a checkpoint. */
  write(position: TrainingPosition, state: TrainedState): void {
    if (this.#plan === undefined) return
    const { path, identity } = this.#plan
    const started = performance.now()
    const { best, ...counts } = position
    const tensors = new Map(state.tensors())
    for (const [name, elements] of best?.weights ?? []) tensors.set(`best:${name}`, elements)
    const bestCounts = best && { epoch: best.epoch }
    writeCheckpoint(path, { header: { identity, counts, best: bestCounts }, tensors })
    this.#writtenMs = performance.now()
    this.#tookMs = this.#writtenMs - started
    this.#stepsThen = position.steps
  }
}

type Header = {
  readonly identity: CheckpointPlan['identity']
  readonly counts: Omit<TrainingPosition, 'best'>
  readonly best: { readonly epoch: number } | undefined
}

/**
 * Loads the checkpoint's weights and moments into `state` and returns its position; without a
 * checkpoint, it returns the first position.
 *
 * @throws WinnowError `resume_refused` if inputs changed, which it names, or the file is damaged.
 */
export function resumePosition(
  plan: CheckpointPlan | undefined,
  state: TrainedState,
): TrainingPosition {
  const found = plan && readCheckpoint(plan.path)
  if (plan === undefined || found === undefined) return firstPosition()
  // The checksum has shown that `Checkpoints.write` wrote this header.
  const header = found.header as Header
  requireSameInputs(header.identity, plan.identity)
  const weights = new Map<string, Float32Array>()
  const current = new Map<string, Float32Array>()
  for (const [name, elements] of found.tensors) {
    if (name.startsWith('best:')) weights.set(name.slice('best:'.length), elements)
    else current.set(name, elements)
  }
  state.load(current)
  return {
    ...firstPosition(),
    ...header.counts,
    best: header.best && { ...header.best, weights },
  }
}

/**
 * Compares the hashes of the inputs that a run was started with to those of its current inputs.
 *
 * @throws WinnowError `resume_refused`, which names the inputs that changed.
 */
export function requireSameInputs(
  then: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): void {
  const names = [...new Set([...Object.keys(then), ...Object.keys(now)])]
  const changed = names.filter((name) => then[name] !== now[name])
  if (changed.length === 0) return
  const message =
    `The run cannot be resumed: ${changed.join(' and ')} changed since it was started. ` +
    'Restore the original, or start a new run.'
  throw new WinnowError('resume_refused', message, { details: { changed } })
}
