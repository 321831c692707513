// Trials of the methods partial and full: each fine-tunes as `trainEncoder` does, on the same part
// of the training texts, and is judged on the rest. What they share is prepared once: the starting
// head, the tokens, a thread with the base, and the states of the same number of frozen layers.
import { join } from 'node:path'
import type { Base } from '../../models/bases/base-store.ts'
import type { Head } from '../../models/graph/encoder.ts'
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { labelTruth, trainingLabels, type Dataset } from '../data/dataset.ts'
import { checkedLayers } from '../embeddings/training-limits.ts'
import { recipeFor, type GivenRecipe } from '../encoder/few-examples.ts'
import type { Recipe } from '../encoder/fine-tuning-task.ts'
import { PreparedTraining, type EncoderMethod } from '../encoder/prepared-training.ts'
import { withValidation, type TrainEncoderProgress } from '../encoder/train-encoder.ts'
import { calibratedScores } from '../head/head-scores.ts'
import { startingHead } from '../head/starting-head.ts'
import { rememberedTimes } from './classify-time.ts'
import type { TrialEvaluator } from './run-study.ts'
import type { SearchSpace, TrialParameters } from './space/space.ts'
import type { TrialScores } from './study.ts'

export type EncoderTrialsOptions = {
  readonly method: EncoderMethod['kind']
  readonly train: Dataset
  readonly space: SearchSpace
  readonly base: Base
  readonly storeDir: string
  readonly seed: number
  readonly maxTokens: number
  readonly workers: number
  /** Whether `ms_per_text` is measured. Default false. */
  readonly isTimed?: boolean | undefined
  readonly onProgress?: ((progress: TrainEncoderProgress) => void) | undefined
}

/** The method and recipe that the parameters of a trial stand for; `{}` is the default. */
export function encoderSettings(
  kind: EncoderMethod['kind'],
  parameters: TrialParameters,
): {
  readonly method: EncoderMethod
  readonly recipe: GivenRecipe
  /** Absent, not undefined, for the tokens of the caller. */
  readonly maxTokens?: number
} {
  const settings = Object.entries(parameters).flatMap(([name, value]) => {
    const setting = recipeSettings.get(name)
    return setting === undefined ? [] : [[setting, value] as const]
  })
  // The search space lets only such values through.
  const recipe = Object.fromEntries(settings) as GivenRecipe
  const layers = parameters['layers'] as number | undefined
  const maxTokens = parameters['max-tokens'] as number | undefined
  const method = kind === 'full' ? { kind } : { kind, layers }
  return { method, recipe, ...(maxTokens === undefined ? {} : { maxTokens }) }
}

/** The settings of a recipe by the names of their parameters. */
const recipeSettings: ReadonlyMap<string, keyof Recipe> = new Map([
  ['lr', 'encoderRate'],
  ['head-lr', 'headRate'],
  ['epochs', 'epochs'],
  ['batch', 'batchTexts'],
  ['schedule', 'schedule'],
  ['warmup', 'warmUpShare'],
  ['layer-decay', 'layerDecay'],
  ['weight-decay', 'weightDecay'],
  ['clip', 'clipNorm'],
  ['dropout', 'dropout'],
  ['label-smoothing', 'labelSmoothing'],
  ['class-weights', 'classWeighting'],
  ['patience', 'patienceEpochs'],
  ['contrast', 'contrastWeight'],
  ['contrast-temperature', 'contrastTemperature'],
])

/** The evaluator of a method. The part to judge on is the one that `train` chooses the epoch by. */
export function encoderTrials(options: EncoderTrialsOptions): TrialEvaluator {
  const { train, seed } = options
  const labels = trainingLabels(train)
  const parts = withValidation({ train }, seed)
  const task = train.manifest.task ?? 'single-label'
  const truth = labelTruth(parts.validation, { labels, task })
  const preparations = new Preparations({ ...options, ...parts, dataset: train, labels })
  const timeOf = rememberedTimes({
    ...options,
    texts: parts.validation.examples.map(({ text }) => text),
  })
  return {
    defaults: {},
    async evaluate(asked, { onEpoch, signal }) {
      const settings = encoderSettings(options.method, asked === 'default' ? {} : asked)
      const { method, recipe: given, maxTokens = options.maxTokens } = settings
      const recipe = recipeFor(parts.train, { method: method.kind, given })
      const pruning = new AbortController()
      let scores: TrialScores | undefined
      const onProgress = (progress: TrainEncoderProgress): void => {
        options.onProgress?.(progress)
        // Epochs that the thread ends before it hears of the stop do not count.
        if (progress.kind !== 'epoch' || pruning.signal.aborted) return
        scores = scoresOf(progress)
        const isLast = progress.epoch === recipe.epochs
        if (onEpoch({ scores, isLast }) === 'stop') pruning.abort()
      }
      const { signal: stop } = pruning
      const prepared = await preparations.at(maxTokens, signal)
      const watch = {
        onProgress,
        signal: signal === undefined ? stop : AbortSignal.any([signal, stop]),
      }
      const result = await prepared.fineTune({ method, recipe }, watch).catch((error: unknown) => {
        const isPruned = stop.aborted && signal?.aborted !== true
        if (isPruned && error instanceof WinnowError && error.code === 'cancelled') return undefined
        throw error
      })
      if (result !== undefined && !stop.aborted) {
        const probabilities = result.validationProbabilities
        scores = scoresOf(calibratedScores(truth, { probabilities, labels: labels.length }))
      }
      const parameters = asked === 'default' ? defaultsOf(options, recipe) : asked
      const ms = options.isTimed ? await timeOf({ maxTokens }) : undefined
      return { scores: { ...scores!, ms_per_text: ms }, parameters }
    },
    close: () => preparations.close(),
  }
}

type PreparationsOptions = EncoderTrialsOptions & {
  readonly validation: Dataset
  /** Both parts. */
  readonly dataset: Dataset
  readonly labels: readonly string[]
}

/**
 * The trainings of the last length limit, ready for the next trial. Of others only the starting
 * heads stay, because tokens and threads take memory.
 */
class Preparations {
  readonly #options: PreparationsOptions
  readonly #heads = new Map<number, Head>()
  #encoder: EncoderWeights | undefined
  #last: { readonly maxTokens: number; readonly training: PreparedTraining } | undefined

  constructor(options: PreparationsOptions) {
    this.#options = options
  }

  async at(maxTokens: number, signal: AbortSignal | undefined): Promise<PreparedTraining> {
    if (this.#last?.maxTokens === maxTokens) return this.#last.training
    await this.close()
    const training = await PreparedTraining.open({
      ...this.#options,
      startsFrom: await this.#startingPoint(maxTokens, signal),
      toPredict: [],
      maxTokens,
    })
    this.#last = { maxTokens, training }
    return training
  }

  async close(): Promise<void> {
    const { training } = this.#last ?? {}
    this.#last = undefined
    await training?.close()
  }

  async #startingPoint(
    maxTokens: number,
    signal: AbortSignal | undefined,
  ): Promise<{ encoder: EncoderWeights; head: Head }> {
    const known = this.#heads.get(maxTokens)
    if (known !== undefined && this.#encoder !== undefined) {
      return { encoder: this.#encoder, head: known }
    }
    const { storeDir, labels } = this.#options
    const cacheDir = join(storeDir, 'embeddings')
    const fitted = await startingHead({ ...this.#options, cacheDir, maxTokens, signal }, labels)
    this.#heads.set(maxTokens, fitted.head)
    this.#encoder ??= fitted.encoder
    return { encoder: this.#encoder, head: fitted.head }
  }
}

function scoresOf(scores: {
  readonly accuracy: number
  readonly macroF1: number
  readonly logLoss: number
}): TrialScores {
  return { accuracy: scores.accuracy, macro_f1: scores.macroF1, log_loss: scores.logLoss }
}

/** The values that the default recipe has for the parameters of a space. */
function defaultsOf(
  { space, base, maxTokens }: EncoderTrialsOptions,
  recipe: Recipe,
): TrialParameters {
  return Object.fromEntries(
    space.map(({ name }) => {
      const setting = recipeSettings.get(name)
      if (setting !== undefined) return [name, recipe[setting]]
      return [name, name === 'max-tokens' ? maxTokens : checkedLayers(base, undefined)]
    }),
  )
}
