// One training step as one graph: forward, loss, gradients, clipping, AdamW. Weights and moments go
// in and come out. It owns how these parts are joined and what inputs and outputs are called; the
// encoder is encoder.ts, and feeding batches is the trainer's.
import { adamStep, clipping, type AdamRates, type AdamSettings } from './adamw/adamw.ts'
import type { EncoderWeights } from './weights/bert-weights.ts'
import { contrastiveLoss } from './contrastive-loss.ts'
import { classifierLogits, classifierOutputs, type Head } from './encoder.ts'
import { gradientsOf } from './tensors/gradient.ts'
import * as layout from './tensors/layout-operations.ts'
import * as op from './tensors/operations.ts'
import type { Pooling } from './pooling.ts'
import {
  GraphBuilder,
  type Parameter,
  type TensorGraph,
  type Value,
} from './tensors/tensor-graph.ts'

export type TrainedPart = {
  readonly head: Head
  readonly normalize: boolean
  /** Default `mean`. */
  readonly pooling?: Pooling | undefined
  /** Layers from the bottom that stay as they are; above 0, so do the embeddings. */
  readonly frozenLayers: number
  /** What the logits decide: one label of all (the default), or each label by itself. */
  readonly link?: 'softmax' | 'sigmoid' | undefined
  /** With it, the loss has a contrastive part of that temperature, whose inputs every run feeds. */
  readonly contrastTemperature?: number | undefined
}

/** A weight that a step changes. Its input has its name; see `stepNames` for the rest. */
export type StepParameter = Parameter & {
  readonly name: string
  /** Which learning rate it follows: `embeddings`, `layer.N` or `head`. */
  readonly group: string
}

/** A mask of 0 and 1 / (1 - rate) that every run feeds: float32 [batch, (tokens,) hidden]. */
export type DropoutSite = { readonly name: string; readonly perToken: boolean }

export type TrainingStep = {
  readonly graph: TensorGraph
  readonly parameters: readonly StepParameter[]
  readonly groups: readonly string[]
  readonly dropoutSites: readonly DropoutSite[]
}

/** Names of inputs (moments, rates) and of outputs that belong to a parameter or a group. */
export const stepNames = {
  first: (parameter: string) => `first:${parameter}`,
  second: (parameter: string) => `second:${parameter}`,
  next: (input: string) => `next:${input}`,
  gradient: (parameter: string) => `gradient:${parameter}`,
  rate: (group: string) => `rate:${group}`,
  kept: (group: string) => `kept:${group}`,
} as const

/**
 * Inputs: lengths int32 [batch]; input_ids int32 [batch, tokens], which count in the rows of the
 * word table that are fed, or states float32 [batch, tokens, hidden]; targets float32 [batch,
 * labels], the weight of each label in the loss (smoothing, class weights and the division by the
 * batch are in it), and with the link sigmoid [batch, labels, 2], the weights of a label's applying
 * and of its not applying; dropout masks; parameters with their moments; rates, float32 [].
 * Outputs: loss and gradient_norm, float32 []; the next parameters and moments.
 */
export function buildTrainingStep(
  weights: EncoderWeights,
  part: TrainedPart,
  settings: AdamSettings,
): TrainingStep {
  const { graph, loss, gradients, parameters, dropoutSites } = differentiated(weights, part)
  const groups = [...new Set(parameters.map(({ group }) => group))]
  graph.within('update', () => {
    const { norm, factor } = clipping(graph, gradients, settings)
    const rates = rateInputs(graph, groups)
    graph.output('loss', loss)
    graph.output('gradient_norm', norm)
    for (const [i, parameter] of parameters.entries()) {
      const update = { ...settings, rates: rates.get(parameter.group)! }
      updateParameter(graph, parameter, { gradient: gradients[i]!, factor, update })
    }
  })
  return { graph: graph.finish(), parameters, groups, dropoutSites }
}

/**
 * A training step up to its update, for an engine that updates weights itself: inputs as of a step
 * without moments and rates; outputs loss, float32 [], and the gradient of each parameter.
 */
export function buildGradients(weights: EncoderWeights, part: TrainedPart): TensorGraph {
  const { graph, loss, gradients, parameters } = differentiated(weights, part)
  graph.output('loss', loss)
  for (const [i, { name }] of parameters.entries()) {
    graph.output(stepNames.gradient(name), gradients[i]!)
  }
  return graph.finish()
}

/**
 * The same classifier without dropout or update, for measuring: inputs as of a step, parameters
 * included; the output logits is float32 [batch, labels].
 */
export function buildMeasuring(weights: EncoderWeights, part: TrainedPart): TensorGraph {
  const graph = new GraphBuilder({ parameters: 'inputs' })
  const dropout = (states: Value): Value => states
  const logits = classifierLogits(graph, weights, { ...part, attention: 'fused', dropout })
  graph.output('logits', logits)
  return graph.finish()
}

/** The loss of a batch and its gradients with respect to all parameters, in a graph of its own. */
function differentiated(
  weights: EncoderWeights,
  part: TrainedPart,
): Pick<TrainingStep, 'parameters' | 'dropoutSites'> & {
  readonly graph: GraphBuilder
  readonly loss: Value
  /** In the order of the parameters. */
  readonly gradients: readonly Value[]
} {
  const graph = new GraphBuilder({ parameters: 'inputs' })
  const dropoutSites: DropoutSite[] = []
  const dropout = (states: Value): Value => {
    const name = `dropout:${dropoutSites.length}`
    dropoutSites.push({ name, perToken: states.shape.length === 3 })
    return op.multiply(graph, states, graph.input(name, 'float32', states.shape))
  }
  const outputs = { ...part, attention: 'written out', dropout } as const
  const { embedding, logits } = classifierOutputs(graph, weights, outputs)
  const entropy =
    part.link === 'sigmoid' ? binaryEntropy(graph, logits) : crossEntropy(graph, logits)
  const { contrastTemperature: temperature } = part
  const loss =
    temperature === undefined
      ? entropy
      : op.add(graph, entropy, contrastiveLoss(graph, embedding, { temperature }))
  const parameters = graph.parameters.map((parameter): StepParameter => {
    const { name } = parameter.value
    return { ...parameter, name, group: name.slice(0, name.indexOf('/')) }
  })
  const gradients = gradientsOf(
    graph,
    loss,
    parameters.map(({ value }) => value),
  )
  return { graph, loss, gradients, parameters, dropoutSites }
}

/** Minus the weighted sum of the log probabilities: float32 []. */
function crossEntropy(graph: GraphBuilder, logits: Value): Value {
  const targets = graph.input('targets', 'float32', logits.shape)
  const weighted = op.multiply(graph, op.logSoftmax(graph, logits), targets) // [batch, labels]
  return op.scale(graph, op.reduceSum(graph, weighted, { axes: [0, 1], keepDims: false }), -1)
}

/**
 * The same for each label by itself. Its sigmoid is the softmax of its logit and 0, whose logarithm
 * is exact however large the logit: float32 [].
 */
export function binaryEntropy(graph: GraphBuilder, logits: Value): Value {
  const first = graph.constant('first_of_two', Float32Array.of(1, 0), [1, 2])
  const pairs = op.matMul(graph, layout.unsqueeze(graph, logits, 2), first) // [batch, labels, 2]
  const targets = graph.input('targets', 'float32', pairs.shape)
  const weighted = op.multiply(graph, op.logSoftmax(graph, pairs), targets)
  const sum = op.reduceSum(graph, weighted, { axes: [0, 1, 2], keepDims: false })
  return op.scale(graph, sum, -1)
}

function rateInputs(graph: GraphBuilder, groups: readonly string[]): Map<string, AdamRates> {
  const epsilon = graph.input('epsilon', 'float32', [])
  return new Map(
    groups.map((group) => {
      const rate = graph.input(stepNames.rate(group), 'float32', [])
      const kept = graph.input(stepNames.kept(group), 'float32', [])
      return [group, { rate, kept, epsilon }]
    }),
  )
}

function updateParameter(
  graph: GraphBuilder,
  { name, value }: StepParameter,
  options: { gradient: Value; factor: Value; update: AdamSettings & { rates: AdamRates } },
): void {
  const { gradient, factor, update } = options
  const firstName = stepNames.first(name)
  const secondName = stepNames.second(name)
  const first = graph.input(firstName, 'float32', value.shape)
  const second = graph.input(secondName, 'float32', value.shape)
  // Biases and the scales of normalisations do not decay, as in BERT's own training.
  const decay = value.shape.length > 1 ? 'decays' : 'stays'
  const operands = { weight: value, gradient, first, second, factor }
  const next = adamStep(graph, operands, { ...update, decay })
  graph.output(stepNames.next(name), next.weight)
  graph.output(stepNames.next(firstName), next.first)
  graph.output(stepNames.next(secondName), next.second)
}
