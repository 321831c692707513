// The slices of the flow validate -> tokenize -> infer: which topic each starts from, how its
// records are read, and which transforms run. The same transforms serve every slice.
import type { Config } from '../configs/schema.ts'
import { LoopTurns, type Work } from '../models/runtime/sliced-work.ts'
import type { Classification } from '../schemas/classification.ts'
import type { EventRecord } from '../schemas/event.ts'
import { lineageOf, type KafkaRecord } from '../schemas/record.ts'
import type { TopicName } from '../schemas/subjects.ts'
import type { Origin, Tokenized, Validated } from '../schemas/validated.ts'
import { inferByShare, type ChallengeOutcome } from './stages/challenge.ts'
import { decodeEvent, type AvroReader } from './stages/decode-event.ts'
import { DuplicateWindow } from './stages/duplicate-window.ts'
import type { ModelSource, PinnedModels } from './stages/infer.ts'
import { ok, rejected, type Outcome } from '../schemas/outcome.ts'
import type { Slice } from './stages/settled.ts'
import { composeSlice, stagesOf, type StageRange, type Step } from './slice.ts'
import { tokenizeEvent, type TokenizedEvent } from './stages/tokenize.ts'
import { validateEvent } from './stages/validate.ts'

/** Reads the Avro values of the three input topics. */
export type AvroReaders = {
  events: AvroReader<EventRecord>
  validated: AvroReader<Validated>
  tokenized: AvroReader<Tokenized>
}

export type PipelineOptions = {
  range: StageRange
  config: Config
  readers: AvroReaders
  /** Needed by tokenize and infer. */
  models: ModelSource | undefined
  nowMs: () => number
  /** Counts what a challenger was asked. */
  onChallenge?: (outcome: ChallengeOutcome, events: number) => void
}

export type PipelineOutput = Validated | TokenizedEvent | Classification

/** The topic that a slice starting with this stage consumes. */
export const inputTopic = {
  validate: 'events',
  tokenize: 'validated',
  infer: 'tokenized',
} as const satisfies Record<StageRange['first'], TopicName>

/** The topic that a slice ending with this stage feeds. */
export const outputTopic = {
  validate: 'validated',
  tokenize: 'tokenized',
  infer: 'classified',
} as const satisfies Record<StageRange['last'], TopicName>

/** Builds the slice of a stage range. */
export function createPipeline(options: PipelineOptions): Slice<PipelineOutput> {
  const stages = stagesOf(options.range)
  const turns = new LoopTurns()
  const steps = stages.map((stage) => stepOf[stage]({ ...options, turns })) as Step<
    never,
    unknown
  >[]
  const { readers, models } = options
  switch (options.range.first) {
    case 'validate':
      return composeSlice({
        readStage: 'validate',
        read: async (record): Promise<Outcome<Candidate>> => {
          const event = await decodeEvent(record.value, readers.events)
          return event.kind === 'ok' ? ok({ event: event.value, record }) : event
        },
        originOf: () => undefined,
        steps,
        models,
        turns,
      })
    case 'tokenize':
      return composeSlice({
        readStage: 'tokenize',
        read: (record) => readAvro(record, readers.validated),
        originOf,
        steps,
        models,
        turns,
      })
    case 'infer':
      return composeSlice({
        readStage: 'infer',
        read: async (record): Promise<Outcome<TokenizedEvent>> => {
          const tokenized = await readAvro(record, readers.tokenized)
          if (tokenized.kind === 'rejected') return tokenized
          return ok({ ...tokenized.value, ids: Int32Array.from(tokenized.value.ids) })
        },
        originOf,
        steps,
        models,
        turns,
      })
  }
}

type Candidate = { event: EventRecord; record: KafkaRecord }

type StepOptions = PipelineOptions & { readonly turns: LoopTurns }

const stepOf = {
  validate({ config, nowMs, turns }: StepOptions): Step<Candidate, Validated> {
    const windows = new Map<number, DuplicateWindow>()
    const windowOf = (partition: number) => {
      let window = windows.get(partition)
      if (window === undefined) {
        window = new DuplicateWindow(config.limits.duplicateWindow)
        windows.set(partition, window)
      }
      return window
    }
    return {
      stage: 'validate',
      keepsOrder: true,
      apply: (candidates) =>
        inTurns(candidates, turns, ({ event, record }) =>
          validateEvent(event, lineageOf(record), {
            limits: config.limits,
            cleaning: config.cleaning,
            nowMs: nowMs(),
            window: windowOf(record.partition),
          }),
        ),
    }
  },
  tokenize({ turns }: StepOptions): Step<Validated, TokenizedEvent> {
    return {
      stage: 'tokenize',
      apply(events, given) {
        const model = required(given).champion
        return inTurns(events, turns, (event) =>
          tokenizeEvent(event, model.tokenizer, model.maxTokens),
        )
      },
    }
  },
  infer(options: StepOptions): Step<TokenizedEvent, Classification> {
    const { topLabels } = options.config.inference
    return {
      stage: 'infer',
      apply: (events, models) =>
        inferByShare(events, required(models), {
          topLabels,
          nowMs: () => options.nowMs(),
          turns: options.turns,
          onChallenge: (outcome, count) => options.onChallenge?.(outcome, count),
        }),
    }
  },
}

/** Works on one event after the other, and lets heartbeats through in between. */
async function inTurns<In, Out>(
  inputs: readonly In[],
  turns: LoopTurns,
  work: (input: In) => Work<Outcome<Out>>,
): Promise<Outcome<Out>[]> {
  const outcomes: Outcome<Out>[] = []
  for (const input of inputs) outcomes.push(await turns.run(work(input)))
  return outcomes
}

function required(models: PinnedModels | undefined): PinnedModels {
  if (models === undefined) throw new TypeError('tokenize and infer need a model')
  return models
}

function originOf({ topic, partition, offset, recordTimeMs }: Origin): Origin {
  return { topic, partition, offset, recordTimeMs }
}

async function readAvro<T>(record: KafkaRecord, read: AvroReader<T>): Promise<Outcome<T>> {
  if (record.value === null) return rejected('value_null', 'the record has no value')
  return read(record.value)
}
