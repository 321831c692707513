// Labels texts with a model version, without Kafka. classify-file.ts makes the results, for the
// command `classify` too.
import { cleanText } from '../models/cleaning/clean-text.ts'
import { openVersionModel } from '../models/inference/version-model.ts'
import { openVersion } from '../models/store/version-store.ts'
import { WinnowError } from '../schemas/errors.ts'
import { deviceOf, workersOf } from '../serving/model.ts'
import {
  classifyRows,
  type ClassifiedLine,
  type InputRow,
} from '../trainers/evaluation/classify-file.ts'
import type { EmptyLine } from '../trainers/evaluation/text-rows.ts'
import { isEmptyText } from '../trainers/files/source-row.ts'
import { resolveContext, type WinnowOptions } from './context.ts'

/** The options of {@link openClassifier}. */
export type OpenClassifierOptions = WinnowOptions & {
  /** NAME, NAME@VERSION or NAME@champion. */
  readonly model: string
  /** Called when the processor takes over for a GPU that does not work (inference.fallback). */
  readonly onFallback?: ((message: string) => void) | undefined
}

/** A label with its probabilities, or why a text has none: it is empty. */
export type TextResult = ClassifiedLine | EmptyLine

/** An open model. It holds threads and memory until it is closed. */
export type TextClassifier = {
  /** `name@version`. */
  readonly model: string
  /** The labels that it knows. */
  readonly labels: readonly string[]
  /** Labels one text. Throws `usage` if nothing is left of it after cleaning. */
  classify(text: string): Promise<ClassifiedLine>
  /** Labels a stream of texts: in their order, in bounded memory, in batches. */
  classifyAll(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<TextResult>
  /** Ends the threads. */
  close(): Promise<void>
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens a model to label many texts. The same text gives the same bytes, alone or in a batch.
 *
 * @throws WinnowError `model_not_found`, `model_corrupt`, `model_incompatible`, `session_failed`.
 *
 * @example
 * await using classifier = await openClassifier({ model: 'tickets' })
 * const { label, score } = await classifier.classify('Where is my parcel?')
 */
export async function openClassifier(options: OpenClassifierOptions): Promise<TextClassifier> {
  const { config, paths } = await resolveContext(options)
  const version = await openVersion({ ref: options.model, storeDir: paths.store })
  const { classifier } = await openVersionModel({
    version,
    workers: workersOf(config.inference),
    device: deviceOf(config.inference, options.onFallback),
    batchTokens: config.inference.batchTokens,
    abstention: config.inference.abstain,
  })
  const clean = (text: string): string => cleanText(text, config.cleaning.steps)
  const classifyAll = async function* (
    texts: Iterable<string> | AsyncIterable<string>,
  ): AsyncGenerator<TextResult> {
    for await (const { line } of classifyRows(classifier, rowsOf(texts, clean))) yield line
  }
  const close = (): Promise<void> => classifier.close()
  return {
    model: version.ref,
    labels: classifier.labels,
    classifyAll,
    async classify(text) {
      for await (const line of classifyAll([text])) {
        if ('label' in line) return line
      }
      throw new WinnowError('usage', 'The text is empty, or nothing of it is left after cleaning.')
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function* rowsOf(
  texts: Iterable<string> | AsyncIterable<string>,
  clean: (text: string) => string,
): AsyncGenerator<InputRow> {
  let number = 0
  for await (const given of texts) {
    number++
    const text = clean(given)
    yield { id: String(number), place: `text ${number}`, text, isEmpty: isEmptyText(text) }
  }
}

/** The options of {@link classify}. */
export type ClassifyOptions = OpenClassifierOptions & {
  /** The texts to label. */
  readonly texts: Iterable<string> | AsyncIterable<string>
}

/**
 * Labels texts, with one result per text in their order. It opens the model and closes it; to label
 * texts again and again, open it once with `openClassifier`.
 *
 * @throws WinnowError as `openClassifier`.
 *
 * @example
 * const texts = ['Where is my parcel?', 'I was charged twice']
 * for (const result of await classify({ model: 'tickets', texts })) {
 *   if ('label' in result) console.log(result.id, result.label, result.score)
 * }
 */
export async function classify(options: ClassifyOptions): Promise<TextResult[]> {
  const classifier = await openClassifier(options)
  try {
    const results: TextResult[] = []
    for await (const result of classifier.classifyAll(options.texts)) results.push(result)
    return results
  } finally {
    await classifier.close()
  }
}
