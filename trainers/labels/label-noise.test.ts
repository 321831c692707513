// The noise of single labels: planted errors of every kind, and heads that are too unsure.
import { expect, test } from 'vitest'
import { fitLabelNoise } from './label-noise.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

/**
 * Examples whose head hesitates between two neighbouring labels, is right as often as it says, and
 * says so with softmax(logits / temperature); every 10th gets another label, drawn by `other`.
 */
function planted(options: {
  labels: number
  temperature: number
  other: (label: number, draw: number) => number
}) {
  const { labels, temperature, other } = options
  const random = seededRandom(7)
  const examples = 3_000
  const truth = new Int32Array(examples)
  const changed = new Uint8Array(examples)
  const probabilities = new Float32Array(examples * labels)
  for (let example = 0; example < examples; example++) {
    const favourite = random.below(labels)
    const neighbour = (favourite + 1) % labels
    const sure = 0.6 + random.below(390) / 1_000
    const real = random.below(1_000) < 1_000 * sure ? favourite : neighbour
    changed[example] = example % 10 === 0 ? 1 : 0
    truth[example] = changed[example] === 1 ? other(real, random.below(labels - 1)) : real
    const rest = 0.002 / labels
    const powers = Array.from({ length: labels }, (_, label) => {
      const probability = label === favourite ? sure : label === neighbour ? 1 - sure : rest
      return Math.pow(probability, 1 / temperature)
    })
    const sum = powers.reduce((total, power) => total + power, 0)
    probabilities.set(
      powers.map((power) => power / sum),
      example * labels,
    )
  }
  return { heldOut: { truth, probabilities, labels }, changed }
}

const uniform = (labels: number) => (label: number, draw: number) => (label + 1 + draw) % labels

test.each([1, 2.5])(
  'finds the rate of errors whatever the temperature of the head: %d',
  (temperature) => {
    const { heldOut } = planted({ labels: 20, temperature, other: uniform(20) })
    const { wrong } = fitLabelNoise(heldOut)
    const expected = wrong.reduce((sum, probability) => sum + probability, 0) / wrong.length
    expect(expected).toBeGreaterThan(0.08)
    expect(expected).toBeLessThan(0.12)
  },
)

test('learns which label is confused with which', () => {
  const labels = 10
  const opposite = (label: number): number => (label + 5) % labels
  const { heldOut, changed } = planted({ labels, temperature: 1, other: opposite })
  const { wrong, suggested } = fitLabelNoise(heldOut)
  const examples = [...wrong.keys()].sort((a, b) => wrong[b]! - wrong[a]!).slice(0, 100)
  expect(examples.filter((example) => changed[example] === 1).length).toBeGreaterThan(90)
  const right = examples.filter(
    (example) => opposite(suggested[example]!) === heldOut.truth[example],
  )
  expect(right.length).toBeGreaterThan(90)
})

test('finds no errors where there are none', () => {
  const labels = 3
  const truth = Int32Array.from({ length: 300 }, (_, example) => example % labels)
  const probabilities = new Float32Array(300 * labels).fill(0.01)
  for (const [example, label] of truth.entries()) probabilities[example * labels + label] = 0.98
  const { wrong, logLikelihood } = fitLabelNoise({ truth, probabilities, labels })
  expect(Math.max(...wrong)).toBeLessThan(0.01)
  expect(logLikelihood).toBeGreaterThan(-0.1)
})

test('judges a label without examples, and a probability of zero', () => {
  const { wrong, suggested } = fitLabelNoise({
    truth: Int32Array.of(0, 0, 0, 1),
    probabilities: Float32Array.of(1, 0, 0, 0.9, 0.1, 0, 0, 1, 0, 0.1, 0.9, 0),
    labels: 3,
  })
  expect([...wrong].every((probability) => probability >= 0 && probability <= 1)).toBe(true)
  expect(wrong.indexOf(Math.max(...wrong))).toBe(2)
  expect(suggested[2]).toBe(1)
})
