// Builds a cascade: fits a small model to what the full model says of the training texts, chooses
// on held-out texts when it may answer, and writes both as a new version of the same name.
import { join } from 'node:path'
import { createSmallModel, type SmallModelParts } from '../../models/cascade/small-model.ts'
import { readSmallModel, writeSmallModel } from '../../models/cascade/small-model-file.ts'
import { readTokenizer } from '../../models/inference/version-model.ts'
import { openVersionEncoder } from '../../models/inference/version-encoder.ts'
import { sha256OfBytes } from '../../models/runtime/file-hash.ts'
import { smallModelFileName, type CascadeSection } from '../../models/store/cascade-section.ts'
import { weightsFileName, type ModelVersion } from '../../models/store/version-files.ts'
import { writeVersion } from '../../models/store/version-store.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { fitTemperature } from '../evaluation/calibration.ts'
import { stratifiedFolds } from '../data/split.ts'
import {
  answeredBySmall,
  chooseRule,
  fitRightCurves,
  type RightCurves,
  type SmallPredictions,
} from './answer-rule.ts'
import { fullAnswers, timedAnswers, type FullAnswers } from './full-answers.ts'
import { fitSmallModel, type StaticVectors } from './fit-small-model.ts'
import { textsNeeded } from './risk-bound.ts'
import { noVectors, staticVectors } from './static-vectors.ts'
import { logitRows, predictionsOf, softmaxOf } from './small-predictions.ts'

/** A text, with its label if it is known. */
export type CascadeText = { readonly text: string; readonly label?: string | undefined }

/** How far the build is. */
export type CascadeProgress = {
  readonly kind: 'cascade'
  readonly step: 'training texts' | 'held-out texts' | 'tokens' | 'fits' | 'check'
  readonly done: number
  readonly total: number
}

/** What a cascade is built from. */
export type BuildCascadeOptions = {
  readonly storeDir: string
  /** The full model; not multi-label, and no cascade itself. */
  readonly version: ModelVersion
  /** Texts to fit the small model on; the full model may have been trained on them. */
  readonly training: readonly CascadeText[]
  /** Other texts, which the full model was not trained on: all with labels, or none. */
  readonly heldOut: readonly CascadeText[]
  /** The most accuracy that may be lost, as a fraction of all texts, such as 0.002. */
  readonly risk: number
  /** The confidence with which that holds, such as 0.95. */
  readonly confidence: number
  readonly seed: number
  readonly workers: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: CascadeProgress) => void) | undefined
}

/** What was built. */
export type BuiltCascade = {
  readonly version: ModelVersion
  readonly cascade: CascadeSection
  /** The fraction of held-out texts to which small and full model give the same label. */
  readonly agreement: number
  /** The accuracy of the small model alone; undefined without labels. */
  readonly smallAccuracy: number | undefined
  readonly training: number
  readonly smallModelBytes: number
  /** Processor time per held-out text in microseconds, tokenizing included. */
  readonly usPerText: { readonly full: number; readonly cascade: number }
}

/** Parts of the training texts: each is predicted by a small model that has not seen it. */
const folds = 3
/** What a known label counts against the probabilities of the full model. */
const labelShare = 0.5

/**
 * Builds the cascade and writes its version.
 *
 * @throws WinnowError `model_incompatible` for a version that cannot have one, `dataset_invalid` if
 * there are too few held-out texts, or the small model may answer none of them; `cancelled`.
 */
export async function buildCascade(options: BuildCascadeOptions): Promise<BuiltCascade> {
  const { version, heldOut, risk, confidence } = options
  requireSingle(version)
  requireEnough(heldOut.length, { risk, confidence })
  const { labels } = version.manifest
  const ask = (
    texts: readonly CascadeText[],
    step: CascadeProgress['step'],
  ): Promise<FullAnswers> =>
    fullAnswers(texts, { ...options, onProgress: progressOf(options, step) })
  const training = await ask(options.training, 'training texts')
  const held = await ask(heldOut, 'held-out texts')
  const fits = await fitAll(options, training)
  const file = writeSmallModel(fits.final)
  // As it will be read: rounded to what the file holds.
  const small = createSmallModel(readSmallModel(file, { labels: labels.length }))
  const { temperature } = fits
  const predicted = predictionsOf(logitRows(held.ids, small), temperature)
  const truth = held.truth
  const right = (label: number, text: number): boolean => label === (truth ?? held.labels)[text]
  // Without labels, the full model counts as right.
  const lost = Array.from(
    predicted.labels,
    (label, text) => !right(label, text) && right(held.labels[text]!, text),
  )
  const rule = chooseRule(
    { ...predicted, lost },
    { curves: fits.curves, outOfFold: fits.outOfFold, risk, confidence },
  )
  if (rule === undefined || rule.answered === 0) throw noneAnswered(options)
  const isAnswered = answeredBySmall(predicted, rule.thresholds)
  const count = heldOut.length
  const share = (holds: (text: number) => boolean): number =>
    heldOut.filter((_, text) => holds(text)).length / count
  const cascade: CascadeSection = {
    sha256: sha256OfBytes(Buffer.from(file)),
    full: version.ref,
    temperature,
    thresholds: [...rule.thresholds],
    answered: rule.answered,
    risk: {
      max: risk,
      confidence,
      bound: rule.bound,
      counted: truth === undefined ? 'different answers' : 'wrong answers',
      texts: count,
      lost: rule.lost,
    },
    accuracy:
      truth === undefined
        ? null
        : {
            full: share((text) => right(held.labels[text]!, text)),
            cascade: share((text) =>
              right((isAnswered[text] === true ? predicted : held).labels[text]!, text),
            ),
          },
  }
  const written = await writeCascade(options, { cascade, file })
  const check = await timedAnswers(heldOut, {
    ...options,
    version: written,
    onProgress: progressOf(options, 'check'),
  })
  return {
    version: written,
    cascade,
    agreement: share((text) => predicted.labels[text] === held.labels[text]),
    smallAccuracy:
      truth === undefined ? undefined : share((text) => right(predicted.labels[text]!, text)),
    training: options.training.length,
    smallModelBytes: file.length,
    usPerText: { full: held.usPerText, cascade: check.usPerText },
  }
}

function progressOf(
  { onProgress }: BuildCascadeOptions,
  step: CascadeProgress['step'],
): (count: { done: number; total: number }) => void {
  return (count) => onProgress?.({ kind: 'cascade', step, ...count })
}

function requireSingle({ ref, manifest }: ModelVersion): void {
  const why =
    manifest.task === 'multi-label'
      ? 'gives several labels to a text'
      : manifest.cascade !== undefined
        ? `is a cascade already; build from ${manifest.cascade.full}`
        : undefined
  if (why === undefined) return
  throw new WinnowError('model_incompatible', `${ref} cannot get a small model: it ${why}.`)
}

function requireEnough(
  texts: number,
  { risk, confidence }: Pick<BuildCascadeOptions, 'risk' | 'confidence'>,
): void {
  const needed = textsNeeded(risk, confidence)
  if (texts >= needed) return
  throw new WinnowError(
    'dataset_invalid',
    `${counted(texts, 'held-out text')} cannot show that at most ${points(risk)} are lost with ` +
      `${confidence * 100} % confidence: that takes at least ${counted(needed, 'text')}. Give more ` +
      'texts by --held-out, a larger --risk or a smaller --confidence.',
    { details: { texts, needed } },
  )
}

function noneAnswered({ version, risk, confidence }: BuildCascadeOptions): WinnowError {
  return new WinnowError(
    'dataset_invalid',
    `No version was written: there are no texts that a small model could answer for ${version.ref} ` +
      `and lose at most ${points(risk)} with ${confidence * 100} % confidence. Give more training ` +
      'or held-out texts, or a larger --risk.',
  )
}

function points(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(3))} points of accuracy`
}

/** The small model fitted on all training texts, and what tells how sure it may be. */
type Fits = {
  readonly final: SmallModelParts
  readonly temperature: number
  readonly curves: RightCurves
  readonly outOfFold: SmallPredictions
}

async function fitAll(options: BuildCascadeOptions, training: FullAnswers): Promise<Fits> {
  const { version, seed, signal } = options
  const { labels } = version.manifest
  const width = labels.length
  const { ids, truth } = training
  const vectors = await vectorsOf(options, ids)
  const targets = targetsOf(training, width)
  const report = progressOf(options, 'fits')
  const fit = (texts: readonly number[]): SmallModelParts => {
    const chosen = new Float32Array(texts.length * width)
    for (const [row, text] of texts.entries()) {
      chosen.set(targets.subarray(text * width, (text + 1) * width), row * width)
    }
    const fitted = texts.map((text) => ids[text]!)
    return fitSmallModel({ texts: fitted, targets: chosen, labels: width, vectors, seed, signal })
  }
  // Texts without a label are spread by the label of the full model.
  const known = Int32Array.from(training.labels, (label, at) => truth?.[at] ?? label)
  const examples = options.training.map(({ text }, at) => ({ text, label: labels[known[at]!]! }))
  const foldOf = stratifiedFolds(examples, { folds, seed })
  const every = ids.map((_, at) => at)
  const logits = new Float64Array(ids.length * width)
  for (let fold = 0; fold < folds; fold++) {
    report({ done: fold, total: folds + 1 })
    const small = createSmallModel(fit(every.filter((at) => foldOf[at] !== fold)))
    for (const [at, text] of ids.entries()) {
      if (foldOf[at] === fold) logits.set(small.logits(text), at * width)
    }
  }
  report({ done: folds, total: folds + 1 })
  const rows = { logits, labels: width }
  const probabilities = softmaxOf(rows)
  const temperature = fitTemperature({ truth: known, probabilities, labels: width })
  const outOfFold = predictionsOf(rows, temperature)
  const right = Array.from(outOfFold.labels, (label, at) => label === known[at])
  const curves = fitRightCurves(outOfFold, { right, labelCount: width })
  const final = fit(every)
  report({ done: folds + 1, total: folds + 1 })
  return { final, temperature, curves, outOfFold }
}

/** float32 [texts, labels]: the full model's probabilities, and the label where it is known. */
function targetsOf({ probabilities, truth }: FullAnswers, labels: number): Float32Array {
  if (truth === undefined) return probabilities
  return probabilities.map((probability, at) => {
    const known = truth[Math.floor(at / labels)]!
    if (known < 0) return probability
    return (1 - labelShare) * probability + labelShare * Number(known === at % labels)
  })
}

/** Static vectors by the encoder of the version; an imported one has none. */
async function vectorsOf(
  options: BuildCascadeOptions,
  texts: readonly Int32Array[],
): Promise<StaticVectors> {
  const { version, workers, signal } = options
  if (version.manifest.method === 'import') return noVectors
  const { vocabularySize: vocabulary } = await readTokenizer(version)
  const encoder = await openVersionEncoder({ version, workers })
  try {
    const onProgress = progressOf(options, 'tokens')
    return await staticVectors({ encoder, vocabulary, texts, signal, onProgress })
  } finally {
    await encoder.close()
  }
}

async function writeCascade(
  { storeDir, version }: BuildCascadeOptions,
  { cascade, file }: { cascade: CascadeSection; file: Uint8Array },
): Promise<ModelVersion> {
  const { manifest, dir } = version
  const { metrics, weightsSha256 } = manifest
  const { labels, base, method, precision, maxTokens, pooling, hidden, trainingRun } = manifest
  const { temperature, calibration, abstain, batching, tokenizerEngine } = manifest
  const { pairedText, quantised } = manifest
  const measured = metrics['measuredOn']
  return writeVersion({
    storeDir,
    name: version.name,
    manifest: {
      ...{ labels, base, method, precision, maxTokens, pooling, hidden, trainingRun },
      ...{ temperature, calibration, abstain, batching, tokenizerEngine, pairedText, quantised },
      metrics:
        typeof measured === 'string'
          ? { ...metrics, measuredOn: `${measured}, by ${version.ref} without a small model` }
          : metrics,
      cascade,
    },
    model: { path: version.modelPath },
    weights: weightsSha256 === undefined ? undefined : { path: join(dir, weightsFileName) },
    tokenizer: { path: version.tokenizerPath },
    extras: { [smallModelFileName]: { bytes: file } },
  })
}
