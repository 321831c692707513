// The infer stage: from token ids to a classification by one model version. It owns the content of
// a result row; the classifier owns batching and threads.
import type { EventError } from '../../schemas/errors.ts'
import type { AnsweredBy, Classification } from '../../schemas/classification.ts'
import { ok, type Outcome } from '../../schemas/outcome.ts'
import type { BoundTokens, Tokens } from './bound-tokens.ts'
import type { TextEncoderPort, TokenizedEvent } from './tokenize.ts'

/** The outcome of one text; times in milliseconds. */
export type InferenceOutcome =
  | {
      readonly kind: 'ok'
      readonly label: string
      readonly score: number
      /** All labels that apply. */
      readonly labels: readonly string[]
      readonly outOfScope: number
      /** The model of a cascade that answered: `small` or `full`; empty without a cascade. */
      readonly answeredBy: AnsweredBy
      /** float32 [labels], in the order of the model's labels. */
      readonly probabilities: Float32Array
      readonly queueMs: number
      readonly inferMs: number
    }
  | { readonly kind: 'rejected'; readonly error: EventError }

/** A model version at work, as the stage needs it. */
export type ModelPort = {
  readonly name: string
  readonly version: string
  readonly role: Classification['role']
  readonly labels: readonly string[]
  readonly maxTokens: number
  readonly tokenizer: TextEncoderPort
  /** Queues ids (int32 [tokens]) when there is room; see models/inference/classifier.ts. */
  classifyWhenRoom(ids: Int32Array): Promise<{ readonly result: Promise<InferenceOutcome> }>
}

/**
 * The models of a chunk: the champion, and the challenger that answers a share of the events in its
 * place.
 */
export type ChunkModels = {
  readonly champion: ModelPort
  readonly challenger?: { readonly model: ModelPort; readonly percent: number } | undefined
}

/** Leases the models of one name that serve now, until the chunk is done. */
export type ModelSource = {
  readonly name: string
  acquire(): ChunkModels & { release(): void }
}

export type InferOptions = { topLabels: number; nowMs(): number; tokens: BoundTokens }

/**
 * Classifies events; outcomes in order. Ids from another tokenizer or limit are replaced by
 * tokenizing the text again. Throws session_failed, worker_crashed or cancelled for the whole
 * chunk.
 */
export async function inferEvents(
  events: readonly TokenizedEvent[],
  model: ModelPort,
  options: InferOptions,
): Promise<Outcome<Classification>[]> {
  const pending: Promise<InferenceOutcome>[] = []
  const idsByEvent: Tokens[] = []
  try {
    for (const event of events) {
      const tokens = await options.tokens.of(event, model)
      idsByEvent.push(tokens)
      const { result } = await model.classifyWhenRoom(tokens.ids)
      result.catch(() => undefined) // Awaited below; a failure meanwhile is not unhandled.
      pending.push(result)
    }
    const outcomes = await Promise.all(pending)
    return outcomes.map((outcome, at) =>
      outcome.kind === 'rejected'
        ? outcome
        : ok(classificationOf(events[at]!, idsByEvent[at]!, { outcome, model, options })),
    )
  } finally {
    await Promise.allSettled(pending)
  }
}

function classificationOf(
  event: TokenizedEvent,
  tokens: Tokens,
  result: {
    outcome: InferenceOutcome & { kind: 'ok' }
    model: ModelPort
    options: InferOptions
  },
): Classification {
  const { outcome, model, options } = result
  const classifiedAtMs = options.nowMs()
  return {
    topic: event.topic,
    partition: event.partition,
    offset: event.offset,
    recordTimeMs: event.recordTimeMs,
    eventId: event.id,
    eventTimeMs: event.eventTimeMs,
    classifiedAtMs,
    source: event.source,
    attributes: event.attributes,
    text: event.text,
    knownLabel: event.knownLabel,
    label: outcome.label,
    score: outcome.score,
    labels: [...outcome.labels],
    outOfScope: outcome.outOfScope,
    probabilities: topProbabilities(outcome.probabilities, model.labels, options.topLabels),
    model: model.name,
    version: model.version,
    role: model.role,
    tokens: tokens.ids.length,
    truncated: tokens.truncated,
    answeredBy: outcome.answeredBy,
    queueMs: outcome.queueMs,
    inferMs: outcome.inferMs,
    totalMs: Math.max(0, classifiedAtMs - event.recordTimeMs),
  }
}

/** The most probable labels, most probable first; equal ones in the model's order. */
export function topProbabilities(
  probabilities: Float32Array,
  labels: readonly string[],
  count: number,
): Record<string, number> {
  // Indexes of the best so far, in order: for a few of many labels faster than a sort of all.
  const best: number[] = []
  for (let label = 0; label < probabilities.length; label++) {
    const probability = probabilities[label]!
    let at = best.length
    while (at > 0 && probability > probabilities[best[at - 1]!]!) at--
    if (at >= count) continue
    best.splice(at, 0, label)
    if (best.length > count) best.pop()
  }
  return Object.fromEntries(best.map((label) => [labels[label]!, probabilities[label]!]))
}
