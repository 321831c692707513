// Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365) of the log-odds of a label: the
// gradient with respect to the embedding layer, averaged on the straight way from a baseline to the
// text, times the way. The attributions add up to the difference of the log-odds at both ends.
import type { ModelVersion } from '../store/version-files.ts'
import {
  buildAttribution,
  buildEmbeddingLayer,
  type AttributableClassifier,
} from '../graph/attribution-graph.ts'
import { writeOnnx } from '../graph/onnx/onnx-writer.ts'
import { readPublishedClassifier } from '../graph/published-classifier.ts'
import { sessionOptions } from '../inference/session-options.ts'
import { InferenceSession, Tensor } from '../runtime/onnx-runtime.ts'
import { gaussLegendre } from './gauss-legendre.ts'
import type { OddsOptions } from './label-odds.ts'
import type { TokenPieces } from './token-pieces.ts'

/** Attributions in log-odds: positive where a token speaks for the label. */
export type IntegratedGradients = {
  /** Special tokens left out; they are the same in text and baseline, so they get 0. */
  readonly tokens: readonly number[]
  readonly steps: number
  /** The log-odds of the baseline, from which the attributions lead to those of the text. */
  readonly baselineLogOdds: number
  /**
   * How far the sum of the attributions is from the difference of the log-odds, as a share of
   * that difference.
   */
  readonly completenessGap: number
}

export type GradientModel = {
  /**
   * Explains ids int32 [tokens], special tokens included. The steps are doubled from 16 until the
   * completeness gap is at most 1 %, or to 512. Throws what `signal` aborts with.
   */
  readonly integrate: (
    ids: Int32Array,
    options: OddsOptions & { readonly signal?: AbortSignal | undefined },
  ) => Promise<IntegratedGradients>
  readonly close: () => Promise<void>
}

const stepsMin = 16
const stepsMax = 512
const gapMax = 0.01
/** A smaller difference of log-odds counts as this one, so that the gap stays finite. */
const differenceMin = 1e-6
/** Padded tokens of a run: the attention weights of all layers are kept for the gradient. */
const runTokensMax = 1_024

/** Whether the graph of a version is Winnow's own, so that it can be differentiated. */
export function hasGradients({ manifest }: Pick<ModelVersion, 'manifest'>): boolean {
  return manifest.method !== 'import' && manifest.precision === 'fp32'
}

/**
 * Opens the gradients of a version that `hasGradients`, computed by `threads` threads. The caller
 * closes it. Throws `graph_invalid`, and what ONNX Runtime throws.
 */
export async function openGradientModel(
  { manifest, modelPath }: Pick<ModelVersion, 'manifest' | 'modelPath'>,
  { tokens, threads }: { tokens: TokenPieces; threads: number },
): Promise<GradientModel> {
  const layerMeans = manifest.pooling === 'layer-means'
  const { encoder, head, normalize } = await readPublishedClassifier(modelPath, { layerMeans })
  const classifier: AttributableClassifier = {
    head,
    normalize,
    pooling: manifest.pooling === 'cls' ? 'cls' : 'mean',
    pooledLayers: layerMeans ? 'every' : 'last',
    temperature: manifest.temperature,
    link: manifest.task === 'multi-label' ? 'sigmoid' : 'softmax',
  }
  const open = (graph: Parameters<typeof writeOnnx>[0], name: string) =>
    InferenceSession.create(writeOnnx(graph, { name }), {
      ...sessionOptions,
      // One text is explained at a time, so its points are what can be shared out.
      intraOpNumThreads: threads,
    })
  const embedding = await open(buildEmbeddingLayer(encoder), 'embedding')
  const attribution = await open(buildAttribution(encoder, classifier), 'attribution')
  const sessions = { embedding, attribution, hidden: encoder.hidden, labels: head.to }
  return {
    integrate: (ids, options) => integrate(ids, { ...sessions, ...options, tokens }),
    close: async () => {
      await embedding.release()
      await attribution.release()
    },
  }
}

type Context = OddsOptions & {
  readonly embedding: InferenceSession
  readonly attribution: InferenceSession
  readonly hidden: number
  readonly labels: number
  readonly tokens: TokenPieces
  readonly signal?: AbortSignal | undefined
}

async function integrate(ids: Int32Array, context: Context): Promise<IntegratedGradients> {
  const { hidden, tokens } = context
  const text = await embed(ids, context) // [tokens, hidden]
  const baseline = await embed(baselineOf(ids, tokens), context)
  const ends = await logOddsAt([baseline, text], context)
  const difference = ends[1]! - ends[0]!
  for (let steps = stepsMin; ; steps *= 2) {
    const mean = await meanGradient({ text, baseline, steps }, context) // [tokens, hidden]
    const all = Array.from({ length: ids.length }, (_, token) => {
      let sum = 0
      for (let i = token * hidden; i < (token + 1) * hidden; i++) {
        sum += (text[i]! - baseline[i]!) * mean[i]!
      }
      return sum
    })
    const total = all.reduce((sum, attribution) => sum + attribution, 0)
    const gap = completenessGap(total, difference)
    if (gap > gapMax && steps < stepsMax) continue
    return {
      tokens: all.slice(tokens.prefix, all.length - tokens.suffix),
      steps,
      baselineLogOdds: ends[0]!,
      completenessGap: gap,
    }
  }
}

/** How far a sum of attributions is from the difference that it should be, as a share of that. */
export function completenessGap(total: number, difference: number): number {
  return Math.abs(total - difference) / Math.max(Math.abs(difference), differenceMin)
}

/** The special tokens of the text around padding tokens; without one, around tokens of id 0. */
function baselineOf(ids: Int32Array, { prefix, suffix, padId = 0 }: TokenPieces): Int32Array {
  return ids.slice().fill(padId, prefix, ids.length - suffix)
}

/** The gradient averaged over the way from baseline to text: float64 [tokens, hidden]. */
async function meanGradient(
  { text, baseline, steps }: { text: Float32Array; baseline: Float32Array; steps: number },
  context: Context,
): Promise<Float64Array> {
  const size = text.length
  const rowsMax = Math.max(1, Math.floor((runTokensMax * context.hidden) / size))
  const points = gaussLegendre(steps)
  const mean = new Float64Array(size)
  for (let from = 0; from < steps; from += rowsMax) {
    context.signal?.throwIfAborted()
    const rows = points.slice(from, from + rowsMax)
    const between = rows.map(({ at }) =>
      text.map((value, i) => baseline[i]! + at * (value - baseline[i]!)),
    )
    const { gradients } = await run(between, context)
    for (const [row, { weight }] of rows.entries()) {
      for (let i = 0; i < size; i++) mean[i]! += weight * gradients[row * size + i]!
    }
  }
  return mean
}

async function logOddsAt(points: Float32Array[], context: Context): Promise<Float32Array> {
  return (await run(points, context)).logOdds
}

/** Runs points float32 [tokens, hidden] as one batch. */
async function run(
  points: readonly Float32Array[],
  context: Context,
): Promise<{ logOdds: Float32Array; gradients: Float32Array }> {
  const { attribution, hidden, labels, target, link } = context
  const size = points[0]!.length
  const states = new Float32Array(points.length * size)
  for (const [row, point] of points.entries()) states.set(point, row * size)
  const oneHot = (index: number) =>
    new Tensor('float32', new Float32Array(labels).fill(1, index, index + 1), [1, labels])
  const isRelative = link === 'softmax' && labels > 1
  const results = await attribution.run({
    states: new Tensor('float32', states, [points.length, size / hidden, hidden]),
    label: oneHot(target),
    ...(isRelative && { other_label: oneHot(target === 0 ? 1 : 0) }),
  })
  return {
    logOdds: results['log_odds']!.data as Float32Array,
    gradients: results['gradients']!.data as Float32Array,
  }
}

/** The embedding layer of ids int32 [tokens]: float32 [tokens, hidden]. */
async function embed(ids: Int32Array, { embedding }: Context): Promise<Float32Array> {
  const inputs = { input_ids: new Tensor('int32', ids, [1, ids.length]) }
  return (await embedding.run(inputs))['states']!.data as Float32Array
}
