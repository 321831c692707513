// The options that say what is trained and how, for every function that trains: base, method, seed
// and recipe. It owns their meaning and the checks that need no data; the flags of the commands
// have the same names.
import { knownBase } from '../../models/bases/base-store.ts'
import { expectTfjsInstalled } from '../../models/graph/tfjs/tfjs-backend.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { checkedLayers, checkedMaxTokens } from '../../trainers/embeddings/training-limits.ts'
import type { GivenRecipe } from '../../trainers/encoder/few-examples.ts'
import type { Recipe, TrainingEngine } from '../../trainers/encoder/fine-tuning-task.ts'
import type { EncoderMethod } from '../../trainers/encoder/prepared-training.ts'
import type { TrainingMethod } from '../../trainers/runs/run-record.ts'

/** What of the recipe of fine-tuning differs from the default, for the methods partial and full. */
export type RecipeOptions = {
  /** Passes over the data. */
  readonly epochs?: number | undefined
  /** Texts per step. */
  readonly batch?: number | undefined
  /** Most padded tokens per step. */
  readonly batchTokens?: number | undefined
  /** The highest learning rate of the encoder. */
  readonly lr?: number | undefined
  /** The highest learning rate of the head. */
  readonly headLr?: number | undefined
  /** How learning rates fall. */
  readonly schedule?: Recipe['schedule'] | undefined
  /** The share of the steps in which learning rates rise. */
  readonly warmup?: number | undefined
  /** The factor on the learning rate per lower layer. */
  readonly layerDecay?: number | undefined
  /** The weight decay of matrices. */
  readonly weightDecay?: number | undefined
  /** The largest norm of the gradient. */
  readonly clip?: number | undefined
  /** The share of hidden states that is set to 0. */
  readonly dropout?: number | undefined
  /** The share of the target that is spread over all labels. */
  readonly labelSmoothing?: number | undefined
  /** `balanced` gives every label the same weight. */
  readonly classWeights?: Recipe['classWeighting'] | undefined
  /** Stop after so many epochs without improvement. */
  readonly patience?: number | undefined
  /** The number type of matrix products, with the engine onnx. */
  readonly products?: Recipe['products'] | undefined
  /** The weight of the contrastive loss. */
  readonly contrast?: number | undefined
  /** The temperature of the contrastive loss. */
  readonly contrastTemperature?: number | undefined
}

/** What is trained, and how. */
export type MethodOptions<Method extends string = TrainingMethod> = RecipeOptions & {
  /** The base encoder. Default `minilm-l6`. */
  readonly base?: string | undefined
  /**
   * `head` trains a classification head on the unchanged encoder, `partial` its top layers too,
   * `full` all layers. Default `head`.
   */
  readonly method?: Method | undefined
  /** partial: the number of top layers to train. Default: all but the lowest. */
  readonly layers?: number | undefined
  /** partial, full: the library that computes the steps. Default `onnx`. */
  readonly engine?: TrainingEngine | undefined
  /** The seed of every random choice. Default 1. */
  readonly seed?: number | undefined
  /** The tokens at which texts are truncated. Default: the base's limit. */
  readonly maxTokens?: number | undefined
  /** head: the layers whose hidden states it uses, `every` or `last`. Default `every`. */
  readonly pooledLayers?: string | undefined
}

/** The defaults of every command and function that trains. */
export const methodDefaults = { base: 'minilm-l6', method: 'head', seed: 1 } as const

/** The names of the options of the recipe. */
export const recipeOptionNames = [
  'epochs',
  'batch',
  'batchTokens',
  'lr',
  'headLr',
  'schedule',
  'warmup',
  'layerDecay',
  'weightDecay',
  'clip',
  'dropout',
  'labelSmoothing',
  'classWeights',
  'patience',
  'products',
  'contrast',
  'contrastTemperature',
] as const satisfies readonly (keyof RecipeOptions)[]

/** The part of a recipe that the options set. */
export function recipeOf(options: RecipeOptions): GivenRecipe {
  const { epochs, schedule, layerDecay, weightDecay, dropout, labelSmoothing, products } = options
  return {
    epochs,
    schedule,
    layerDecay,
    weightDecay,
    dropout,
    labelSmoothing,
    products,
    batchTexts: options.batch,
    batchTokensMax: options.batchTokens,
    encoderRate: options.lr,
    headRate: options.headLr,
    warmUpShare: options.warmup,
    clipNorm: options.clip,
    classWeighting: options.classWeights,
    patienceEpochs: options.patience,
    contrastWeight: options.contrast,
    contrastTemperature: options.contrastTemperature,
  }
}

/** The method of fine-tuning; the head has none. */
export function encoderMethodOf({ method, layers }: MethodOptions): EncoderMethod {
  return method === 'full' ? { kind: 'full' } : { kind: 'partial', layers }
}

/**
 * Options that the chosen method would not read are refused rather than ignored; `encoderOnly`
 * names further ones that the method head does not read.
 *
 * @throws WinnowError `usage`.
 */
export function refuseUnusedOptions<Options extends MethodOptions<string>>(
  options: Options,
  encoderOnly: readonly (keyof Options & string)[] = [],
): void {
  const { method = methodDefaults.method } = options
  const given = (names: readonly (keyof Options & string)[]): string[] =>
    names.filter((name) => options[name] !== undefined)
  const unread: Readonly<Record<string, readonly (keyof Options & string)[]>> = {
    head: [...encoderOnly, 'layers', 'engine', ...recipeOptionNames],
    partial: ['pooledLayers'],
    full: ['pooledLayers', 'layers'],
    // It compares the methods with their default settings.
    auto: ['pooledLayers', 'layers', 'engine', ...recipeOptionNames],
  }
  const [first] = given(unread[method] ?? [])
  if (first === undefined) return
  const flag = first.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new WinnowError('usage', `--${flag} has no meaning with --method ${method}; leave it out.`)
}

/**
 * Checks what can be known before data is read: the base, what it can read, the engine.
 *
 * @throws WinnowError `usage`, `base_not_found`, `engine_unavailable`.
 */
export async function checkMethod(
  options: MethodOptions<string>,
  { storeDir }: { storeDir: string },
): Promise<void> {
  const base = await knownBase({ name: options.base ?? methodDefaults.base, storeDir })
  checkedMaxTokens(base, options.maxTokens)
  if (options.method === 'partial') checkedLayers(base, options.layers)
  if (options.engine === 'tfjs') expectTfjsInstalled()
  if ((options.method ?? 'head') !== 'head' && 'deno' in process.versions) {
    const message =
      `The method ${options.method} needs memory that threads share, which Deno does not give to ` +
      'native code. Use the method head, or run this on Node.js.'
    throw new WinnowError('engine_unavailable', message)
  }
}
