// How far a fine-tuning run is, and its checkpoints: when one is written, what is in it, and that
// it is only taken up by the same work. It owns no training; all randomness follows from seed and
// step, so a position and the weights are all that a run needs to go on.
import { WinnowError } from '../../schemas/errors.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.ts'
import type { EpochReport } from '../evaluation/epoch-report.ts'
import type { CheckpointPlan } from './fine-tuning-task.ts'
import type { Snapshot, TrainedState } from './trained-state.ts'

/** Counts of a run. All of them but `best` are JSON. */
export type TrainingPosition = {
  /** The running epoch, from 1, and how many of its batches are done. */
  epoch: number
  batches: number
  /** Sum of the losses of the epoch's examples so far. */
  summedLoss: number
  /** Steps done, and how many were planned when training began. */
  steps: number
  stepsPlanned: number
  /** Tokens trained on, padding not counted, and the time that took. */
  tokens: number
  stepSeconds: number
  /** Epochs that were measured. */
  readonly epochs: EpochReport[]
  best: { readonly epoch: number; readonly macroF1: number; readonly weights: Snapshot } | undefined
}

/** The share of the time that checkpoints may take. */
const checkpointShareMax = 0.02
const betweenMsDefault = 60_000

/** Where a run begins. */
export function firstPosition(): TrainingPosition {
  const counts = { steps: 0, stepsPlanned: 0, tokens: 0, stepSeconds: 0 }
  return { epoch: 1, batches: 0, summedLoss: 0, ...counts, epochs: [], best: undefined }
}

/** Writes checkpoints of one run. */
export class Checkpoints {
  readonly #plan: CheckpointPlan | undefined
  #writtenMs = performance.now()
  #tookMs = 0
  #stepsThen = 0

  constructor(plan: CheckpointPlan | undefined) {
    this.#plan = plan
  }

  /** Writes one when it is time. */
  writeWhenDue(position: TrainingPosition, state: TrainedState): void {
    if (this.#plan === undefined) return
    const { everySteps } = this.#plan
    const passedMs = performance.now() - this.#writtenMs
    const untilMs = Math.max(betweenMsDefault, this.#tookMs / checkpointShareMax)
    const due =
      everySteps === undefined
        ? passedMs >= (this.#plan.betweenMs ?? untilMs)
        : position.steps - this.#stepsThen >= everySteps
    if (due) this.write(position, state)
  }

  /** Writes one now. */
  write(position: TrainingPosition, state: TrainedState): void {
    if (this.#plan === undefined) return
    const { path, identity } = this.#plan
    const started = performance.now()
    const { best, ...counts } = position
    const tensors = new Map(state.tensors())
    for (const [name, elements] of best?.weights ?? []) tensors.set(`best:${name}`, elements)
    const bestCounts = best && { epoch: best.epoch, macroF1: best.macroF1 }
    writeCheckpoint(path, { header: { identity, counts, best: bestCounts }, tensors })
    this.#writtenMs = performance.now()
    this.#tookMs = this.#writtenMs - started
    this.#stepsThen = position.steps
  }
}

type Header = {
  readonly identity: CheckpointPlan['identity']
  readonly counts: Omit<TrainingPosition, 'best'>
  readonly best: { readonly epoch: number; readonly macroF1: number } | undefined
}

/**
 * Puts the checkpoint's weights and moments into `state` and gives its position; the first one when
 * there is no checkpoint.
 *
 * @throws WinnowError `resume_refused` naming what is no longer the same, or for a damaged file.
 */
export function takeUp(plan: CheckpointPlan | undefined, state: TrainedState): TrainingPosition {
  const found = plan && readCheckpoint(plan.path)
  if (plan === undefined || found === undefined) return firstPosition()
  // The checksum vouches for the shape.
  const header = found.header as Header
  refuseOther(header.identity, plan.identity)
  const weights = new Map<string, Float32Array>()
  const current = new Map<string, Float32Array>()
  for (const [name, elements] of found.tensors) {
    if (name.startsWith('best:')) weights.set(name.slice('best:'.length), elements)
    else current.set(name, elements)
  }
  state.load(current)
  return { ...header.counts, best: header.best && { ...header.best, weights } }
}

/**
 * Compares what a run was started with to what is there now, by hash.
 *
 * @throws WinnowError `resume_refused` naming the differences.
 */
export function refuseOther(
  then: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): void {
  const names = [...new Set([...Object.keys(then), ...Object.keys(now)])]
  const changed = names.filter((name) => then[name] !== now[name])
  if (changed.length === 0) return
  const message =
    `The run cannot be resumed: ${changed.join(' and ')} changed since it was started. ` +
    'Restore what it was started with, or start a new run.'
  throw new WinnowError('resume_refused', message, { details: { changed } })
}
