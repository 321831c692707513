// Classifies texts with one model: logits from the workers, calibrated probabilities from logits.
// It owns the meaning of a row of logits; inference.ts owns batching and threads. In a cascade it
// asks the small model first, before a text is queued.
import type { AnsweredBy } from '../../schemas/classification.ts'
import { noneLabel } from '../../schemas/classification.ts'
import type { EventError } from '../../schemas/errors.ts'
import { WinnowError } from '../../schemas/errors.ts'
import {
  defaultOutOfScopeScore,
  outOfScopeScore,
  type Abstention,
  type AbstentionMode,
} from '../store/abstention-rule.ts'
import type { RowResult, SubmitOptions } from './batcher.ts'
import {
  openInference,
  type Inference,
  type InferenceOptions,
  type InferenceStats,
  type Tokenized,
} from './inference.ts'
import { labelSet, sigmoid } from './label-set.ts'
import { mapInOrder } from '../runtime/map-in-order.ts'
import type { SureModel } from '../cascade/sure-answer.ts'
import type { Work } from '../runtime/sliced-work.ts'

export type ClassifierOptions = InferenceOptions & {
  /** In the order of the logits. */
  readonly labels: readonly string[]
  /** Divides the logits before the softmax (Guo et al. 2017, arXiv:1706.04599). Default 1. */
  readonly temperature?: number
  /**
   * With thresholds the model is multi-label: each label applies on its own, from its threshold on.
   * A text may have no label, and the abstention is not used.
   */
  readonly thresholds?: readonly number[] | undefined
  /** The manifest's threshold. Without it no text fails. */
  readonly abstain?: Abstention | undefined
  /** With `on`, a text whose score fails gets the label `winnow.none`. Default `off`. */
  readonly abstention?: AbstentionMode | undefined
  /** The small model of a cascade, which answers the texts that it is sure of. */
  readonly small?: SureModel | undefined
  /** Called for each text of a cascade with the model that answers it. */
  readonly onAnswer?: ((answeredBy: AnsweredBy) => void) | undefined
  /** Opens what gives the logits. Default: workers of its own; see shared-encoders.ts. */
  readonly open?: ((options: InferenceOptions) => Promise<Inference>) | undefined
}

/** A label for one text; times in milliseconds. */
export type Classification = {
  readonly kind: 'ok'
  /**
   * The most probable label, with thresholds of those that apply; `winnow.none` when none applies
   * or the text is out of scope, where that is on.
   */
  readonly label: string
  /** All labels that apply, in the order of the labels; only `label` without thresholds. */
  readonly labels: readonly string[]
  /** Probability of the label; of the most probable one when none applies. */
  readonly score: number
  /** Distance of the text from what the model knows, 0 to 1; see abstention-rule.ts. */
  readonly outOfScope: number
  /** float32 [labels], in the order of the labels; sums to 1 without thresholds. */
  readonly probabilities: Float32Array
  /** float32 [labels], as the model gave them. */
  readonly logits: Float32Array
  readonly queueMs: number
  readonly inferMs: number
  /** -1 for an answer of the small model, which forms no batches. */
  readonly batchId: number
  /** The model of a cascade that answered; empty without a cascade. */
  readonly answeredBy: AnsweredBy
}

/** How a text is submitted. */
export type ClassifyOptions = SubmitOptions & {
  /** `full` leaves the small model of a cascade out. Default: it may answer. */
  readonly by?: 'full' | undefined
}

/** Totals since opening. */
export type ClassifierStats = InferenceStats & {
  /** What the small model of a cascade answered; none of it is in the other figures. */
  readonly small: { readonly texts: number; readonly tokens: number }
}

/** The label, or why this text has none. Other texts of its batch are not affected. */
export type ClassifyOutcome =
  | Classification
  | { readonly kind: 'rejected'; readonly error: EventError; readonly batchId: number }

/** The outcome of a text given as text. */
export type TextOutcome = {
  readonly outcome: ClassifyOutcome
  readonly tokens: number
  readonly truncated: boolean
}

export type Classifier = {
  readonly labels: readonly string[]
  /** What computes the model. */
  readonly provider: Inference['provider']
  /** The encoder that it shares with other models; undefined if it has one of its own. */
  readonly encoder: string | undefined
  tokenize(text: string): Tokenized
  /** `tokenize` as work in steps, for callers that share an event loop. */
  tokenizing(text: string): Work<Tokenized>
  /**
   * Classifies token ids int32 [tokens]. Throws `queue_full` at once under overload, `cancelled`
   * when `signal` aborts before the batch forms, `session_failed` or `worker_crashed` when its
   * batch failed.
   */
  classify(ids: Int32Array, options?: ClassifyOptions): Promise<ClassifyOutcome>
  /**
   * As `classify`, but waits for room instead of refusing: resolves as soon as the text is queued,
   * with the promise of its outcome.
   */
  classifyWhenRoom(
    ids: Int32Array,
    options?: ClassifyOptions,
  ): Promise<{ readonly result: Promise<ClassifyOutcome> }>
  /** Classifies a stream of texts; outcomes come in input order, the memory used is bounded. */
  classifyAll(texts: AsyncIterable<string> | Iterable<string>): AsyncGenerator<TextOutcome>
  stats(): ClassifierStats
  /** Ends the low priority of workers that were opened as `loading`. */
  raisePriority(): void
  /** Answers what is queued, then ends the workers. */
  close(): Promise<void>
}

/** Outcomes that may wait for an earlier one in `classifyAll`. */
const windowTextsMax = 4096

/**
 * Opens a classifier on a graph with the output `logits`. The same text gives the same bits
 * whatever it is batched with. Throws `model_incompatible` when the model has another number of
 * labels, and as openInference does. The caller closes it.
 *
 * @example
 * const options = { modelPath, labels, tokenizer, maxTokens: 256, workers: 2 }
 * const classifier = await openClassifier(options)
 * const { ids } = classifier.tokenize('Where is my parcel?')
 * const outcome = await classifier.classify(ids)
 * await classifier.close()
 */
export async function openClassifier(options: ClassifierOptions): Promise<Classifier> {
  const { labels, temperature = 1, thresholds, abstain, abstention = 'off' } = options
  if (abstention === 'on' && abstain === undefined && thresholds === undefined) {
    throw new WinnowError(
      'model_incompatible',
      `${options.modelPath} has no threshold for texts that belong to no label. Train it again, ` +
        'or set inference.abstain to off.',
    )
  }
  const { open = (limits) => openInference(limits, 'logits') } = options
  const inference = await open(options)
  if (inference.width !== labels.length) {
    await inference.close()
    throw new WinnowError(
      'model_incompatible',
      `${options.modelPath} gives ${inference.width} logits for ${labels.length} labels.`,
    )
  }
  const answeredBy = options.small === undefined ? '' : 'full'
  const readFull = (row: RowResult): ClassifyOutcome => {
    if (answeredBy === 'full') options.onAnswer?.('full')
    return readLogits(row, { labels, temperature, thresholds, abstain, abstention, answeredBy })
  }
  const small = createSmallAnswers(options)
  let isClosed = false
  const sureAnswer = (
    ids: Int32Array,
    { by, signal }: ClassifyOptions = {},
  ): Classification | undefined =>
    // The queue refuses texts of callers who left, and after the end.
    by === 'full' || isClosed || signal?.aborted === true ? undefined : small.answer(ids)
  const classifyWhenRoom: Classifier['classifyWhenRoom'] = async (ids, submitOptions) => {
    const sure = sureAnswer(ids, submitOptions)
    if (sure !== undefined) return { result: Promise.resolve(sure) }
    const { result } = await inference.submitWhenRoom(ids, submitOptions)
    return { result: result.then(readFull) }
  }
  return {
    labels,
    provider: inference.provider,
    encoder: inference.encoder,
    tokenize: inference.tokenize,
    tokenizing: inference.tokenizing,
    classify: async (ids, submitOptions) =>
      sureAnswer(ids, submitOptions) ?? readFull(await inference.submit(ids, submitOptions)),
    classifyWhenRoom,
    classifyAll: (texts) =>
      mapInOrder(
        texts,
        async (text) => {
          const { ids, truncated } = inference.tokenize(text)
          const { result } = await classifyWhenRoom(ids)
          const tokens = ids.length
          return { result: result.then((outcome) => ({ outcome, tokens, truncated })) }
        },
        { windowMax: windowTextsMax },
      ),
    stats: () => ({ ...inference.stats(), small: { ...small.counts } }),
    raisePriority: inference.raisePriority,
    close: () => {
      isClosed = true
      return inference.close()
    },
  }
}

/** The answers of the small model of a cascade, counted. */
function createSmallAnswers(options: ClassifierOptions): {
  readonly counts: ClassifierStats['small']
  answer(ids: Int32Array): Classification | undefined
} {
  const { small, labels, abstain, abstention = 'off' } = options
  const counts = { texts: 0, tokens: 0 }
  return {
    counts,
    answer(ids) {
      const row = small?.answer(ids)
      if (row === undefined) return undefined
      const outcome = readLogits(
        { row, queueMs: 0, inferMs: 0, batchId: -1 },
        { labels, temperature: 1, abstain, abstention, answeredBy: 'small' },
      )
      // Whether a text belongs to no label is for the full model to say.
      if (outcome.kind === 'rejected' || outcome.label === noneLabel) return undefined
      counts.texts += 1
      counts.tokens += ids.length
      options.onAnswer?.('small')
      return outcome
    },
  }
}

/** A row of logits as label and probabilities; a value that is not finite rejects the text. */
export function readLogits(
  { row, queueMs, inferMs, batchId }: RowResult,
  options: Pick<ClassifierOptions, 'labels' | 'thresholds' | 'abstain' | 'abstention'> & {
    temperature: number
    /** Default: no cascade. */
    answeredBy?: AnsweredBy
  },
): ClassifyOutcome {
  const { labels, temperature, thresholds, abstain, answeredBy = '' } = options
  let best = 0
  for (let index = 0; index < row.length; index++) {
    const logit = row[index]!
    if (!Number.isFinite(logit)) {
      const message = `The logit of the label ${labels[index] ?? index} is ${logit}.`
      return { kind: 'rejected', error: { code: 'output_invalid', message }, batchId }
    }
    if (logit > row[best]!) best = index
  }
  const measured = { logits: row, queueMs, inferMs, batchId, answeredBy }
  if (thresholds !== undefined) {
    const probabilities = Float32Array.from(row, (logit) => sigmoid(logit / temperature))
    return { kind: 'ok', ...labelSet(probabilities, { labels, thresholds }), ...measured }
  }
  const probabilities = softmax(row, temperature)
  const outOfScope = outOfScopeScore(probabilities, abstain?.score ?? defaultOutOfScopeScore)
  const fails =
    options.abstention === 'on' && abstain !== undefined && outOfScope > abstain.threshold
  return {
    kind: 'ok',
    label: fails ? noneLabel : labels[best]!,
    labels: fails ? [] : [labels[best]!],
    score: probabilities[best]!,
    outOfScope,
    probabilities,
    ...measured,
  }
}

/**
 * softmax(logits / temperature), computed in float64 around the largest logit: float32 [labels].
 */
function softmax(logits: Float32Array, temperature: number): Float32Array {
  let largest = -Infinity
  for (const logit of logits) largest = Math.max(largest, logit)
  const weights = new Float64Array(logits.length)
  let sum = 0
  for (let at = 0; at < logits.length; at++) {
    weights[at] = Math.exp((logits[at]! - largest) / temperature)
    sum += weights[at]!
  }
  const probabilities = new Float32Array(logits.length)
  for (let at = 0; at < logits.length; at++) probabilities[at] = weights[at]! / sum
  return probabilities
}
