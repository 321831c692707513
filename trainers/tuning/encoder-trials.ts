// Trials of the methods partial and full: each fine-tunes as `trainEncoder` does, on the same part
// of the training texts, and is judged on the rest. The starting head is fitted once, and trials
// with the same number of frozen layers share the states of these layers.
import { join } from 'node:path'
import type { Base } from '../../models/bases/base-store.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { trainingLabels, type Dataset } from '../data/dataset.ts'
import { checkedLayers } from '../embeddings/training-limits.ts'
import { recipeFor, type GivenRecipe } from '../encoder/few-examples.ts'
import type { Recipe } from '../encoder/fine-tuning-task.ts'
import {
  trainEncoderOnly,
  withValidation,
  type EncoderMethod,
  type TrainEncoderProgress,
} from '../encoder/train-encoder.ts'
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
  const { train, storeDir, seed } = options
  const labels = trainingLabels(train)
  const parts = withValidation({ train }, seed)
  const cacheDir = join(storeDir, 'embeddings')
  const startsFrom = startingHeads({ ...options, ...parts, cacheDir }, labels)
  const timeOf = rememberedTimes({
    ...options,
    texts: parts.validation.examples.map(({ text }) => text),
  })
  return {
    defaults: {},
    async evaluate(asked, { onEpoch, signal }) {
      const settings = encoderSettings(options.method, asked === 'default' ? {} : asked)
      const { method, recipe, maxTokens = options.maxTokens } = settings
      const used = recipeFor(parts.train, { method: method.kind, given: recipe })
      const pruning = new AbortController()
      let scores: TrialScores | undefined
      const onProgress = (progress: TrainEncoderProgress): void => {
        options.onProgress?.(progress)
        // Epochs that the thread ends before it hears of the stop do not count.
        if (progress.kind !== 'epoch' || pruning.signal.aborted) return
        scores = scoresOf(progress)
        const isLast = progress.epoch === used.epochs
        if (onEpoch({ scores, isLast }) === 'stop') pruning.abort()
      }
      const { signal: stop } = pruning
      const fitted = await trainEncoderOnly({
        ...options,
        ...parts,
        dataset: train,
        labels,
        startsFrom: await startsFrom(maxTokens, signal),
        method,
        recipe,
        maxTokens,
        name: 'tune',
        onProgress,
        signal: signal === undefined ? stop : AbortSignal.any([signal, stop]),
      }).catch((error: unknown) => {
        const isPruned = stop.aborted && signal?.aborted !== true
        if (isPruned && error instanceof WinnowError && error.code === 'cancelled') return undefined
        throw error
      })
      if (fitted !== undefined && !stop.aborted) scores = scoresOf(fitted.evaluated.evaluation)
      const parameters = asked === 'default' ? defaultsOf(options, used) : asked
      const ms = options.isTimed ? await timeOf({ maxTokens }) : undefined
      return { scores: { ...scores!, ms_per_text: ms }, parameters }
    },
  }
}

/** The starting head for a length limit, which is fitted on first use. */
function startingHeads(
  options: Omit<Parameters<typeof startingHead>[0], 'signal'>,
  labels: readonly string[],
): (maxTokens: number, signal: AbortSignal | undefined) => ReturnType<typeof startingHead> {
  const fitted = new Map<number, Awaited<ReturnType<typeof startingHead>>>()
  return async (maxTokens, signal) => {
    const head =
      fitted.get(maxTokens) ?? (await startingHead({ ...options, maxTokens, signal }, labels))
    fitted.set(maxTokens, head)
    return head
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
