// What is decided about the epochs of trials that run at once: the same as if they had run one after
// the other, in whatever order the epochs come in.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stopsAtRung } from './asha.ts'
import {
  decideEpochs,
  isDecided,
  type RacingTrial,
  type StopRule,
  type TrialEpoch,
} from './epoch-order.ts'

const metric = 'accuracy'
const epochOf = (accuracy: number, isLast: boolean): TrialEpoch => ({
  scores: { accuracy, macro_f1: 0, log_loss: 0 },
  isLast,
})
const valuesOf = (epochs: readonly TrialEpoch[]): number[] =>
  epochs.map(({ scores }) => scores.accuracy)

const racing = (number: number): RacingTrial => ({
  number,
  reported: [],
  decided: 0,
  isPruned: false,
  isOver: false,
})

/** ASHA over trials that are all in the race. */
const ashaOver =
  (trials: readonly RacingTrial[]): StopRule =>
  ({ number, epochs }) => {
    const others = trials.slice(0, number).map(({ reported, decided }) => ({
      epochs: valuesOf(reported.slice(0, Math.min(decided, epochs.length))),
    }))
    return stopsAtRung({ epochs: valuesOf(epochs), others, metric, reductionFactor: 2 })
  }

/** How many epochs each trial has if they run one after the other. */
function oneByOne(curves: readonly (readonly number[])[]): number[] {
  const trials = curves.map((_, number) => racing(number))
  for (const trial of trials) {
    const curve = curves[trial.number]!
    for (const [at, value] of curve.entries()) {
      trial.reported.push(epochOf(value, at === curve.length - 1))
      decideEpochs(trials, ashaOver(trials))
      if (trial.isPruned) break
    }
    trial.isOver = true
  }
  return trials.map(({ decided }) => decided)
}

const curve = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 9 })

test('decides as if trials ran one after the other, in whatever order epochs come', () => {
  fc.assert(
    fc.property(
      fc.array(curve, { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.nat()),
      (curves, picks) => {
        const trials = curves.map((_, number) => racing(number))
        const stops = ashaOver(trials)
        for (;;) {
          const going = trials.filter(({ isOver, isPruned }) => !isOver && !isPruned)
          if (going.length === 0) break
          const trial = going[(picks.next().value as number) % going.length]!
          const values = curves[trial.number]!
          const at = trial.reported.length
          // Its end is a step of its own: epochs can wait for a decision when a trial is over.
          if (at === values.length) trial.isOver = true
          else trial.reported.push(epochOf(values[at]!, at === values.length - 1))
          decideEpochs(trials, stops)
        }
        expect(trials.every(isDecided)).toBe(true)
        expect(trials.map(({ decided }) => decided)).toEqual(oneByOne(curves))
      },
    ),
  )
})

test('waits for trials of lower number, and not for those of higher number', () => {
  const [first, second] = [racing(0), racing(1)]
  const never = (): boolean => false
  second.reported.push(epochOf(1, false))
  expect(decideEpochs([first, second], never)).toEqual([])
  expect(isDecided(second)).toBe(false)
  first.reported.push(epochOf(2, false), epochOf(3, false))
  const decided = decideEpochs([second, first], never)
  expect(decided.map(({ trial, epoch }) => [trial.number, epoch.scores.accuracy])).toEqual([
    [0, 2],
    [0, 3],
    [1, 1],
  ])
  second.reported.push(epochOf(1, false), epochOf(1, false))
  decideEpochs([first, second], never)
  expect(second.decided).toBe(2)
  first.isOver = true
  decideEpochs([first, second], never)
  expect(second.decided).toBe(3)
})
