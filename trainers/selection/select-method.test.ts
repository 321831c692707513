// The comparison with trainers whose scores and times are given: what it tries, stops and chooses.
import { expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import type { FoldOutcome, FoldTrainer } from '../cross-validation/fold-training.ts'
import { describeExamples, type Dataset } from '../data/dataset.ts'
import { evaluateClassifier } from '../evaluation/evaluate-classifier.ts'
import type { BaseShape } from './candidate.ts'
import { selectMethod, type SelectMethodOptions } from './select-method.ts'
import { selectionText } from './selection-text.ts'

const base: BaseShape = { name: 'small', layers: 6, hidden: 384, isStored: true }
const other: BaseShape = { ...base, name: 'other', layers: 12 }

/** Texts of two labels; their labels alternate. */
function datasetOf(count: number): Dataset {
  const examples = Array.from({ length: count }, (_, at) => ({
    text: `text ${at}`,
    label: 'ab'[at % 2]!,
  }))
  return { examples, manifest: describeExamples('texts.jsonl', examples) }
}

/** How a trainer under test behaves: its seconds for a fold, and how many it gets right. */
type Behaviour = { readonly seconds: number; readonly right: number; readonly fails?: string }

/** Compares by a clock that only trainers move. */
function compare(
  behaviours: Readonly<Record<string, Behaviour>>,
  more: Partial<SelectMethodOptions> = {},
) {
  let clock = 0
  const opened: string[] = []
  const compared = selectMethod({
    train: datasetOf(100),
    bases: [base],
    seed: 1,
    secondsMax: 1_000,
    now: () => clock,
    measureStep: () => Promise.resolve(0.01),
    open: ({ method, base: { name } }, { dataset, signal }): Promise<FoldTrainer> => {
      opened.push(`${method} ${name}`)
      const { seconds, right, fails } = behaviours[`${method} ${name}`] ?? behaviours[method]!
      if (fails !== undefined) throw new WinnowError('dataset_invalid', fails)
      return Promise.resolve({
        method,
        parameters: {},
        trainFold: ({ test }, { onProgress }) => {
          const steps = 100
          for (let step = 1; step <= steps; step++) {
            if (signal.aborted) throw new WinnowError('cancelled', 'Training was cancelled.')
            clock += seconds / steps
            const secondsLeft = (seconds * (steps - step)) / steps
            const more = { epoch: 1, loss: 1, tokensPerSecond: 1 }
            onProgress({ kind: 'step', step, steps, secondsLeft, ...more })
          }
          return Promise.resolve(outcomeOf(dataset, test, right))
        },
      })
    },
    ...more,
  })
  return { compared, opened, clock: () => clock }
}

/** Predictions whose first `right` are right. */
function outcomeOf(dataset: Dataset, test: Int32Array, right: number): FoldOutcome {
  const examples = Array.from(test, (index) => dataset.examples[index]!)
  const truth = Int32Array.from(examples, ({ label }) => (label === 'a' ? 0 : 1))
  const probabilities = new Float32Array(2 * truth.length).fill(0.1)
  for (const [row, label] of truth.entries()) {
    const predicted = row < right ? label : 1 - label
    probabilities[2 * row + predicted] = 0.9
  }
  const head = { from: 1, to: 2, weight: new Float32Array(2), bias: new Float32Array(2) }
  const heldOut = { examples, truth, probabilities }
  const { evaluation } = evaluateClassifier({ head, labels: ['a', 'b'], seed: 1, heldOut })
  return { probabilities, thresholds: undefined, evaluation, chosen: {}, tokens: 1 }
}

it('compares all candidates on the same folds, and chooses', async () => {
  const { compared, opened } = compare({
    head: { seconds: 1, right: 15 },
    partial: { seconds: 5, right: 19 },
    full: { seconds: 10, right: 19 },
  })
  const selection = await compared
  expect(opened).toEqual(['head small', 'partial small', 'full small'])
  expect(selection).toMatchObject({
    metric: 'macroF1',
    examples: 100,
    comparedExamples: 100,
    folds: 5,
    chosen: { method: 'partial', base: 'small' },
    best: { method: 'partial', base: 'small' },
  })
  // A fold trains on 80 examples in 40 epochs of 3 steps; all 100 take 38 epochs of 4 steps.
  const lastFold = selection.candidates[1]!.folds.at(-1)!.seconds
  expect(selection.finalSeconds! / lastFold).toBeCloseTo(152 / 120, 1)
  const [head, partial] = selection.candidates
  expect(head).toMatchObject({ method: 'head', state: 'complete' })
  expect(head!.difference!.mean).toBeCloseTo(-0.2, 1)
  expect(partial!.difference).toBeUndefined()
  expect(partial!.mean!['accuracy']).toBeCloseTo(0.95)
  const text = selectionText(selection)
  expect(text).toMatch(/^partial, small +95\.0 % +\[\d+\.\d %, \d+\.\d %\] +best +\d+$/m)
  expect(text).toContain('Chosen: partial, small. It is the best')
})

it('stops a candidate early that would leave no time for the final training', async () => {
  const { compared, clock } = compare(
    {
      head: { seconds: 1, right: 15 },
      partial: { seconds: 10, right: 19 },
      full: { seconds: 60, right: 20 },
    },
    { secondsMax: 120 },
  )
  const { candidates, chosen } = await compared
  expect(candidates.map(({ state }) => state)).toEqual(['complete', 'complete', 'stopped'])
  expect(candidates[2]!.reason).toMatch(/^It needs about \d+ s, and \d+ s are left\.$/)
  expect(candidates[2]!.folds).toEqual([])
  expect(chosen).toEqual({ method: 'partial', base: 'small' })
  // 5 + 50 seconds, and a few steps of full.
  expect(clock()).toBeLessThan(65)
})

it('holds back the time of the final training', async () => {
  const behaviours = {
    head: { seconds: 1, right: 15 },
    partial: { seconds: 10, right: 19 },
    full: { seconds: 60, right: 20 },
  }
  // Folds of partial take 50 seconds, and its final training more than 10.
  const { compared } = compare(behaviours, { secondsMax: 62 })
  const { candidates, chosen } = await compared
  expect(candidates.map(({ state }) => state)).toEqual(['complete', 'stopped', 'stopped'])
  expect(chosen.method).toBe('head')
})

it('compares a sample where there is no time for all, and plans with all for the training', async () => {
  const behaviours = {
    head: { seconds: 1, right: 150 },
    partial: { seconds: 10, right: 190 },
    full: { seconds: 20, right: 200 },
  }
  const train = datasetOf(5_000)
  const measureStep = () => Promise.resolve(0.1)
  const { compared } = compare(behaviours, { train, measureStep, secondsMax: 300 })
  const { examples, comparedExamples, candidates, chosen } = await compared
  expect([examples, comparedExamples]).toEqual([5_000, 1_268])
  expect(candidates.map(({ state }) => state)).toEqual(['complete', 'complete', 'complete'])
  expect(chosen.method).toBe('full')
})

it('goes on when a candidate fails by itself', async () => {
  const { compared } = compare(
    {
      head: { seconds: 1, right: 15 },
      'head other': { seconds: 1, right: 15, fails: 'No source could deliver it.\nmore' },
      partial: { seconds: 1, right: 15, fails: 'too few examples' },
      full: { seconds: 1, right: 19 },
    },
    { bases: [base, other] },
  )
  const { candidates, chosen } = await compared
  const failed = candidates.filter(({ state }) => state === 'failed')
  expect(failed.map(({ reason }) => reason)).toEqual([
    'No source could deliver it.',
    'too few examples',
    'too few examples',
  ])
  expect(chosen).toEqual({ method: 'full', base: 'small' })
})

it('falls back to head when nothing could be compared, and says why', async () => {
  const slow = { seconds: 100, right: 15 }
  const short = await compare({ head: slow, partial: slow, full: slow }, { secondsMax: 20 })
    .compared
  expect(short).toMatchObject({ best: null, chosen: { method: 'head', base: 'small' } })
  expect(short.reason).toContain('The time was too short')
  const few = await compare({ head: slow }, { train: datasetOf(2) }).compared
  expect(few).toMatchObject({ folds: 0, foldsSha256: null, candidates: [] })
  expect(few.reason).toContain('too few examples')
  expect(selectionText(few)).toBe(`Chosen: head, small. ${few.reason}`)
})

it('ends when it is cancelled', async () => {
  const stopping = new AbortController()
  const { compared } = compare(
    { head: { seconds: 1, right: 15 } },
    { signal: stopping.signal, onProgress: () => stopping.abort() },
  )
  await expect(compared).rejects.toMatchObject({ code: 'cancelled' })
})
