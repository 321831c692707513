// The training step of a tiny encoder against PyTorch, on both engines: the gradient of every
// parameter, then the loss, gradient norm and weights over three steps of AdamW.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import {
  fineTuningReference,
  referenceBatch,
  referenceWeight,
} from '../../tests/support/fine-tuning-reference.ts'
import {
  onnxEngine,
  tfjsEngine,
  type Feeds,
  type Plain,
} from '../../tests/support/graph-engines.ts'
import { tinyHead, tinyWeights } from '../../tests/support/tiny-encoder.ts'
import { adamScalars } from './adamw/adamw.ts'
import { classifierLogits } from './encoder.ts'
import { gradientsOf } from './tensors/gradient.ts'
import * as op from './tensors/operations.ts'
import { writeOnnx } from './onnx/onnx-writer.ts'
import { GraphBuilder, type Value } from './tensors/tensor-graph.ts'
import { buildTrainingStep, stepNames, type TrainingStep } from './training-step.ts'

const model = { head: tinyHead(), normalize: true, frozenLayers: 0 } as const
const settings = { beta1: 0.9, beta2: 0.999, clipNorm: 1 }
const reference = fineTuningReference()

function expectClose(found: ArrayLike<number>, expected: readonly number[], name: string): void {
  expect(found.length, name).toBe(expected.length)
  for (const [i, number] of expected.entries()) {
    const difference = Math.abs(found[i]! - number)
    expect(difference, `${name}[${i}]`).toBeLessThan(2e-5 + 2e-4 * Math.abs(number))
  }
}

/** The weights and moments that the first step starts from. */
function firstState({ parameters }: TrainingStep): Record<string, Plain> {
  const state = parameters.flatMap((parameter) => {
    const weight = referenceWeight(parameter, reference)
    const zeros = (): Plain => ({ ...weight, elements: new Float32Array(weight.elements.length) })
    const { name } = parameter
    const moments = [stepNames.first(name), stepNames.second(name)]
    return [[name, weight] as const, ...moments.map((moment) => [moment, zeros()] as const)]
  })
  return Object.fromEntries(state)
}

/** The rates of step t, and dropout masks that drop nothing. */
function otherFeeds({ groups, dropoutSites }: TrainingStep, t: number): Feeds {
  const feeds: Record<string, Plain> = {}
  const scalar = (number: number): Plain => ({ elements: Float32Array.of(number), shape: [] })
  for (const group of groups) {
    const rate = group === 'head' ? 1e-2 : 1e-3
    const fed = adamScalars({ ...settings, epsilon: 1e-4 }, { rate, decay: 0.1, t })
    feeds[stepNames.rate(group)] = scalar(fed.rate)
    feeds[stepNames.decayFactor(group)] = scalar(fed.decayFactor)
    feeds['epsilon'] = scalar(fed.epsilon)
  }
  for (const { name, perToken } of dropoutSites) {
    const shape = perToken ? [4, 5, 8] : [4, 8]
    const count = shape.reduce((product, size) => product * size, 1)
    feeds[name] = { elements: new Float32Array(count).fill(1), shape }
  }
  return feeds
}

describe.each([onnxEngine, tfjsEngine])('against PyTorch, on $name', ({ open }) => {
  it('gives the gradient of every parameter', async () => {
    const graph = new GraphBuilder({ parameters: 'inputs' })
    const dropout = (x: Value): Value => x
    const built = { ...model, attention: 'decomposed', dropout } as const
    const logits = classifierLogits(graph, tinyWeights(), built)
    const targets = graph.input('targets', 'float32', logits.shape)
    const likely = op.multiply(graph, op.logSoftmax(graph, logits), targets)
    const total = op.reduceSum(graph, likely, { axes: [0, 1], keepDims: false })
    const { parameters } = graph
    const values = parameters.map(({ value }) => value)
    for (const [i, gradient] of gradientsOf(graph, op.scale(graph, total, -1), values).entries()) {
      graph.output(`d ${values[i]!.name}`, gradient)
    }
    const weights = parameters.map((each) => [each.value.name, referenceWeight(each, reference)])
    const session = await open(graph.finish())
    const feeds = { ...referenceBatch(reference), ...Object.fromEntries(weights) } as Feeds
    const results = await session.run(feeds)
    await session.close()
    expect(Object.keys(reference.gradients).sort()).toEqual(values.map(({ name }) => name).sort())
    for (const [name, expected] of Object.entries(reference.gradients)) {
      expectClose(results[`d ${name}`]!.numbers, expected, name)
    }
  })

  it('takes the same three steps of AdamW', async () => {
    const step = buildTrainingStep(tinyWeights(), model, settings)
    const session = await open(step.graph)
    const state = firstState(step)
    for (const [i, loss] of reference.losses.entries()) {
      const feeds = { ...referenceBatch(reference), ...otherFeeds(step, i + 1), ...state }
      const results = await session.run(feeds)
      expectClose(results['loss']!.numbers, [loss], `loss ${i}`)
      expectClose(results['gradient_norm']!.numbers, [reference.gradientNorms[i]!], `norm ${i}`)
      for (const [name, { shape }] of Object.entries(state)) {
        const { numbers } = results[stepNames.next(name)]!
        state[name] = { elements: Float32Array.from(numbers), shape }
      }
    }
    await session.close()
    for (const [name, expected] of Object.entries(reference.weights)) {
      expectClose(state[name]!.elements, expected, name)
    }
  })
})

/** The trainer does this with ONNX Runtime so that weights and moments are in memory once. */
it('can write its results over its inputs', async () => {
  const step = buildTrainingStep(tinyWeights(), model, settings)
  const session = await InferenceSession.create(writeOnnx(step.graph, { name: 'test' }))
  const tensors = (plain: Feeds): Record<string, Tensor> =>
    Object.fromEntries(
      Object.entries(plain).map(([name, { elements, shape }]) => [
        name,
        elements instanceof Float32Array
          ? new Tensor('float32', elements, [...shape])
          : new Tensor('int32', elements, [...shape]),
      ]),
    )
  const state = tensors(firstState(step))
  const fetches = Object.entries(state).map(([name, tensor]) => [stepNames.next(name), tensor])
  for (const t of reference.losses.keys()) {
    const feeds = tensors({ ...referenceBatch(reference), ...otherFeeds(step, t + 1) })
    await session.run({ ...feeds, ...state }, Object.fromEntries(fetches) as typeof state)
  }
  await session.release()
  for (const [name, expected] of Object.entries(reference.weights)) {
    expectClose(state[name]!.data as Float32Array, expected, name)
  }
})
