// Makes an int8 version of a model version: quantises its graph on texts, measures both on other
// texts, and writes the new version if the two agree. models/graph/int8/ computes the graph.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildClassifier } from '../../models/graph/encoder.ts'
import { quantiseImported } from '../../models/graph/int8/imported-layers.ts'
import { quantiseLayers } from '../../models/graph/int8/quantise-layers.ts'
import { withInt8Layers } from '../../models/graph/int8/int8-layers.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import { readPublishedClassifier } from '../../models/graph/published-classifier.ts'
import type { QuantisedFrom } from '../../models/store/manifest.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { writeVersion } from '../../models/store/version-store.ts'
import { loadTokenizer } from '../../models/tokenizers/tokenizer.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Dataset } from '../data/dataset.ts'
import { servedPadding } from '../embeddings/frozen-encoder.ts'
import { evaluateModel, versionProbabilities } from '../evaluation/evaluate-version.ts'
import type { EvaluatedOn } from '../evaluation/measured-on.ts'
import { headlineScores } from '../runs/publish-classifier.ts'
import { renderReportHtml } from '../report/report-html.ts'
import { accuracyLossMax, agreementMin, agreementOf, keeps } from './agreement.ts'

/** How far a quantisation is. */
export type QuantiseProgress =
  | { readonly kind: 'quantising'; readonly done: number; readonly total: number }
  | { readonly kind: 'classifying'; readonly done: number; readonly total: number }

/** What is quantised, and on which texts. */
export type QuantiseVersionOptions = {
  readonly storeDir: string
  /** A version in fp32 that Winnow trained. */
  readonly version: ModelVersion
  /** The texts from which the scales are chosen. Labels are not used. */
  readonly calibration: readonly { readonly text: string }[]
  /** The texts on which both versions are measured. */
  readonly measured: Dataset
  readonly measuredOn: string
  readonly evaluatedOn: EvaluatedOn
  /** Whether a version is also written if it is not close to the original. Default `close`. */
  readonly accept?: 'close' | 'any' | undefined
  readonly workers: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: QuantiseProgress) => void) | undefined
}

/** The new version; none if it is too far from the original. */
export type QuantisedVersion = QuantisedFrom & {
  readonly version: ModelVersion | undefined
  readonly seconds: number
}

/** More texts do not change the scales noticeably. */
const calibrationTextsMax = 256

/**
 * Writes the version in int8 under the next number of its name. It is close to the original if its
 * labels are the same on 99 % of the texts and its accuracy is at most 0.2 points lower. The same
 * version and texts give the same file.
 *
 * @throws WinnowError `model_incompatible` if the version is not one that can be quantised;
 * `cancelled`; and what evaluateModel and the store throw.
 */
export async function quantiseVersion(options: QuantiseVersionOptions): Promise<QuantisedVersion> {
  const { version, measured, workers, signal, onProgress } = options
  const startMs = performance.now()
  requireFloat(version)
  const scratch = await mkdtemp(join(tmpdir(), 'winnow-int8-'))
  try {
    const modelPath = join(scratch, 'model.onnx')
    await writeFile(modelPath, await int8Model(options))
    const total = 2 * measured.examples.length
    const compare = (one: ModelVersion, before: number): Promise<Float32Array> =>
      versionProbabilities({
        version: one,
        dataset: measured,
        workers,
        signal,
        onProgress: ({ done }) => onProgress?.({ kind: 'classifying', done: before + done, total }),
      })
    const exact = await compare(version, 0)
    const rounded = await compare({ ...version, modelPath }, measured.examples.length)
    const found = agreementOf({ exact, rounded, dataset: measured, version })
    const from = { from: version.ref, graphSha256: version.manifest.graphSha256, ...found }
    const seconds = (): number => (performance.now() - startMs) / 1_000
    if (options.accept !== 'any' && !keeps(found))
      return { ...from, version: undefined, seconds: seconds() }
    const written = await writeInt8(options, { modelPath, from })
    return { ...from, version: written, seconds: seconds() }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function requireFloat({ ref, manifest }: ModelVersion): void {
  if (manifest.cascade !== undefined) {
    const message =
      `${ref} is a cascade, whose small model answers many texts. Quantise the version that it was ` +
      'made from, and build the cascade from the int8 version.'
    throw new WinnowError('model_incompatible', message)
  }
  if (manifest.precision === 'fp32') return
  const message = `${ref} is already ${manifest.precision}; quantise a version in fp32.`
  throw new WinnowError('model_incompatible', message)
}

/** The bytes of the quantised graph. */
async function int8Model(options: QuantiseVersionOptions): Promise<Uint8Array> {
  const { version, calibration, signal, onProgress } = options
  const { manifest, modelPath, tokenizerPath } = version
  const tokenizer = loadTokenizer({ json: await readFile(tokenizerPath) })
  const count = Math.min(calibration.length, calibrationTextsMax)
  const texts = Array.from({ length: count }, (_, at) => {
    const { text } = calibration[Math.floor((at * calibration.length) / count)]!
    return tokenizer.encode(text, { maxTokens: manifest.maxTokens }).ids
  })
  const progress = {
    signal,
    onProgress: ({ done, of: total }: { done: number; of: number }) =>
      onProgress?.({ kind: 'quantising', done, total }),
  }
  if (manifest.method === 'import') {
    return quantiseImported(await readFile(modelPath), texts, progress)
  }
  const layerMeans = manifest.pooling === 'layer-means'
  const { encoder, head, normalize } = await readPublishedClassifier(modelPath, { layerMeans })
  const graph = buildClassifier(encoder, head, {
    padding: servedPadding,
    normalize,
    pooling: manifest.pooling === 'layer-means' ? undefined : manifest.pooling,
    pooledLayers: layerMeans ? 'every' : 'last',
    link: manifest.task === 'multi-label' ? 'sigmoid' : 'softmax',
  })
  const quantised = await quantiseLayers(graph, texts, progress)
  const metadata = { labels: JSON.stringify(manifest.labels), base: manifest.base }
  return writeOnnx(withInt8Layers(graph, quantised), { name: 'classifier', metadata })
}

async function writeInt8(
  options: QuantiseVersionOptions,
  { modelPath, from }: { modelPath: string; from: QuantisedFrom },
): Promise<ModelVersion> {
  const { version, measured, measuredOn, evaluatedOn, workers, signal } = options
  const { labels, base, method, maxTokens, pooling, hidden, trainingRun } = version.manifest
  const { temperature, calibration, abstain, task, thresholds } = version.manifest
  const { batching, tokenizerEngine, pairedText } = version.manifest
  const int8 = { ...version, modelPath }
  const evaluation = await evaluateModel({ version: int8, dataset: measured, workers, signal })
  return writeVersion({
    storeDir: options.storeDir,
    name: version.name,
    manifest: {
      labels,
      base,
      method,
      maxTokens,
      pooling,
      hidden,
      trainingRun,
      temperature,
      calibration,
      abstain,
      task,
      thresholds,
      batching,
      tokenizerEngine,
      pairedText,
      precision: 'int8',
      quantised: from,
      metrics: { evaluatedOn, measuredOn, ...headlineScores(evaluation) },
    },
    model: { path: modelPath },
    tokenizer: { path: version.tokenizerPath },
    textsOf: async ({ ref, manifest: { created } }) => ({
      'report.html': await renderReportHtml(evaluation, {
        title: `${ref}: evaluation`,
        made: created,
        measuredOn,
        facts: [
          ['Precision', `int8, quantised from ${version.ref}`],
          ['Labels agree', agreementText(from)],
        ],
      }),
    }),
  })
}

/** The agreement in words, such as `99.6 % of 1,076 texts, accuracy 91.9 % (fp32: 91.8 %)`. */
export function agreementText({
  texts,
  agreement,
  accuracy,
  accuracyBefore,
}: QuantisedFrom): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
  return (
    `${percent(agreement)} of ${counted(texts, 'text')} get the same label as in fp32; ` +
    `accuracy ${percent(accuracy)}, in fp32 ${percent(accuracyBefore)}`
  )
}

/** The rule in words. */
export const agreementRule =
  `the labels must agree on ${100 * agreementMin} % of the texts, and accuracy may fall by ` +
  `${(100 * accuracyLossMax).toFixed(1)} points`
