// What fine-tunings of one base on the same texts share: the weights, the starting head, the tokens
// and a thread with them. `train` uses it for one training, `tune` for all trials. The thread is
// fine-tuning-thread.ts.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Base } from '../../models/bases/base-store.ts'
import type { Head } from '../../models/graph/encoder.ts'
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import { loadTokenizer } from '../../models/tokenizers/tokenizer.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { labelTruth, type Dataset, type LabelTruth } from '../data/dataset.ts'
import { packTexts, type EncodedTexts } from '../embeddings/encoded-texts.ts'
import { checkedLayers } from '../embeddings/training-limits.ts'
import { classWeightsOf } from './class-weights.ts'
import type {
  FineTuningResult,
  SharedStates,
  TrainingEngine,
  TrainingMaterial,
  TrainingPlan,
} from './fine-tuning-task.ts'
import { FineTuningThread, type FollowedTraining } from './fine-tuning-thread.ts'

/** Trains all layers, or only the top `layers` with the head; the default is all but the lowest. */
export type EncoderMethod =
  { readonly kind: 'full' } | { readonly kind: 'partial'; readonly layers?: number | undefined }

/** What a training starts from, and on what. */
export type PreparedTrainingOptions = {
  readonly base: Base
  readonly labels: readonly string[]
  readonly train: Dataset
  readonly validation: Dataset
  /** Texts that the best weights are applied to in the end. */
  readonly toPredict: readonly string[]
  /** Holds all parts, if the states of frozen layers are to be kept for all of its texts. */
  readonly dataset?: Dataset | undefined
  readonly startsFrom: { readonly encoder: EncoderWeights; readonly head: Head }
  readonly seed: number
  readonly engine?: TrainingEngine | undefined
  readonly maxTokens: number
  readonly workers: number
  readonly storeDir: string
}

/** One training. */
export type PreparedPlan = Pick<TrainingPlan, 'recipe' | 'checkpoint'> & {
  readonly method: EncoderMethod
}

/** Fine-tunes as often as it is asked to, one training at a time. */
export class PreparedTraining {
  readonly #base: Base
  readonly #material: TrainingMaterial
  #thread: FineTuningThread | undefined

  /** The base's tokenizer reads the texts; the thread starts with the first training. */
  static async open(options: PreparedTrainingOptions): Promise<PreparedTraining> {
    const json = await readFile(options.base.tokenizerPath)
    return new PreparedTraining(options.base, materialOf(options, json))
  }

  private constructor(base: Base, material: TrainingMaterial) {
    this.#base = base
    this.#material = material
  }

  /**
   * The result depends on the plan, not on trainings before it.
   *
   * @throws WinnowError the errors of `fineTune`; `usage` for layers that the base does not have.
   */
  async fineTune(
    { method, recipe, checkpoint }: PreparedPlan,
    followed: FollowedTraining,
  ): Promise<FineTuningResult> {
    const { train, head } = this.#material
    const plan = {
      frozenLayers: frozenLayersOf(method, this.#base),
      recipe,
      checkpoint,
      classWeights: classWeightsOf(train.truth, {
        labels: head.to,
        weighting: recipe.classWeighting,
      }),
    }
    this.#thread ??= new FineTuningThread(this.#material)
    try {
      return await this.#thread.train(plan, followed)
    } catch (error) {
      // After any other failure, the next training has a thread of its own.
      if (!(error instanceof WinnowError) || error.code !== 'cancelled') await this.close()
      throw error
    }
  }

  /** Ends the thread and frees its memory. */
  async close(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.close()
  }
}

/** The layers that stay as they are; throws `usage` for layers that the base does not have. */
export function frozenLayersOf(method: EncoderMethod, base: Base): number {
  return method.kind === 'full' ? 0 : base.layers - checkedLayers(base, method.layers)
}

function materialOf(options: PreparedTrainingOptions, tokenizerJson: Buffer): TrainingMaterial {
  const { base, labels, train, validation, toPredict, dataset, startsFrom } = options
  const { maxTokens, seed, engine, workers, storeDir } = options
  const tokenizer = loadTokenizer({ json: tokenizerJson })
  // A text that is in several lists is read once.
  const read = new Map<string, Int32Array>()
  const idsOf = (text: string): Int32Array => {
    const ids = read.get(text) ?? tokenizer.encode(text, { maxTokens }).ids
    read.set(text, ids)
    return ids
  }
  const encode = (texts: readonly string[]): EncodedTexts => packTexts(texts.map(idsOf))
  const task = train.manifest.task ?? 'single-label'
  const labelled = (set: Dataset): { texts: EncodedTexts } & LabelTruth => ({
    texts: encode(textsOf(set)),
    ...labelTruth(set, { labels, task }),
  })
  return {
    weights: startsFrom.encoder,
    head: startsFrom.head,
    normalize: base.normalize,
    pooling: base.pooling,
    train: labelled(train),
    validation: labelled(validation),
    toPredict: encode(toPredict),
    seed,
    engine,
    threads: workers,
    statesDir: join(storeDir, 'frozen-states'),
    sharedStates:
      dataset &&
      sharedStates(encode, {
        all: textsOf(dataset),
        train: textsOf(train),
        validation: textsOf(validation),
        toPredict,
      }),
  }
}

/** The places of texts among all, by their content. */
function sharedStates(
  encode: (texts: readonly string[]) => EncodedTexts,
  lists: Record<'all' | 'train' | 'validation' | 'toPredict', readonly string[]>,
): SharedStates {
  const placeOf = new Map(lists.all.map((text, place) => [text, place]))
  const placesOf = (texts: readonly string[]): Int32Array =>
    Int32Array.from(texts, (text) => placeOf.get(text)!)
  const { train, validation, toPredict } = lists
  return {
    texts: encode(lists.all),
    train: placesOf(train),
    validation: placesOf(validation),
    toPredict: placesOf(toPredict),
  }
}

function textsOf({ examples }: Dataset): string[] {
  return examples.map(({ text }) => text)
}
