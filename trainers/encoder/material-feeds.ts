// The texts of a training material as inputs of training graphs. They stay open from one training
// to the next, because opening the states of frozen layers hashes the weights below them.
// text-feeds.ts makes the inputs.
import type { EncodedTexts } from '../embeddings/encoded-texts.ts'
import type { TrainingMaterial } from './fine-tuning-task.ts'
import { feedsAt, idFeeds, stateFeeds, type TextFeeds } from './text-feeds.ts'
import type { BatchLimits } from './token-batches.ts'

/** The lists of texts of a material. */
export type FedTexts = Readonly<Record<'train' | 'validation' | 'toPredict', TextFeeds>>

/** Opens feeds on first use; the caller closes them all together. */
export class MaterialFeeds {
  readonly #material: TrainingMaterial
  readonly #opened = new Map<number, { readonly fed: FedTexts; readonly close: () => void }>()

  constructor(material: TrainingMaterial) {
    this.#material = material
  }

  /** Feeds token ids, or the hidden states of so many frozen layers. */
  async at(frozenLayers: number, options: FreezingOptions): Promise<FedTexts> {
    const opened = this.#opened.get(frozenLayers) ?? (await this.#open(frozenLayers, options))
    this.#opened.set(frozenLayers, opened)
    return opened.fed
  }

  close(): void {
    for (const { close } of this.#opened.values()) close()
    this.#opened.clear()
  }

  async #open(
    frozenLayers: number,
    options: FreezingOptions,
  ): Promise<{ fed: FedTexts; close: () => void }> {
    const { train, validation, toPredict, sharedStates: shared } = this.#material
    const open: TextFeeds[] = []
    const opened = async (texts: EncodedTexts): Promise<TextFeeds> => {
      const feeds = await this.#feedsOf(texts, { ...options, frozenLayers })
      open.push(feeds)
      return feeds
    }
    const close = (): void => {
      for (const feeds of open) feeds.close()
    }
    try {
      if (shared === undefined || frozenLayers === 0) {
        const fed = {
          train: await opened(train.texts),
          validation: await opened(validation.texts),
          toPredict: await opened(toPredict),
        }
        return { fed, close }
      }
      const all = await opened(shared.texts)
      const fed = {
        train: feedsAt(all, shared.train),
        validation: feedsAt(all, shared.validation),
        toPredict: feedsAt(all, shared.toPredict),
      }
      return { fed, close }
    } catch (error) {
      close()
      throw error
    }
  }

  #feedsOf(
    texts: EncodedTexts,
    { onProgress, ...options }: FreezingOptions & { frozenLayers: number },
  ): Promise<TextFeeds> {
    if (options.frozenLayers === 0) return Promise.resolve(idFeeds(texts))
    const total = texts.offsets.length - 1
    const watched = { onProgress: (done: number) => onProgress(done, total) }
    return stateFeeds(texts, { ...this.#material, ...options, ...watched })
  }
}

type FreezingOptions = {
  readonly limits: BatchLimits
  /** Called while states are computed, with the texts that are done; it may throw. */
  readonly onProgress: (done: number, total: number) => void
}
