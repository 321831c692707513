// Publishes a trained classifier as a model version: writes encoder and head as one graph, and
// checks it against the trainer on real texts before it is visible. train-head.ts and
// train-encoder.ts train; models/store/version-store.ts writes the version atomically.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Abstention } from '../../models/store/abstention-rule.ts'
import type { Base } from '../../models/bases/base-store.ts'
import { openClassifier } from '../../models/inference/classifier.ts'
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import { buildClassifier, type Head, type PooledLayers } from '../../models/graph/encoder.ts'
import { layOutWeights, writeWeights } from '../../models/graph/onnx/external-weights.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import type { TensorGraph } from '../../models/graph/tensors/tensor-graph.ts'
import type { Manifest } from '../../models/store/manifest.ts'
import { loadTokenizer } from '../../models/tokenizers/tokenizer.ts'
import {
  readVersion,
  weightsFileName,
  type ModelVersion,
} from '../../models/store/version-files.ts'
import { listVersions, writeVersion } from '../../models/store/version-store.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { isOfSets, type TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import { servedPadding } from '../embeddings/frozen-encoder.ts'
import type { EvaluatedOn } from '../evaluation/measured-on.ts'
import { explainMistakes } from './explain-mistakes.ts'
import type { TrainingMethod } from './run-record.ts'
import { renderReportHtml, type ReportContent, type ReportHeading } from '../report/report-html.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

/** Texts with the trainer's probabilities, float32 [texts, labels]. */
export type VerificationTexts = {
  readonly texts: readonly string[]
  readonly probabilities: Float32Array
}

/** A trained classifier with everything that its version stores. */
export type ClassifierToPublish = {
  readonly storeDir: string
  readonly name: string
  readonly base: Base
  readonly method: TrainingMethod
  readonly encoder: EncoderWeights
  readonly head: Head
  readonly pooledLayers: PooledLayers
  readonly labels: readonly string[]
  readonly maxTokens: number
  readonly workers: number
  readonly run: string
  readonly evaluation: TaskEvaluation
  /** For the manifest only; the head is already calibrated. */
  readonly calibration?: Manifest['calibration']
  readonly abstain?: Abstention | undefined
  /** The thresholds of a multi-label classifier. */
  readonly thresholds?: readonly number[] | undefined
  readonly evaluatedOn: EvaluatedOn
  /** The description of these texts. */
  readonly measuredOn: string
  /** What the report shows besides the scores; the mistakes are not explained yet. */
  readonly report: ReportContent & Pick<ReportHeading, 'suspicious' | 'trained'>
  /** The training texts, by which the work on explanations is bounded. */
  readonly trainedTexts: readonly { readonly text: string }[]
  readonly verification: VerificationTexts
}

/** A version, and the mistakes in its report with their explanations. */
export type PublishedClassifier = {
  readonly version: ModelVersion
  readonly confused: ReportContent['confused']
}

/** The number of training texts on which the written model is compared with the trainer. */
const verifiedTextsMax = 512

/** The indices of the training examples on which they are compared, chosen by the seed. */
export function verificationSample(examples: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: examples }, (_, index) => index)
  return seededRandom(seed).shuffle(order).subarray(0, verifiedTextsMax)
}

/** The fraction of texts on which the written model and the trainer must agree. */
const agreementMin = 0.999
/** If two probabilities are closer than this, rounding may swap the labels; that still agrees. */
const probabilityTie = 1e-4

/**
 * Writes the version. The same weights give the same model.onnx to the byte. A run has one version:
 * if it was killed right after publishing, the same run gets the version that it published.
 *
 * @throws WinnowError `model_incompatible` if the graph disagrees with the trainer; and the errors
 * of the store and the runtime.
 */
export async function publishClassifier(draft: ClassifierToPublish): Promise<PublishedClassifier> {
  const published = await versionOfRun(draft)
  if (published === undefined) return writeClassifier(draft)
  return { version: published, confused: await explainedBy(published, draft) }
}

/** The mistakes of the report with explanations by the version. */
async function explainedBy(
  version: ModelVersion,
  { report, trainedTexts, workers }: ClassifierToPublish,
): Promise<ReportContent['confused']> {
  const { confused } = report
  if (confused === undefined) return undefined
  return explainMistakes(confused, { version, workers, readTexts: trainedTexts })
}

/** The version that the run has already published, if any. */
async function versionOfRun({
  storeDir,
  name,
  run,
}: ClassifierToPublish): Promise<ModelVersion | undefined> {
  const listed = await listVersions({ storeDir, name })
  const own = listed.find((each) => each.state === 'readable' && each.manifest.trainingRun === run)
  return own && readVersion(own.dir)
}

async function writeClassifier(draft: ClassifierToPublish): Promise<PublishedClassifier> {
  const { base, labels, maxTokens, pooledLayers, evaluation, evaluatedOn, measuredOn } = draft
  const { normalize, pooling } = base
  const padding = { padding: servedPadding, normalize, pooling, pooledLayers }
  const { thresholds } = draft
  const graph = buildClassifier(draft.encoder, draft.head, {
    ...padding,
    link: thresholds === undefined ? 'softmax' : 'sigmoid',
  })
  const scratch = await mkdtemp(join(tmpdir(), 'winnow-classifier-'))
  try {
    const { modelPath, weightsPath } = await writeGraph(graph, draft, scratch)
    await verifyAgreement(modelPath, draft)
    let confused: ReportContent['confused']
    const version = await writeVersion({
      storeDir: draft.storeDir,
      name: draft.name,
      manifest: {
        labels: [...labels],
        base: base.name,
        method: draft.method,
        precision: 'fp32',
        maxTokens,
        pooling: pooledLayers === 'every' ? 'layer-means' : base.pooling,
        hidden: draft.head.from,
        metrics: { evaluatedOn, measuredOn, ...headlineScores(evaluation) },
        trainingRun: draft.run,
        calibration: draft.calibration,
        abstain: draft.abstain,
        ...(thresholds && { task: 'multi-label', thresholds: [...thresholds] }),
      },
      model: { path: modelPath },
      weights: weightsPath === undefined ? undefined : { path: weightsPath },
      tokenizer: { path: base.tokenizerPath },
      textsOf: async (pending) => {
        const { ref, manifest } = pending
        confused ??= await explainedBy(pending, draft)
        const heading = { title: `${ref}: evaluation`, made: manifest.created, ...draft.report }
        return { 'report.html': await renderReportHtml(evaluation, { ...heading, confused }) }
      },
    })
    return { version, confused }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * Writes the graph. The weights of an unchanged encoder go into a separate file, which all heads on
 * that encoder share. The graph contains the hash of that file, so that it cannot be combined with
 * other weights.
 */
async function writeGraph(
  graph: TensorGraph,
  { method, labels, base }: ClassifierToPublish,
  dir: string,
): Promise<{ modelPath: string; weightsPath: string | undefined }> {
  const modelPath = join(dir, 'model.onnx')
  const metadata = { labels: JSON.stringify(labels), base: base.name }
  if (method !== 'head') {
    await writeFile(modelPath, writeOnnx(graph, { name: 'classifier', metadata }))
    return { modelPath, weightsPath: undefined }
  }
  const weights = layOutWeights(graph, (name) => !name.startsWith('head/'))
  const weightsPath = join(dir, weightsFileName)
  await writeWeights(weightsPath, weights)
  const model = writeOnnx(graph, {
    name: 'classifier',
    metadata: { ...metadata, weightsSha256: weights.sha256 },
    weights: { places: weights.places, location: weightsFileName },
  })
  await writeFile(modelPath, model)
  return { modelPath, weightsPath }
}

/** The part of an evaluation that the manifest stores: scores without tables. */
export function headlineScores(evaluation: TaskEvaluation): Record<string, unknown> {
  const { examples, accuracy, macroF1, weightedF1, logLoss, brier, ece } = evaluation
  const { rocAuc, averagePrecision, intervals } = evaluation
  const shared = { examples, accuracy, macroF1, weightedF1, logLoss, brier, ece }
  const areas = { rocAuc, averagePrecision, intervals }
  if (isOfSets(evaluation)) {
    const { microF1, samplesF1, hammingLoss, rankingAveragePrecision } = evaluation
    return { ...shared, microF1, samplesF1, hammingLoss, rankingAveragePrecision, ...areas }
  }
  const { mcc, topK } = evaluation
  return { ...shared, mcc, topK, ...areas }
}

/** Classifies texts with the written graph as serving does, and compares the labels. */
async function verifyAgreement(modelPath: string, draft: ClassifierToPublish): Promise<void> {
  const { base, labels, maxTokens, workers, verification, thresholds } = draft
  const tokenizer = loadTokenizer({ json: await readFile(base.tokenizerPath) })
  const classifier = await openClassifier({
    modelPath,
    labels,
    tokenizer,
    maxTokens,
    workers,
    thresholds,
  })
  let agreeing = 0
  let row = 0
  try {
    for await (const { outcome } of classifier.classifyAll(verification.texts)) {
      const start = row++ * labels.length
      const expected = verification.probabilities.subarray(start, start + labels.length)
      if (outcome.kind === 'rejected') continue
      if (thresholds !== undefined) {
        const served = new Set(outcome.labels)
        const agrees = expected.every(
          (probability, at) =>
            served.has(labels[at]!) === probability >= thresholds[at]! ||
            Math.abs(probability - thresholds[at]!) <= probabilityTie,
        )
        if (agrees) agreeing++
        continue
      }
      const served = expected[labels.indexOf(outcome.label)] ?? 0
      const best = expected.reduce((most, probability) => Math.max(most, probability), 0)
      if (best - served <= probabilityTie) agreeing++
    }
  } finally {
    await classifier.close()
  }
  const agreement = agreeing / Math.max(1, row)
  if (agreement >= agreementMin) return
  throw new WinnowError(
    'model_incompatible',
    `The written model agrees with the trainer on only ${agreeing} of ${row} texts, so ` +
      'it was not stored. Please report this as a bug.',
    { details: { agreeing, texts: row } },
  )
}
