// The training step on a tiny encoder against PyTorch: gradients of every parameter, then loss,
// gradient norm and weights over three steps of AdamW. The fixture's script stands beside it.
import { readFile } from 'node:fs/promises'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { beforeAll, describe, expect, it } from 'vitest'
import { tinyHead, tinyWeights } from '../../tests/support/tiny-encoder.ts'
import { adamScalars } from './adamw.ts'
import { classifierLogits } from './encoder.ts'
import { gradients } from './gradient.ts'
import * as op from './operations.ts'
import { writeOnnx } from './onnx-writer.ts'
import { GraphBuilder, type Value } from './tensor-graph.ts'
import { buildTrainingStep, stepNames, type StepParameter } from './training-step.ts'

type Reference = {
  ids: number[][]
  lengths: number[]
  truth: number[]
  usedRows: number[]
  losses: number[]
  gradientNorms: number[]
  gradients: Record<string, number[]>
  weights: Record<string, number[]>
}

let reference: Reference
const labels = 3
const smoothing = 0.1
const part = { head: tinyHead(), normalize: true, frozenLayers: 0 } as const

beforeAll(async () => {
  const path = new URL('../../tests/fixtures/fine-tuning-reference.json', import.meta.url)
  reference = JSON.parse(await readFile(path, 'utf8')) as Reference
})

/** Texts and targets of the reference; ids count in the used rows. */
function batchFeeds(): Record<string, Tensor> {
  const { ids, lengths, truth, usedRows } = reference
  const batch = ids.length
  const tokens = ids[0]!.length
  const places = Int32Array.from(ids.flat(), (id) => usedRows.indexOf(id))
  const targets = Float32Array.from({ length: batch * labels }, (_, i) => {
    const isTruth = truth[Math.floor(i / labels)] === i % labels
    return (smoothing / labels + (isTruth ? 1 - smoothing : 0)) / batch
  })
  return {
    input_ids: new Tensor('int32', places, [batch, tokens]),
    lengths: new Tensor('int32', Int32Array.from(lengths), [batch]),
    targets: new Tensor('float32', targets, [batch, labels]),
  }
}

type Fed = Pick<StepParameter, 'name' | 'elements' | 'shape' | 'rows'>

function weightTensor({ elements, shape, rows }: Fed): Tensor {
  if (rows === 'all') return new Tensor('float32', Float32Array.from(elements), [...shape])
  const width = shape[1]!
  const own = reference.usedRows.flatMap((row) => [
    ...elements.subarray(row * width, (row + 1) * width),
  ])
  return new Tensor('float32', Float32Array.from(own), [reference.usedRows.length, width])
}

function expectClose(found: Float32Array, expected: readonly number[], name: string): void {
  expect(found.length, name).toBe(expected.length)
  for (const [i, number] of expected.entries()) {
    const difference = Math.abs(found[i]! - number)
    expect(difference, `${name}[${i}]`).toBeLessThan(2e-5 + 2e-4 * Math.abs(number))
  }
}

describe('against PyTorch', () => {
  it('gives the gradient of every parameter', async () => {
    const graph = new GraphBuilder({ parameters: 'inputs' })
    const dropout = (x: Value): Value => x
    const built = { ...part, attention: 'written out', dropout } as const
    const logits = classifierLogits(graph, tinyWeights(), built)
    const targets = graph.input('targets', 'float32', logits.shape)
    const likely = op.multiply(graph, op.logSoftmax(graph, logits), targets)
    const total = op.reduceSum(graph, likely, { axes: [0, 1], axesAfter: 'removed' })
    const parameters = graph.parameters
    const values = parameters.map(({ value }) => value)
    for (const [i, slope] of gradients(graph, op.scale(graph, total, -1), values).entries()) {
      graph.output(`d ${values[i]!.name}`, slope)
    }
    const session = await InferenceSession.create(writeOnnx(graph.finish(), { name: 'test' }))
    const feeds = batchFeeds()
    for (const each of parameters) {
      feeds[each.value.name] = weightTensor({ ...each, name: each.value.name })
    }
    const results = await session.run(feeds)
    await session.release()
    expect(Object.keys(reference.gradients).sort()).toEqual(values.map(({ name }) => name).sort())
    for (const [name, expected] of Object.entries(reference.gradients)) {
      expectClose(results[`d ${name}`]!.data as Float32Array, expected, name)
    }
  })

  it('takes the same three steps of AdamW', async () => {
    const settings = { beta1: 0.9, beta2: 0.999, clipNorm: 1 }
    const step = buildTrainingStep(tinyWeights(), part, settings)
    const session = await InferenceSession.create(writeOnnx(step.graph, { name: 'test' }))
    const feeds = batchFeeds()
    const fetches: Record<string, Tensor> = {}
    const scalar = (number: number): Tensor => new Tensor('float32', Float32Array.of(number), [])
    for (const parameter of step.parameters) {
      const weight = weightTensor(parameter)
      const zeros = (): Tensor =>
        new Tensor('float32', new Float32Array(weight.size), [...weight.dims])
      const { name } = parameter
      const state = { [name]: weight, [stepNames.first(name)]: zeros() }
      for (const [input, tensor] of Object.entries({
        ...state,
        [stepNames.second(name)]: zeros(),
      })) {
        feeds[input] = tensor
        // Results over what was fed, as the trainer does it.
        fetches[stepNames.next(input)] = tensor
      }
    }
    for (const { name, perToken } of step.dropoutSites) {
      const shape = perToken ? [4, 5, 8] : [4, 8]
      const count = shape.reduce((product, size) => product * size, 1)
      feeds[name] = new Tensor('float32', new Float32Array(count).fill(1), shape)
    }
    for (const [i, loss] of reference.losses.entries()) {
      for (const group of step.groups) {
        const rate = group === 'head' ? 1e-2 : 1e-3
        const fed = adamScalars({ ...settings, epsilon: 1e-4 }, { rate, decay: 0.1, t: i + 1 })
        feeds[stepNames.rate(group)] = scalar(fed.rate)
        feeds[stepNames.kept(group)] = scalar(fed.kept)
        feeds['epsilon'] = scalar(fed.epsilon)
      }
      const numbers = { loss: scalar(0), gradient_norm: scalar(0) }
      await session.run(feeds, { ...fetches, ...numbers })
      expectClose(numbers.loss.data as Float32Array, [loss], `loss ${i}`)
      const norm = [reference.gradientNorms[i]!]
      expectClose(numbers.gradient_norm.data as Float32Array, norm, `norm ${i}`)
    }
    await session.release()
    for (const [name, expected] of Object.entries(reference.weights)) {
      expectClose(feeds[name]!.data as Float32Array, expected, name)
    }
  })
})
