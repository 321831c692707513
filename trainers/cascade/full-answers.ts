// Asks a version about many texts, as it serves: the labels and probabilities, the token ids, and
// the processor time that it takes.
import { openVersionModel } from '../../models/inference/version-model.ts'
import { mapInOrder } from '../../models/runtime/map-in-order.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** What is asked. */
export type AskOptions = {
  readonly version: ModelVersion
  readonly workers: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((count: { done: number; total: number }) => void) | undefined
}

/** A text, with its label if it is known. */
type AskedText = { readonly text: string; readonly label?: string | undefined }

/** What the full model says of texts. */
export type FullAnswers = {
  /** Token ids int32 [tokens] of each text. */
  readonly ids: readonly Int32Array[]
  /** float32 [texts, labels]. */
  readonly probabilities: Float32Array
  /** int32 [texts]: the most probable label. */
  readonly labels: Int32Array
  /** int32 [texts]: the known label, -1 where there is none; undefined if no text has one. */
  readonly truth: Int32Array | undefined
  /** Processor time in microseconds, tokenizing included. */
  readonly usPerText: number
}

/** Texts that wait for an earlier one. */
const windowMax = 1_024

/**
 * Asks the version without its small model.
 *
 * @throws WinnowError `dataset_invalid` for a label that the version does not have; `cancelled`;
 * `model_incompatible` for a text without a finite result.
 */
export async function fullAnswers(
  texts: readonly AskedText[],
  options: AskOptions,
): Promise<FullAnswers> {
  const names = options.version.manifest.labels
  const places = new Map(names.map((name, at) => [name, at]))
  const isKnown = texts.some(({ label }) => label !== undefined)
  const truth = Int32Array.from(texts, ({ label }) => {
    const place = label === undefined ? -1 : places.get(label)
    if (place !== undefined) return place
    const message = `${options.version.ref} does not know the label '${label}'.`
    throw new WinnowError('dataset_invalid', message)
  })
  const width = names.length
  const ids: Int32Array[] = []
  const probabilities = new Float32Array(texts.length * width)
  const labels = new Int32Array(texts.length)
  const { usPerText } = await answers(texts, {
    ...options,
    answers: 'full',
    onAnswer(at, answer) {
      ids.push(answer.ids)
      probabilities.set(answer.probabilities, at * width)
      labels[at] = largestOf(answer.probabilities)
    },
  })
  return { ids, probabilities, labels, truth: isKnown ? truth : undefined, usPerText }
}

/** Asks the version as it serves, for the time that it takes. */
export async function timedAnswers(
  texts: readonly AskedText[],
  options: AskOptions,
): Promise<{ readonly usPerText: number }> {
  return answers(texts, options)
}

type Answer = { readonly ids: Int32Array; readonly probabilities: Float32Array }

async function answers(
  texts: readonly AskedText[],
  options: AskOptions & {
    readonly answers?: 'full' | undefined
    readonly onAnswer?: ((at: number, answer: Answer) => void) | undefined
  },
): Promise<{ readonly usPerText: number }> {
  const { version, workers, signal } = options
  const { classifier } = await openVersionModel({ version, workers, answers: options.answers })
  let done = 0
  try {
    const before = process.cpuUsage()
    const all = mapInOrder(
      texts,
      async ({ text }) => {
        const { ids } = classifier.tokenize(text)
        const { result } = await classifier.classifyWhenRoom(ids)
        return { result: result.then((outcome) => ({ ids, outcome })) }
      },
      { windowMax },
    )
    for await (const { ids, outcome } of all) {
      if (signal?.aborted === true) throw new WinnowError('cancelled', 'The build was cancelled.')
      if (outcome.kind === 'rejected') {
        const message = `${version.ref} has no result for text ${done + 1}: ${outcome.error.message}`
        throw new WinnowError('model_incompatible', message)
      }
      options.onAnswer?.(done, { ids, probabilities: outcome.probabilities })
      done++
      options.onProgress?.({ done, total: texts.length })
    }
    const { user, system } = process.cpuUsage(before)
    return { usPerText: (user + system) / Math.max(1, texts.length) }
  } finally {
    await classifier.close()
  }
}

function largestOf(values: Float32Array): number {
  let best = 0
  for (let at = 1; at < values.length; at++) if (values[at]! > values[best]!) best = at
  return best
}
