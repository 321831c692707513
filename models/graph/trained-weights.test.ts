// Each trained parameter returns to its place in the encoder, so that the serving graph computes
// what the training graph did. A parameter name that the encoder does not have is a bug.
import { expect, test } from 'vitest'
import { tinyHead, tinyHidden, tinyWeights } from '../../tests/support/tiny-encoder.ts'
import { buildTrainingStep } from './training-step.ts'
import { withTrained } from './trained-weights.ts'

const settings = { beta1: 0.9, beta2: 0.999, clipNorm: 1 }
const step = buildTrainingStep(
  tinyWeights(),
  { head: tinyHead(), normalize: true, frozenLayers: 0 },
  settings,
)
const untouched = new Map(step.parameters.map(({ name, elements }) => [name, elements]))

test('returns weights unchanged when training did not change them', () => {
  const original = tinyWeights()
  const { encoder, head } = withTrained(original, tinyHead(), untouched)
  expect(head).toEqual(tinyHead())
  expect(encoder.layers).toEqual(original.layers)
  expect(encoder.embeddingNorm).toEqual(original.embeddingNorm)
  expect(encoder.typeEmbedding).toEqual(new Float32Array(2 * tinyHidden))
})

test('gives each parameter a place of its own', () => {
  for (const { name, elements } of step.parameters) {
    const changed = new Map(untouched).set(
      name,
      elements.map((number) => number + 1),
    )
    const before = JSON.stringify(withTrained(tinyWeights(), tinyHead(), untouched))
    expect(JSON.stringify(withTrained(tinyWeights(), tinyHead(), changed))).not.toBe(before)
  }
  const unknown = new Map([['layer.7/weight', new Float32Array(1)]])
  expect(() => withTrained(tinyWeights(), tinyHead(), unknown)).toThrow(
    /no place in the encoder or head/,
  )
})
