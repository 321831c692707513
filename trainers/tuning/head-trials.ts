// Trials of the method head: texts are embedded once, and each trial fits heads on the same folds.
// A trial is judged like a strength of regularisation in `trainHead`: on held-out folds.
import type { Base } from '../../models/bases/base-store.ts'
import type { PooledLayers } from '../../models/graph/encoder.ts'
import { labelTruth, trainingLabels, type Dataset } from '../data/dataset.ts'
import type { EmbeddedTexts, EmbeddingProgress } from '../embeddings/embed-texts.ts'
import { openFrozenEncoder } from '../embeddings/frozen-encoder.ts'
import type { FitProgress } from '../head/fit-progress.ts'
import {
  judgeStrengths,
  type ClassWeighting,
  type RegularisationTrial,
} from '../head/logistic-regression.ts'
import { innerFolds } from '../head/train-head.ts'
import { rememberedTimes } from './classify-time.ts'
import type { TrialEvaluator } from './run-study.ts'
import type { SearchSpace, TrialParameters } from './space/space.ts'

/** The parameters as `trainHead` takes them. Absent ones have its defaults. */
export type HeadSettings = {
  readonly grid?: readonly number[] | undefined
  readonly classWeighting?: ClassWeighting | undefined
  readonly pooledLayers?: PooledLayers | undefined
  /** Absent, not undefined, for the tokens of the caller. */
  readonly maxTokens?: number
}

export type HeadTrialsOptions = {
  readonly train: Dataset
  readonly space: SearchSpace
  readonly base: Base
  /** Folder of the embedding cache. */
  readonly cacheDir: string
  readonly seed: number
  readonly maxTokens: number
  readonly workers: number
  /** Whether `ms_per_text` is measured. Default false. */
  readonly isTimed?: boolean | undefined
  readonly onProgress?: ((progress: HeadTrialProgress) => void) | undefined
}

export type HeadTrialProgress =
  | ({ readonly kind: 'embedding'; readonly part: 'train' } & EmbeddingProgress)
  | ({ readonly kind: 'fitting' } & FitProgress)

/** Kinds of embeddings in memory; 5,000 texts with every layer take 54 MB. Others are on disk. */
const embeddedMax = 4

/** Folds on which trials are judged, as many as `trainHead` chooses C on. */
const folds = 3

/** The evaluator of the method head. Embeddings stay in memory between trials. */
export function headTrials(options: HeadTrialsOptions): TrialEvaluator {
  const { train, seed } = options
  const labels = trainingLabels(train)
  const task = train.manifest.task ?? 'single-label'
  const truth = labelTruth(train, { labels, task })
  const foldOf = innerFolds(train, { folds, seed })
  const embedded = new Map<string, EmbeddedTexts>()
  const timeOf = rememberedTimes({ ...options, texts: train.examples.map(({ text }) => text) })
  return {
    defaults: {},
    async evaluate(parameters, { signal }) {
      const settings = parameters === 'default' ? {} : headSettings(parameters)
      const { pooledLayers = 'every', maxTokens = options.maxTokens } = settings
      const key = `${maxTokens}/${pooledLayers}`
      const graph = { pooledLayers, maxTokens }
      const texts = embedded.get(key) ?? (await embed({ ...options, ...graph }, signal))
      embedded.set(key, texts)
      if (embedded.size > embeddedMax) embedded.delete(embedded.keys().next().value!)
      const { rows, width } = texts
      const judged = await judgeStrengths({
        training: {
          features: { rows, count: train.examples.length, width },
          labels: labels.length,
          ...truth,
        },
        foldOf,
        grid: settings.grid,
        classWeighting: settings.classWeighting,
        signal,
        onFit: (progress) => options.onProgress?.({ kind: 'fitting', ...progress }),
      })
      const { accuracy, macroF1, logLoss } = judged
      return {
        scores: {
          accuracy,
          macro_f1: macroF1,
          log_loss: logLoss,
          ms_per_text: options.isTimed ? await timeOf(graph) : undefined,
        },
        parameters: parameters === 'default' ? defaultsOf(options, judged) : parameters,
      }
    },
  }
}

/** The settings that the parameters of a trial stand for. */
export function headSettings(parameters: TrialParameters): HeadSettings {
  const { c } = parameters
  const maxTokens = parameters['max-tokens'] as number | undefined
  return {
    // The search space lets only these values through.
    grid: c === undefined ? undefined : [c as number],
    classWeighting: parameters['class-weights'] as ClassWeighting | undefined,
    pooledLayers: parameters['pooled-layers'] as PooledLayers | undefined,
    ...(maxTokens === undefined ? {} : { maxTokens }),
  }
}

/** The values that the default recipe has for the parameters of a space. */
function defaultsOf(
  { space, maxTokens }: HeadTrialsOptions,
  { inverseRegularisation }: RegularisationTrial,
): TrialParameters {
  const defaults: TrialParameters = {
    c: inverseRegularisation,
    'class-weights': 'none',
    'pooled-layers': 'every',
    'max-tokens': maxTokens,
  }
  const names = new Set(space.map(({ name }) => name))
  return Object.fromEntries(Object.entries(defaults).filter(([name]) => names.has(name)))
}

async function embed(
  options: HeadTrialsOptions & { readonly pooledLayers: PooledLayers },
  signal: AbortSignal | undefined,
): Promise<EmbeddedTexts> {
  const encoder = await openFrozenEncoder(options)
  const texts = options.train.examples.map(({ text }) => text)
  const onProgress = (progress: EmbeddingProgress): void =>
    options.onProgress?.({ kind: 'embedding', part: 'train', ...progress })
  return encoder.embed(texts, { onProgress, signal }).finally(() => encoder.close())
}
