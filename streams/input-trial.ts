// What becomes of one record of a configured input, field by field, by the transforms of the
// stream: for people who write a mapping. It writes nothing and is no part of the stream.
import {
  mappedFields,
  readFields,
  type EventMapping,
  type FieldDefect,
} from '../schemas/mapping/event-mapping.ts'
import type { FieldSource } from '../schemas/mapping/field-source.ts'
import { LoopTurns } from '../models/runtime/sliced-work.ts'
import type { DecodedRecord } from '../schemas/ports/record-decoder.ts'
import { lineageOf, type KafkaRecord } from '../schemas/record.ts'
import type { Validated } from '../schemas/validated.ts'
import { leafPaths, type LeafPath } from './leaf-paths.ts'
import { readInput, type InputReading } from './stages/read-input.ts'
import { validateEvent, type ValidationRules } from './stages/validate.ts'

/** What became of a record. */
export type TriedRecord = {
  readonly outcome:
    | { readonly kind: 'event'; readonly event: Validated }
    | { readonly kind: 'filtered' }
    | { readonly kind: 'dead letter'; readonly code: string; readonly message: string }
  readonly fields: readonly TriedField[]
  /** Paths that lead to something in the record, and what is there. */
  readonly paths: readonly LeafPath[]
}

/** Where a field comes from and what it becomes. */
export type TriedField = {
  readonly field: string
  /** The path or template; `constant`, or a default in parentheses. */
  readonly from: string
  /** Absent for a field that the record does not have. */
  readonly value?: string | undefined
  /** Why it has no value. */
  readonly problem?: string | undefined
}

/** Tries one record after another; a second event with one id is found as in the stream. */
export class InputTrial {
  readonly #reading: InputReading
  readonly #rules: ValidationRules
  readonly #turns = new LoopTurns()

  constructor(reading: InputReading, rules: ValidationRules) {
    this.#reading = reading
    this.#rules = rules
  }

  /** Throws what the decoder throws: registry_unavailable. */
  async next(record: KafkaRecord): Promise<TriedRecord> {
    const outcome = await this.#outcomeOf(record)
    const content = await this.#contentOf(record)
    if (content === undefined) return { outcome, fields: [], paths: [] }
    const event = outcome.kind === 'event' ? outcome.event : undefined
    const fields = outcome.kind === 'filtered' ? [] : this.#fieldsOf(content, event)
    return { outcome, fields, paths: leafPaths(content) }
  }

  async #outcomeOf(record: KafkaRecord): Promise<TriedRecord['outcome']> {
    const { unreadable } = record
    if (unreadable !== undefined) return { kind: 'dead letter', ...unreadable }
    const read = await readInput(record, this.#reading)
    if (read.kind === 'filtered') return read
    if (read.kind === 'rejected') return { kind: 'dead letter', ...read.error }
    const work = validateEvent(read.value, lineageOf(record), this.#rules)
    const valid = await this.#turns.run(work)
    if (valid.kind === 'filtered') return valid
    return valid.kind === 'ok'
      ? { kind: 'event', event: valid.value }
      : { kind: 'dead letter', ...valid.error }
  }

  /** What the mapping is applied to; undefined where paths could not lead into anything. */
  async #contentOf(record: KafkaRecord): Promise<DecodedRecord | undefined> {
    if (record.unreadable !== undefined) return undefined
    const { decode, envelope } = this.#reading
    const decoded = await decode(record)
    if (decoded.kind !== 'ok') return undefined
    const content = envelope?.(decoded.value) ?? decoded
    // Where the envelope refuses a record, its own paths still help.
    return content.kind === 'ok' ? content.value : decoded.value
  }

  #fieldsOf(content: DecodedRecord, event: Validated | undefined): TriedField[] {
    const { mapping } = this.#reading
    const { defects } = readFields(content, mapping)
    const problems = new Map(defects.map((one) => [one.field, problemText(one)]))
    const names = new Set<string>([
      ...mappedFields,
      ...[...mapping.sources.keys()].filter((name) => name.startsWith('attributes.')),
      ...Object.keys(mapping.constants.attributes).map((name) => `attributes.${name}`),
    ])
    return [...names].map((field) => ({
      field,
      from: originOf(field, mapping),
      value: event && valueOf(field, event),
      problem: problems.get(field),
    }))
  }
}

function problemText(defect: FieldDefect): string {
  return defect.problem === 'missing'
    ? `there is nothing at "${defect.path}"`
    : `at "${defect.path}" is ${defect.what}`
}

const defaults: Readonly<Record<string, string>> = {
  id: '(topic/partition/offset)',
  time: '(record time)',
  source: '(none)',
  label: '(none)',
}

function originOf(field: string, { sources, constants }: EventMapping): string {
  const source = sources.get(field)
  if (source !== undefined) return writtenSource(source)
  if (field === 'source' && constants.source !== undefined) return 'constant'
  return field.startsWith('attributes.') ? 'constant' : (defaults[field] ?? '(none)')
}

/** A source as the configuration has it. */
function writtenSource({ parts }: FieldSource): string {
  const paths = parts.map((part) =>
    typeof part === 'string' ? part : `${part.text}${part.isOptional ? '?' : ''}`,
  )
  const [only] = parts
  if (parts.length === 1 && typeof only !== 'string') return paths[0]!
  return parts.map((part, at) => (typeof part === 'string' ? part : `{${paths[at]!}}`)).join('')
}

function valueOf(field: string, event: Validated): string | undefined {
  switch (field) {
    case 'text':
      return event.text
    case 'id':
      return event.id
    case 'time':
      return new Date(event.eventTimeMs).toISOString()
    case 'source':
      return event.source === '' ? undefined : event.source
    case 'label':
      return event.knownLabel ?? undefined
    default:
      return event.attributes[field.slice('attributes.'.length)]
  }
}
