// Three steps of the tiny encoder on ONNX Runtime, with the update in WebAssembly, against PyTorch:
// losses, gradient norms and weights. training-step.test.ts tests the graph that has the update.
import { Tensor } from 'onnxruntime-node'
import { expect, it } from 'vitest'
import {
  fineTuningReference,
  referenceBatch,
  referenceWeight,
} from '../../tests/support/fine-tuning-reference.ts'
import type { Plain } from '../../tests/support/graph-engines.ts'
import { tinyHead, tinyWeights } from '../../tests/support/tiny-encoder.ts'
import { adamScalars } from '../../models/graph/adamw/adamw.ts'
import {
  buildGradients,
  buildEvaluation,
  buildTrainingStep,
  stepNames,
} from '../../models/graph/training-step.ts'
import { openOnnxStepEngine } from './onnx-step-engine.ts'

const part = { head: tinyHead(), normalize: true, frozenLayers: 0 } as const
const adam = { beta1: 0.9, beta2: 0.999, clipNorm: 1 }
const reference = fineTuningReference()
const step = buildTrainingStep(tinyWeights(), part, adam)
const graphs = {
  step: step.graph,
  gradients: buildGradients(tinyWeights(), part),
  adam,
  evaluation: buildEvaluation(tinyWeights(), part),
}

function tensorOf({ elements, shape }: Plain): Tensor {
  return elements instanceof Float32Array
    ? new Tensor('float32', elements, [...shape])
    : new Tensor('int32', elements, [...shape])
}

function scalar(number: number): Tensor {
  return new Tensor('float32', Float32Array.of(number), [])
}

/** The inputs that all steps share: texts, and masks that drop nothing. */
function fixedFeeds(): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {}
  for (const [name, plain] of Object.entries(referenceBatch(reference))) {
    feeds[name] = tensorOf(plain)
  }
  for (const { name, perToken } of step.dropoutSites) {
    const shape = perToken ? [4, 5, 8] : [4, 8]
    const count = shape.reduce((product, size) => product * size, 1)
    feeds[name] = tensorOf({ elements: new Float32Array(count).fill(1), shape })
  }
  return feeds
}

function rates(t: number): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {}
  for (const group of step.groups) {
    const rate = group === 'head' ? 1e-2 : 1e-3
    const fed = adamScalars({ ...adam, epsilon: 1e-4 }, { rate, decay: 0.1, t })
    feeds[stepNames.rate(group)] = scalar(fed.rate)
    feeds[stepNames.decayFactor(group)] = scalar(fed.decayFactor)
    feeds['epsilon'] = scalar(fed.epsilon)
  }
  return feeds
}

function expectClose(found: ArrayLike<number>, expected: readonly number[], name: string): void {
  for (const [i, number] of expected.entries()) {
    const difference = Math.abs(found[i]! - number)
    expect(difference, `${name}[${i}]`).toBeLessThan(2e-5 + 2e-4 * Math.abs(number))
  }
}

it.each(['in place', 'into other memory'])(
  'takes the steps that PyTorch takes, %s',
  async (where) => {
    const engine = await openOnnxStepEngine(graphs, { threads: 1, products: 'float32' })
    const state: Record<string, Tensor> = {}
    for (const parameter of step.parameters) {
      const weight = referenceWeight(parameter, reference)
      const { name, rows } = parameter
      const zeros = (): Float32Array =>
        rows === 'all'
          ? engine.floats!(weight.elements.length)
          : new Float32Array(weight.elements.length)
      const own = zeros()
      own.set(weight.elements)
      state[name] = tensorOf({ elements: own, shape: weight.shape })
      state[stepNames.first(name)] = tensorOf({ elements: zeros(), shape: weight.shape })
      state[stepNames.second(name)] = tensorOf({ elements: zeros(), shape: weight.shape })
    }
    for (const [i, loss] of reference.losses.entries()) {
      const next = Object.entries(state).map(([name, { data, dims }]): [string, Tensor] => {
        const elements = data as Float32Array
        return [
          name,
          tensorOf({ elements: where === 'in place' ? elements : elements.slice(), shape: dims }),
        ]
      })
      const numbers = { loss: scalar(0), gradient_norm: scalar(0) }
      const outputs = next.map(([name, tensor]) => [stepNames.next(name), tensor])
      const fetches = { ...(Object.fromEntries(outputs) as Record<string, Tensor>), ...numbers }
      await engine.step({ ...fixedFeeds(), ...rates(i + 1), ...state }, fetches)
      Object.assign(state, Object.fromEntries(next))
      expectClose(numbers.loss.data as Float32Array, [loss], `loss ${i}`)
      expectClose(
        numbers.gradient_norm.data as Float32Array,
        [reference.gradientNorms[i]!],
        `norm ${i}`,
      )
    }
    await engine.close()
    for (const [name, expected] of Object.entries(reference.weights)) {
      expectClose(state[name]!.data as Float32Array, expected, name)
    }
  },
)
