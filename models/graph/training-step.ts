// One training step as one graph: forward pass, loss, gradients, clipping, AdamW. Weights and
// moments go in, and their next values come out. This file joins these parts and names the inputs
// and outputs; encoder.ts builds the encoder, and trainers/encoder/ feeds batches.
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

/** The model that a step trains: the weights of the encoder are given apart. */
export type TrainableModel = {
  readonly head: Head
  readonly normalize: boolean
  /** Default `mean`. */
  readonly pooling?: Pooling | undefined
  /** How many layers from the bottom stay unchanged; above 0, the embedding layer does too. */
  readonly frozenLayers: number
  /** `softmax` (the default) for one label per text, `sigmoid` for independent labels. */
  readonly link?: 'softmax' | 'sigmoid' | undefined
  /** If given, adds a contrastive loss of that temperature, whose inputs every run feeds. */
  readonly contrastTemperature?: number | undefined
}

/** A weight that a step changes. Its input has its name; `stepNames` gives the other names. */
export type StepParameter = Parameter & {
  readonly name: string
  /** The group whose learning rate applies: `embeddings`, `layer.N` or `head`. */
  readonly group: string
}

/**
 * An input for a mask of 0 and 1 / (1 - rate): float32 [batch, tokens, hidden], or [batch, hidden].
 */
export type DropoutSite = { readonly name: string; readonly perToken: boolean }

/** The graph of a step, and what the trainer must know to feed it. */
export type TrainingStep = {
  readonly graph: TensorGraph
  readonly parameters: readonly StepParameter[]
  readonly groups: readonly string[]
  readonly dropoutSites: readonly DropoutSite[]
}

/** Names of the inputs (moments, rates) and outputs that belong to a parameter or a group. */
export const stepNames = {
  first: (parameter: string) => `first:${parameter}`,
  second: (parameter: string) => `second:${parameter}`,
  next: (input: string) => `next:${input}`,
  gradient: (parameter: string) => `gradient:${parameter}`,
  rate: (group: string) => `rate:${group}`,
  decayFactor: (group: string) => `decay_factor:${group}`,
} as const

/**
 * Builds the graph of one training step.
 *
 * Inputs:
 * - lengths int32 [batch];
 * - input_ids int32 [batch, tokens], as indices into the rows of the word table that are fed, or,
 *   with frozen layers, states float32 [batch, tokens, hidden];
 * - targets float32 [batch, labels]: the weight of each label in the loss, which includes label
 *   smoothing, class weights and the division by the batch size. With the link sigmoid it is
 *   [batch, labels, 2]: the weights for the label being present and being absent;
 * - dropout masks, parameters, and the two moments of each parameter;
 * - epsilon, and the rate and decay factor of each group, all float32 [].
 *
 * Outputs: loss and gradient_norm, float32 []; the next parameters and moments.
 */
export function buildTrainingStep(
  weights: EncoderWeights,
  model: TrainableModel,
  settings: AdamSettings,
): TrainingStep {
  const { graph, loss, gradients, parameters, dropoutSites } = lossAndGradients(weights, model)
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
 * Builds a training step without its update, for an engine that updates weights itself. Inputs are
 * those of a step without moments, rates and epsilon. Outputs are loss, float32 [], and the
 * gradient of each parameter.
 */
export function buildGradients(weights: EncoderWeights, model: TrainableModel): TensorGraph {
  const { graph, loss, gradients, parameters } = lossAndGradients(weights, model)
  graph.output('loss', loss)
  for (const [i, { name }] of parameters.entries()) {
    graph.output(stepNames.gradient(name), gradients[i]!)
  }
  return graph.finish()
}

/**
 * Builds the same classifier without dropout, loss or update, for evaluation. Inputs are those of a
 * step, parameters included; the output logits is float32 [batch, labels].
 */
export function buildEvaluation(weights: EncoderWeights, model: TrainableModel): TensorGraph {
  const graph = new GraphBuilder({ parameters: 'inputs' })
  const dropout = (states: Value): Value => states
  const logits = classifierLogits(graph, weights, { ...model, attention: 'fused', dropout })
  graph.output('logits', logits)
  return graph.finish()
}

/** Starts a graph with the loss of a batch and its gradient with respect to each parameter. */
function lossAndGradients(
  weights: EncoderWeights,
  model: TrainableModel,
): Pick<TrainingStep, 'parameters' | 'dropoutSites'> & {
  readonly graph: GraphBuilder
  readonly loss: Value
  /** One per parameter, in the same order. */
  readonly gradients: readonly Value[]
} {
  const graph = new GraphBuilder({ parameters: 'inputs' })
  const dropoutSites: DropoutSite[] = []
  const dropout = (states: Value): Value => {
    const name = `dropout:${dropoutSites.length}`
    dropoutSites.push({ name, perToken: states.shape.length === 3 })
    return op.multiply(graph, states, graph.input(name, 'float32', states.shape))
  }
  const outputs = { ...model, attention: 'decomposed', dropout } as const
  const { embedding, logits } = classifierOutputs(graph, weights, outputs)
  const entropy =
    model.link === 'sigmoid' ? binaryCrossEntropy(graph, logits) : crossEntropy(graph, logits)
  const { contrastTemperature: temperature } = model
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

/** The cross-entropy: the negated sum of the log probabilities times their targets, float32 []. */
function crossEntropy(graph: GraphBuilder, logits: Value): Value {
  const targets = graph.input('targets', 'float32', logits.shape)
  const weighted = op.multiply(graph, op.logSoftmax(graph, logits), targets) // [batch, labels]
  return op.scale(graph, op.reduceSum(graph, weighted, { axes: [0, 1], keepDims: false }), -1)
}

/**
 * The cross-entropy of independent labels: logits float32 [batch, labels] -> float32 []. The
 * sigmoid of a logit is the softmax of the logit and 0, whose logarithm stays exact for large
 * logits. Adds the input targets float32 [batch, labels, 2].
 */
export function binaryCrossEntropy(graph: GraphBuilder, logits: Value): Value {
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
      const decayFactor = graph.input(stepNames.decayFactor(group), 'float32', [])
      return [group, { rate, decayFactor, epsilon }]
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
  // As in BERT's own training, biases and the scales of layer normalisations do not decay.
  const weightDecay = value.shape.length > 1 ? 'applied' : 'none'
  const operands = { weight: value, gradient, first, second, factor }
  const next = adamStep(graph, operands, { ...update, weightDecay })
  graph.output(stepNames.next(name), next.weight)
  graph.output(stepNames.next(firstName), next.first)
  graph.output(stepNames.next(secondName), next.second)
}
