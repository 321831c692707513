// An in-memory model port whose results a test decides, with events to classify.
import type { InferenceOutcome, ModelPort } from '../../streams/stages/infer.ts'
import type { TokenizedEvent } from '../../streams/stages/tokenize.ts'
import { sampleTimeMs } from './sample-records.ts'

/** A port that labels every text with `label`, or calls `classify`. */
export function sampleModel(
  fields: Partial<Pick<ModelPort, 'name' | 'version' | 'role'>> & {
    label?: string
    classify?: () => Promise<InferenceOutcome>
  } = {},
): ModelPort {
  const { label = 'ham', name = 'mail', version = '1', role = 'champion' } = fields
  const answer: InferenceOutcome = {
    kind: 'ok',
    label,
    score: 1,
    labels: [label],
    outOfScope: 0,
    answeredBy: '',
    probabilities: Float32Array.of(1),
    queueMs: 0,
    inferMs: 1,
  }
  return {
    name,
    version,
    role,
    labels: [label],
    maxTokens: 8,
    tokenizer: {
      sha256: 'sample',

      *encoding() {
        return { ids: Int32Array.of(1, 2, 3), truncated: false }
      },
    },
    classifyWhenRoom: () =>
      Promise.resolve({ result: fields.classify?.() ?? Promise.resolve(answer) }),
  }
}

/** A tokenized event with this id; its offset tells the events of one test apart. */
export function sampleEvent(id: string, offset: number): TokenizedEvent {
  return {
    topic: 'sample.events',
    partition: 0,
    offset,
    recordTimeMs: sampleTimeMs,
    id,
    text: `text of ${id}`,
    source: '',
    eventTimeMs: sampleTimeMs,
    attributes: {},
    knownLabel: null,
    tokenizerSha256: 'sample',
    maxTokens: 8,
    truncated: false,
    ids: Int32Array.of(1, 2, 3),
  }
}
