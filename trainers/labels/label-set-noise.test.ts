// The noise of sets of labels: planted missing and added labels, and a head that is too unsure.
import { expect, test } from 'vitest'
import { fitLabelSetNoise } from './label-set-noise.ts'
import { findLabelSetIssues } from './label-set-issues.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

const labels = 6
const examples = 2_000
const random = seededRandom(5)
const targets = new Uint8Array(examples * labels)
const probabilities = new Float32Array(examples * labels)
const changed = new Set<number>()
for (let at = 0; at < targets.length; at++) {
  const applies = random.below(4) === 0
  targets[at] = applies ? 1 : 0
  // A head that shrinks all logits to half and leans towards absence.
  const logit = (applies ? 5 : -5) + (random.below(4_000) - 2_000) / 1_000
  probabilities[at] = 1 / (1 + Math.exp(-(logit / 2 - 1)))
}
for (let example = 0; example < examples; example += 10) {
  targets[example * labels + (example % labels)]! ^= 1
  changed.add(example)
}

test('finds sets with a label too many or too few, and names the label', () => {
  const { issues, estimatedErrors } = findLabelSetIssues({ targets, probabilities, labels })
  const found = issues.filter(({ example }) => changed.has(example))
  expect(found.length / issues.length).toBeGreaterThan(0.95)
  expect(found.length / changed.size).toBeGreaterThan(0.95)
  expect(found.every(({ example, wrong }) => wrong.includes(example % labels))).toBe(true)
  expect(Math.abs(estimatedErrors - changed.size) / changed.size).toBeLessThan(0.1)
})

test('a head that tells nothing gives no issues', () => {
  const flat = new Float32Array(targets.length).fill(0.25)
  const { wrong, logLikelihood } = fitLabelSetNoise({ targets, probabilities: flat, labels })
  expect(wrong.every((probability) => Number.isFinite(probability))).toBe(true)
  expect(Number.isFinite(logLikelihood)).toBe(true)
})
