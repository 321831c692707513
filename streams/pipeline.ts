// The flow validate -> tokenize -> infer: which topic a range of it starts from, how its records
// are read, and which transforms run. The same transforms serve every range.
import type { Config } from '../configs/schema.ts'
import { loadLanguageDetector } from '../models/language/detect-language.ts'
import { LoopTurns, type Work } from '../models/runtime/sliced-work.ts'
import type { Classification } from '../schemas/classification.ts'
import type { EventRecord } from '../schemas/event.ts'
import { storedIds } from '../schemas/hashed-id.ts'
import { lineageOf, type KafkaRecord, type Lineage } from '../schemas/record.ts'
import type { TopicName } from '../schemas/subjects.ts'
import type { Origin, Tokenized, Validated } from '../schemas/validated.ts'
import { BoundTokens } from './stages/bound-tokens.ts'
import { inferByShare, type ChallengeOutcome } from './stages/challenge.ts'
import { decodeEvent, type AvroReader } from './stages/decode-event.ts'
import { DuplicateWindow } from './stages/duplicate-window.ts'
import type { ModelSource, ChunkModels } from './stages/infer.ts'
import { inferModels } from './stages/infer-models.ts'
import { readInput, type InputReading } from './stages/read-input.ts'
import { forOthers, ok, rejected, type Filtered, type Outcome } from '../schemas/outcome.ts'
import type { StageChain } from './stages/record-outcome.ts'
import {
  applyStage,
  chainStages,
  inSequence,
  readRecords,
  type ChainPart,
  type ReadValue,
  type Stage,
  type StageRange,
} from './stage-chain.ts'
import { tokenizeEvent, type TokenizedEvent } from './stages/tokenize.ts'
import { validateEvent, type LanguageRules } from './stages/validate.ts'

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
  /** Where the range starts from an input, or from what is sent again to inputs. */
  entry?: InputEntry | undefined
  /** Whether a model classifies what entered on a topic; everything when absent. */
  accepts?: ((topic: string, model: string) => boolean) | undefined
  /**
   * Needed by tokenize, which is for the first of them, and by infer. Each classifies every event;
   * one for each name.
   */
  models: readonly ModelSource[]
  nowMs: () => number
  /** Counts what a challenger was asked. */
  onChallenge?: (outcome: ChallengeOutcome, events: number) => void
}

/** How events of configured inputs enter. */
export type InputEntry = {
  /**
   * Records are events of their own topic, or stand for an event that their headers name, since a
   * dead letter is not written back to the topic of another system.
   */
  readonly records: 'own' | 'sent-again'
  /** How the events of a topic are read and cleaned; undefined for one that is no input. */
  inputOf(topic: string): EnteringInput | undefined
}

/** What is applied to the events of one input. */
export type EnteringInput = {
  readonly reading: InputReading
  readonly cleaning: Config['cleaning']
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
  const startsAtOrigin = range.first === 'validate' && options.entry?.records !== 'sent-again'
  const isByModel = range.last === 'infer' && models.length > 1
  const common = { range, models, startsAtOrigin, isByModel }
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

/** A decoded event with what names it until it is validated. */
type Candidate = {
  readonly event: EventRecord
  readonly lineage: Lineage
  readonly cleaning: Config['cleaning']
}

function candidateReader(options: PipelineOptions): ReadValue<Candidate> {
  const { config, entry, readers } = options
  if (entry === undefined) {
    const { cleaning } = config
    return async (record) => {
      const event = await decodeEvent(record.value, readers.events)
      if (event.kind === 'rejected') return event
      return ok({ event: event.value, lineage: lineageOf(record), cleaning })
    }
  }
  return async (record) => {
    const lineage = entry.records === 'own' ? lineageOf(record) : record.lineage
    const { topic } = lineage?.origin ?? {}
    const isRead = topic !== undefined && isAccepted(options, topic)
    const input = isRead ? entry.inputOf(topic) : undefined
    const isFirst = entry.records === 'sent-again' && lineage?.attempt === 0
    if (lineage === undefined || input === undefined || isFirst) return forOthers
    const event = await readInput(record, input.reading)
    if (event.kind !== 'ok') return event
    return ok({ event: event.value, lineage, cleaning: input.cleaning })
  }
}

/** Leaves out events of inputs that none of the models classifies. */
function accepting<T extends Origin>(
  options: PipelineOptions,
  read: (record: KafkaRecord) => Promise<Outcome<T>>,
): ReadValue<T> {
  if (options.accepts === undefined) return read
  return async (record) => {
    const event = await read(record)
    return event.kind === 'ok' && !isAccepted(options, event.value.topic) ? forOthers : event
  }
}

function isAccepted({ accepts, models }: PipelineOptions, topic: string): boolean {
  return accepts === undefined || models.some(({ name }) => accepts(topic, name))
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
  const { config, nowMs, turns, models, accepts } = options
  const inferring = {
    topLabels: config.inference.topLabels,
    nowMs,
    tokens: new BoundTokens(turns),
    accepts,
    onChallenge: (outcome: ChallengeOutcome, count: number) =>
      options.onChallenge?.(outcome, count),
  }
  const inferEach: ChainPart<TokenizedEvent, Classification> = (chunk, chunkModels) =>
    inferModels(chunk, chunkModels, inferring)
  return {
    validate: applyStage(validateStage(options)),
    tokenize: applyStage<Validated, TokenizedEvent>({
      name: 'tokenize',
      apply(events, chunkModels) {
        const { tokenizer, maxTokens } = firstOf(chunkModels).champion
        return inTurns(events, turns, (event) => tokenizeEvent(event, tokenizer, maxTokens))
      },
    }),
    infer:
      models.length > 1
        ? inferEach
        : applyStage<TokenizedEvent, Classification>({
            name: 'infer',
            apply: (events, chunkModels) => inferByShare(events, firstOf(chunkModels), inferring),
          }),
  }
}

/** The validate stage with the window of recent ids that it keeps for each partition. */
function validateStage({ config, nowMs, turns }: StageOptions): Stage<Candidate, Validated> {
  const storedId = storedIds(config.retention)
  const windows = new Map<string, DuplicateWindow>()
  const windowOf = ({ topic, partition }: Origin) => {
    const key = `${topic}/${partition}`
    let window = windows.get(key)
    if (window === undefined) {
      window = new DuplicateWindow(config.limits.duplicateWindow)
      windows.set(key, window)
    }
    return window
  }
  let language: Promise<LanguageRules | undefined> | undefined
  return {
    name: 'validate',
    async apply(candidates) {
      const languages = await (language ??= languageRules(config.language))
      return inTurns(candidates, turns, ({ event, lineage, cleaning }) =>
        validateEvent(event, lineage, {
          limits: config.limits,
          cleaning,
          storedId,
          nowMs: nowMs(),
          window: windowOf(lineage.origin),
          language: languages,
        }),
      )
    },
  }
}

/** The rules that `language` sets; undefined if languages do not matter. */
export async function languageRules({
  detect,
  only,
}: Config['language']): Promise<LanguageRules | undefined> {
  if (!detect && only.length === 0) return undefined
  return { languageOf: await loadLanguageDetector(), only: new Set(only) }
}

/** Works on one event after another and lets heartbeats through in between. */
async function inTurns<In, Out extends Outcome<unknown> | Filtered>(
  inputs: readonly In[],
  turns: LoopTurns,
  work: (input: In) => Work<Out>,
): Promise<Out[]> {
  const outcomes: Out[] = []
  for (const input of inputs) outcomes.push(await turns.run(work(input)))
  return outcomes
}

function firstOf([first]: readonly ChunkModels[]): ChunkModels {
  if (first === undefined) throw new TypeError('tokenize and infer need a model')
  return first
}

function originOf({ topic, partition, offset, recordTimeMs }: Origin): Origin {
  return { topic, partition, offset, recordTimeMs }
}

async function readAvro<T>(record: KafkaRecord, read: AvroReader<T>): Promise<Outcome<T>> {
  if (record.value === null) return rejected('value_null', 'the record has no value')
  return read(record.value)
}
