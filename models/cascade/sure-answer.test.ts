// When a small model answers: from the threshold of its label on.
import { expect, it } from 'vitest'
import { smallModelConfidence, sureModel } from './sure-answer.ts'

/** A model with these logits for every text. */
const model = (logits: readonly number[]) => ({
  labels: logits.length,
  logits: () => Float64Array.from(logits),
})
const ids = Int32Array.of(1)

it('answers from the threshold of the most probable label on, and not below it', () => {
  const small = model([0, 2, 1])
  const confidence = smallModelConfidence(small.logits(), { best: 1, temperature: 2 })
  expect(confidence).toBeCloseTo(Math.exp(1) / (1 + Math.exp(1) + Math.exp(0.5)), 12)
  const at = (threshold: number | null) =>
    sureModel(small, { temperature: 2, thresholds: [0, threshold, 0] }).answer(ids)
  expect(at(confidence)).toEqual(Float32Array.of(0, 1, 0.5))
  expect(at(confidence + 1e-12)).toBeUndefined()
})

it('never answers with a label that has no threshold', () => {
  const thresholds = [null, 0]
  expect(sureModel(model([9, 0]), { temperature: 1, thresholds }).answer(ids)).toBeUndefined()
  expect(sureModel(model([0, 9]), { temperature: 1, thresholds }).answer(ids)).toBeDefined()
})
