// The trial of a model before it serves: it must answer texts of every length with finite numbers, and
// not much slower than the model that it would replace. The same batches warm its workers, so that the
// first real batch meets no cold one. What a failed trial leads to is the caller's.
import type { Classifier } from './classifier.ts'

/** Why a model was not taken. */
export type TrialFailure = {
  readonly reason: 'not_finite' | 'too_slow' | 'unloadable'
  readonly message: string
}

export type TrialResult =
  | { readonly kind: 'passed'; readonly usPerToken: number }
  | { readonly kind: 'failed'; readonly failure: TrialFailure }

type TriedModel = Pick<Classifier, 'classifyWhenRoom' | 'tokenize' | 'labels'>

/** The lengths and sizes of a trial, and what it must not be slower than. */
export type TrialOptions = {
  readonly maxTokens: number
  readonly batchTokens: number
  readonly rivalUsPerToken?: number | undefined
  /** Times as slow as the rival that are allowed. */
  readonly slowdownMax: number
}

/** Batches timed; the quickest counts, since the machine is busy serving. */
const timedBatches = 3

/**
 * Tries a model with token ids int32 [tokens] of lengths from 3 to `maxTokens`, doubling, and times a few
 * batches. `rivalUsPerToken` is what the serving model took in its own trial.
 */
export async function tryModel(model: TriedModel, options: TrialOptions): Promise<TrialResult> {
  const { maxTokens, rivalUsPerToken, slowdownMax } = options
  const timedTokens = Math.min(options.batchTokens, timedTokensMax)
  // Ids of real words: an embedding that is not finite shows up in what uses it.
  const words = model.tokenize(probeText).ids
  try {
    for (const length of trialLengths(maxTokens)) {
      const defect = await runBatch(model, { words, length, batchTokens: length })
      if (defect !== undefined) return failed('not_finite', defect)
    }
    const length = Math.min(maxTokens, timedLengthMax)
    let usPerToken = Infinity
    for (let batch = 0; batch < timedBatches; batch++) {
      const startMs = performance.now()
      const defect = await runBatch(model, { words, length, batchTokens: timedTokens })
      if (defect !== undefined) return failed('not_finite', defect)
      const tokens = textsOf(length, timedTokens) * length
      usPerToken = Math.min(usPerToken, ((performance.now() - startMs) * 1_000) / tokens)
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
 * The same beside a rival at work. A model that seems too slow is tried once more against the rival's pace
 * measured anew: both then share the machine with whatever it does now.
 */
export async function tryBeside(
  model: TriedModel,
  options: Omit<TrialOptions, 'rivalUsPerToken'> & {
    /** The rival's pace as known, or measured now; undefined when it cannot be. */
    readonly paceOfRival: (when: 'known' | 'now') => Promise<number | undefined>
  },
): Promise<TrialResult> {
  const { paceOfRival, ...rest } = options
  const first = await tryModel(model, { ...rest, rivalUsPerToken: await paceOfRival('known') })
  if (first.kind === 'passed' || first.failure.reason !== 'too_slow') return first
  return tryModel(model, { ...rest, rivalUsPerToken: await paceOfRival('now') })
}

/** Enough for a pace, and little of the time of a swap: 0.1 s of CPU time for MiniLM. */
const timedTokensMax = 128
const timedLengthMax = 64

function trialLengths(maxTokens: number): number[] {
  const lengths: number[] = []
  for (let length = 3; length < maxTokens; length *= 2) lengths.push(length)
  return [...lengths, maxTokens]
}

function textsOf(length: number, batchTokens: number): number {
  return Math.max(1, Math.floor(batchTokens / length))
}

/** Runs one batch; gives what is wrong with its answers. */
async function runBatch(
  model: Pick<Classifier, 'classifyWhenRoom'>,
  batch: { words: Int32Array; length: number; batchTokens: number },
): Promise<string | undefined> {
  const { words, length, batchTokens } = batch
  const pending = Array.from({ length: textsOf(length, batchTokens) }, async (_, text) => {
    const { result } = await model.classifyWhenRoom(idsOfLength(words, length, text))
    return result
  })
  const outcomes = await Promise.all(pending)
  const rejected = outcomes.find(({ kind }) => kind === 'rejected')
  return rejected?.kind === 'rejected' ? rejected.error.message : undefined
}

/** The special tokens around words of the probe text, a different run of them for each text. */
function idsOfLength(words: Int32Array, length: number, text: number): Int32Array {
  const inner = words.subarray(1, -1)
  const ids = Int32Array.from({ length }, (_, at) => inner[(at + text) % inner.length]!)
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
