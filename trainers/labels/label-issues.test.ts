// The list of suspicious labels on hand-made probabilities, and on randomly flipped labels.
import { expect, test } from 'vitest'
import { findLabelIssues } from './label-issues.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

test('finds flipped labels and lists them first', () => {
  const random = seededRandom(3)
  const [examples, labels] = [2_000, 5]
  const truth = new Int32Array(examples)
  const flipped = new Set<number>()
  const probabilities = new Float32Array(examples * labels)
  for (let example = 0; example < examples; example++) {
    const real = random.below(labels)
    if (random.below(20) === 0) flipped.add(example)
    truth[example] = flipped.has(example) ? (real + 1 + random.below(labels - 1)) % labels : real
    const sure = 0.5 + random.below(500) / 1_000
    probabilities.fill((1 - sure) / (labels - 1), example * labels, (example + 1) * labels)
    probabilities[example * labels + real] = sure
  }
  const { issues, estimatedErrors } = findLabelIssues({ truth, probabilities, labels })
  expect(issues.every(({ example }) => flipped.has(example))).toBe(true)
  expect(issues.length / flipped.size).toBeGreaterThan(0.4)
  expect(Math.abs(estimatedErrors - flipped.size) / flipped.size).toBeLessThan(0.3)
  const scores = issues.map(({ score }) => score)
  expect(scores).toEqual([...scores].sort((a, b) => a - b))
})

test('suggests another label only where the head predicts another one', () => {
  const { issues } = findLabelIssues({
    truth: Int32Array.of(0, 0, 0, 1, 1, 1),
    probabilities: Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.02, 0.98, 0.4, 0.6, 0.3, 0.7, 0.45, 0.55),
    labels: 2,
  })
  expect(issues).toHaveLength(1)
  expect(issues[0]).toMatchObject({ example: 2, given: 0, suggested: 1 })
  expect(issues[0]!.selfConfidence).toBeCloseTo(0.02)
  expect(issues[0]!.margin).toBeCloseTo(-0.96)
})
