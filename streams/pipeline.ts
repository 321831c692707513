// The flow validate -> tokenize -> infer: which topic a range of it starts from, how its records
// are read, and which transforms run. The same transforms serve every range.
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
import type { ModelSource, ChunkModels } from './stages/infer.ts'
import { readInput, type InputReading } from './stages/read-input.ts'
import { filtered, ok, rejected, type Outcome } from '../schemas/outcome.ts'
import type { StageChain } from './stages/record-outcome.ts'
import {
  applyStage,
  chainStages,
  inSequence,
  readRecords,
  type ReadValue,
  type Stage,
  type StageRange,
} from './stage-chain.ts'
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
  /** How the records of an input are read, where the range starts from one. */
  input?: InputReading | undefined
  /**
   * Whether the model of a later range classifies what entered on a topic; everything when absent.
   */
  accepts?: ((topic: string) => boolean) | undefined
  /** Needed by tokenize and infer. */
  models: ModelSource | undefined
  nowMs: () => number
  /** Counts what a challenger was asked. */
  onChallenge?: (outcome: ChallengeOutcome, events: number) => void
}

export type PipelineOutput = Validated | TokenizedEvent | Classification

/** The topic that a range starting with this stage consumes. */
export const inputTopic = {
  validate: 'events',
  tokenize: 'validated',
  infer: 'tokenized',
} as const satisfies Record<StageRange['first'], TopicName>

/** The topic that a range ending with this stage feeds. */
export const outputTopic = {
  validate: 'validated',
  tokenize: 'tokenized',
  infer: 'classified',
} as const satisfies Record<StageRange['last'], TopicName>

/** Chains the stages of a range. */
export function createPipeline(options: PipelineOptions): StageChain<PipelineOutput> {
  const { range, readers, models } = options
  const turns = new LoopTurns()
  const stages = createStages({ ...options, turns })
  const { tokenize, infer } = stages
  const common = { range, models }
  if (range.first === 'infer') {
    const read = readRecords({
      stage: 'infer',
      read: accepting(options, tokenizedReader(readers)),
      originOf,
      turns,
    })
    return chainStages({ ...common, inOrder: read, anyOrder: infer })
  }
  const inOrder =
    range.first === 'validate'
      ? inSequence(
          readRecords({ stage: 'validate', read: candidateReader(options), turns }),
          stages.validate,
        )
      : readRecords({
          stage: 'tokenize',
          read: accepting(options, (record) => readAvro(record, readers.validated)),
          originOf,
          turns,
        })
  switch (range.last) {
    case 'validate':
      return chainStages({
        ...common,
        inOrder,
        anyOrder: (validated) => Promise.resolve([...validated]),
      })
    case 'tokenize':
      return chainStages({ ...common, inOrder, anyOrder: tokenize })
    case 'infer':
      return chainStages({ ...common, inOrder, anyOrder: inSequence(tokenize, infer) })
  }
}

/** A decoded event with its record, which names it until it is validated. */
type Candidate = { readonly event: EventRecord; readonly record: KafkaRecord }

function candidateReader({ input, readers }: PipelineOptions): ReadValue<Candidate> {
  return async (record) => {
    const event =
      input === undefined
        ? await decodeEvent(record.value, readers.events)
        : await readInput(record, input)
    return event.kind === 'ok' ? ok({ event: event.value, record }) : event
  }
}

/** Leaves out events of inputs that other models classify. */
function accepting<T extends Origin>(
  { accepts }: PipelineOptions,
  read: (record: KafkaRecord) => Promise<Outcome<T>>,
): ReadValue<T> {
  if (accepts === undefined) return read
  return async (record) => {
    const event = await read(record)
    return event.kind === 'ok' && !accepts(event.value.topic) ? filtered : event
  }
}

function tokenizedReader({ tokenized }: AvroReaders) {
  return async (record: KafkaRecord): Promise<Outcome<TokenizedEvent>> => {
    const event = await readAvro(record, tokenized)
    if (event.kind === 'rejected') return event
    return ok({ ...event.value, ids: Int32Array.from(event.value.ids) })
  }
}

type StageOptions = PipelineOptions & { readonly turns: LoopTurns }

/** The three stages with what they need from outside. */
function createStages(options: StageOptions) {
  const { config, nowMs, turns } = options
  return {
    validate: applyStage(validateStage(options)),
    tokenize: applyStage<Validated, TokenizedEvent>({
      name: 'tokenize',
      apply(events, models) {
        const { tokenizer, maxTokens } = required(models).champion
        return inTurns(events, turns, (event) => tokenizeEvent(event, tokenizer, maxTokens))
      },
    }),
    infer: applyStage<TokenizedEvent, Classification>({
      name: 'infer',
      apply: (events, models) =>
        inferByShare(events, required(models), {
          topLabels: config.inference.topLabels,
          nowMs,
          turns,
          onChallenge: (outcome, count) => options.onChallenge?.(outcome, count),
        }),
    }),
  }
}

/** The validate stage with the window of recent ids that it keeps for each partition. */
function validateStage({ config, nowMs, turns }: StageOptions): Stage<Candidate, Validated> {
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
    name: 'validate',
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
}

/** Works on one event after another and lets heartbeats through in between. */
async function inTurns<In, Out>(
  inputs: readonly In[],
  turns: LoopTurns,
  work: (input: In) => Work<Outcome<Out>>,
): Promise<Outcome<Out>[]> {
  const outcomes: Outcome<Out>[] = []
  for (const input of inputs) outcomes.push(await turns.run(work(input)))
  return outcomes
}

function required(models: ChunkModels | undefined): ChunkModels {
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
