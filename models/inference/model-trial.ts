// Tries a model before it serves: it must answer texts of every length with finite numbers, and not
// be much slower than the model that it would replace. The trial also warms its workers for the
// first real batch.
import type { Classifier } from './classifier.ts'

/** Why a model failed its trial. */
export type TrialFailure = {
  readonly reason: 'not_finite' | 'too_slow' | 'unloadable'
  readonly message: string
}

export type TrialResult =
  | { readonly kind: 'passed'; readonly usPerToken: number }
  | { readonly kind: 'failed'; readonly failure: TrialFailure }

type TriedModel = Pick<Classifier, 'classifyWhenRoom' | 'tokenize'>

/** The lengths of a trial, and what it must not be slower than. */
export type TrialOptions = {
  readonly maxTokens: number
  readonly rivalUsPerToken?: number | undefined
  /** How many times as slow as the rival it may be. */
  readonly slowdownMax: number
}

/** Shorter texts say more about a model's fixed cost than about its pace. */
const timedLengthMin = 32

/** The small model of a cascade would hide what the full one does. */
const fullModel = { by: 'full' } as const

/** How often a model that seems too slow is tried again beside its rival. */
const slowRounds = 4

/**
 * Tries a model with one text of each length from 3 to `maxTokens`, doubling, as token ids int32
 * [tokens]. The quickest of the longer ones counts as its pace, since the machine is busy serving.
 * `rivalUsPerToken` is what the serving model took in its own trial.
 */
export async function tryModel(model: TriedModel, options: TrialOptions): Promise<TrialResult> {
  const { maxTokens, rivalUsPerToken, slowdownMax } = options
  // Ids of real words, since an embedding that is not finite shows only in texts that use it.
  const words = model.tokenize(probeText).ids
  let usPerToken = Infinity
  try {
    for (const length of trialLengths(maxTokens)) {
      const startMs = performance.now()
      const { result } = await model.classifyWhenRoom(idsOfLength(words, length), {
        ...fullModel,
        isFresh: true,
      })
      const outcome = await result
      if (outcome.kind === 'rejected') return failed('not_finite', outcome.error.message)
      if (length < Math.min(timedLengthMin, maxTokens)) continue
      usPerToken = Math.min(usPerToken, ((performance.now() - startMs) * 1_000) / length)
    }
    if (rivalUsPerToken !== undefined && usPerToken > slowdownMax * rivalUsPerToken) {
      const times = (usPerToken / rivalUsPerToken).toFixed(1)
      const message = `takes ${times} times as long as the serving model; ${slowdownMax} are allowed`
      return failed('too_slow', message)
    }
    return { kind: 'passed', usPerToken }
  } catch (error) {
    return failed('unloadable', error instanceof Error ? error.message : String(error))
  }
}

/**
 * As `tryModel`, beside a rival at work. A model that was opened with the priority `loading` has
 * normal priority afterwards. One that seems too slow is tried again at that priority, each time
 * against the rival's pace measured at that moment: on a busy machine a thread that waits for the
 * processor looks slow.
 */
export async function tryBeside(
  model: TriedModel & Pick<Classifier, 'raisePriority'>,
  options: Omit<TrialOptions, 'rivalUsPerToken'> & {
    /** The rival's pace as known, or measured now; undefined when it cannot be. */
    readonly paceOfRival: (when: 'known' | 'now') => Promise<number | undefined>
  },
): Promise<TrialResult> {
  const { paceOfRival, ...rest } = options
  let result = await tryModel(model, { ...rest, rivalUsPerToken: await paceOfRival('known') })
  model.raisePriority()
  for (let round = 0; round < slowRounds && seemsSlow(result); round++) {
    result = await tryModel(model, { ...rest, rivalUsPerToken: await paceOfRival('now') })
  }
  return result
}

function seemsSlow(result: TrialResult): boolean {
  return result.kind === 'failed' && result.failure.reason === 'too_slow'
}

function trialLengths(maxTokens: number): number[] {
  const lengths: number[] = []
  for (let length = 3; length < maxTokens; length *= 2) lengths.push(length)
  return [...lengths, maxTokens]
}

/** The special tokens around words of the probe text. */
function idsOfLength(words: Int32Array, length: number): Int32Array {
  const inner = words.subarray(1, -1)
  const ids = Int32Array.from({ length }, (_, at) => inner[at % inner.length]!)
  ids[0] = words[0]!
  ids[length - 1] = words.at(-1)!
  return ids
}

const probeText =
  'Where is my parcel? I ordered 3 items on 12/05 and paid $49.99. Danke für die schnelle Hilfe! ' +
  '¿Dónde está mi pedido? 我的包裹在哪里？ где моя посылка 🙂 http://example.org/order?id=42 CALL NOW'

function failed(reason: TrialFailure['reason'], message: string): TrialResult {
  return { kind: 'failed', failure: { reason, message } }
}
