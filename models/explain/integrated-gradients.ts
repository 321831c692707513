// Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365) of the log-odds of a label: the
// gradient with respect to the embedding layer, averaged on the straight way from a baseline to the
// text by clenshaw-curtis.ts, times the way. The attributions add up to the difference of the
// log-odds at both ends.
import type { ModelVersion } from '../store/version-files.ts'
import {
  buildAttribution,
  buildEmbeddingLayer,
  type AttributableClassifier,
} from '../graph/attribution-graph.ts'
import { writeOnnx } from '../graph/onnx/onnx-writer.ts'
import { readPublishedClassifier } from '../graph/published-classifier.ts'
import { sessionOptions } from '../runtime/session-options.ts'
import { InferenceSession, Tensor } from '../runtime/onnx-runtime.ts'
import { quadraturePoints } from './clenshaw-curtis.ts'
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
  const { tokens } = context
  const text = await embed(ids, context) // [tokens, hidden]
  const baseline = await embed(baselineOf(ids, tokens), context)
  const way: Way = { text, baseline, known: new Map() }
  for (let steps = stepsMin; ; steps *= 2) {
    await addPoints(way, steps, context)
    const attributions = averageOver(way, steps)
    const [start, end] = [way.known.get(0)!, way.known.get(stepsMax)!]
    const total = attributions.reduce((sum, attribution) => sum + attribution, 0)
    const gap = completenessGap(total, end.logOdds - start.logOdds)
    if (gap > gapMax && steps < stepsMax) continue
    return {
      tokens: attributions.slice(tokens.prefix, attributions.length - tokens.suffix),
      steps,
      baselineLogOdds: start.logOdds,
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

/** The straight way from the baseline to the text, with what is known at its points. */
type Way = {
  /** float32 [tokens, hidden] each. */
  readonly text: Float32Array
  readonly baseline: Float32Array
  /** By place, from 0 at the baseline to `stepsMax` at the text. */
  readonly known: Map<number, KnownPoint>
}

type KnownPoint = {
  readonly logOdds: number
  /** The gradient times the whole way, summed for each token: float64 [tokens]. */
  readonly products: Float64Array
}

/** Computes the points of Clenshaw-Curtis quadrature with `steps` steps that are not known yet. */
async function addPoints(way: Way, steps: number, context: Context): Promise<void> {
  const { text, baseline, known } = way
  const rowsMax = Math.max(1, Math.floor((runTokensMax * context.hidden) / text.length))
  const missing = quadraturePoints(steps)
    .map(({ at }, index) => ({ at, place: (index * stepsMax) / steps }))
    .filter(({ place }) => !known.has(place))
  for (let from = 0; from < missing.length; from += rowsMax) {
    context.signal?.throwIfAborted()
    const points = missing.slice(from, from + rowsMax)
    const between = points.map(({ at }) =>
      text.map((value, i) => baseline[i]! + at * (value - baseline[i]!)),
    )
    const { logOdds, gradients } = await run(between, context)
    for (const [row, { place }] of points.entries()) {
      const gradient = gradients.subarray(row * text.length, (row + 1) * text.length)
      const products = tokenProducts(gradient, { ...way, hidden: context.hidden })
      known.set(place, { logOdds: logOdds[row]!, products })
    }
  }
}

/** The gradient float32 [tokens, hidden] times the way, summed over its width. */
function tokenProducts(
  gradient: Float32Array,
  { text, baseline, hidden }: Way & { hidden: number },
): Float64Array {
  return Float64Array.from({ length: gradient.length / hidden }, (_, token) => {
    let sum = 0
    for (let i = token * hidden; i < (token + 1) * hidden; i++) {
      sum += (text[i]! - baseline[i]!) * gradient[i]!
    }
    return sum
  })
}

/** The attribution of each token by quadrature with `steps` steps. */
function averageOver({ known }: Way, steps: number): number[] {
  const points = quadraturePoints(steps).map(({ weight }, index) => ({
    weight,
    products: known.get((index * stepsMax) / steps)!.products,
  }))
  return Array.from(points[0]!.products, (_, token) =>
    points.reduce((sum, { weight, products }) => sum + weight * products[token]!, 0),
  )
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
