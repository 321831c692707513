// Makes the fields of an event from a decoded record by a mapping that people configure. Inputs of
// the stream (`inputs`) and webhooks (`gateway.hooks`) share it. What the fields may hold is
// checked later, as for every event.
import type { EventRecord } from '../event.ts'
import { filtered, ok, rejected, type Filtered, type Outcome } from '../outcome.ts'
import type { DecodedRecord } from '../ports/record-decoder.ts'
import { valueAtPath, type FieldPath, type PathRoot } from './field-path.ts'
import { parseSource, pathsOf, readSource, scalarText, type FieldSource } from './field-source.ts'

/** Fields of an event that a source may fill. */
export const mappedFields = ['text', 'id', 'source', 'time', 'label'] as const
export type MappedField = (typeof mappedFields)[number]

/** The unit of a time that is a number. */
export const timeUnits = ['s', 'ms', 'us', 'ns'] as const
export type TimeUnit = (typeof timeUnits)[number]

/** Sources as they are written: paths and templates. */
export type WrittenFields = { readonly [Field in MappedField]?: string | undefined } & {
  readonly attributes?: Readonly<Record<string, string>> | undefined
}

/** Parsed sources by field; attributes are named `attributes.NAME`. */
export type FieldSources = ReadonlyMap<string, FieldSource>

/** What is wrong with one field of one record. */
export type FieldDefect = { readonly field: string; readonly path: string } & (
  { readonly problem: 'missing' } | { readonly problem: 'not_text'; readonly what: string }
)

/** The fields that a record has, still to be checked. */
export type EventFields = {
  readonly text?: string
  readonly id?: string
  readonly source?: string
  readonly time?: number | string
  readonly label?: string
  readonly attributes: Readonly<Record<string, string>>
}

/** A mapping as people write it. */
export type WrittenMapping = {
  readonly fields: WrittenFields
  readonly timeUnit: TimeUnit
  readonly constants: {
    readonly source?: string | undefined
    readonly attributes: Readonly<Record<string, string>>
  }
  /** The values that pass, by path. */
  readonly filter: Readonly<Record<string, readonly (string | number | boolean)[]>>
}

/** A mapping that is ready to be applied. */
export type EventMapping = {
  readonly sources: FieldSources
  readonly timeUnit: TimeUnit
  readonly constants: WrittenMapping['constants']
  readonly filter: readonly { readonly path: FieldPath; readonly values: ReadonlySet<string> }[]
}

const attributePrefix = 'attributes.'

/** Parses the sources of fields. Throws TypeError for what the configuration must refuse. */
export function parseFields(
  fields: WrittenFields,
  options: { readonly roots: 'record' | 'value' },
): FieldSources {
  const { attributes = {}, ...named } = fields
  const written = [
    ...mappedFields.map((field) => [field, named[field]] as const),
    ...Object.entries(attributes).map(([name, one]) => [`${attributePrefix}${name}`, one] as const),
  ]
  const sources = new Map<string, FieldSource>()
  for (const [field, one] of written) {
    if (one !== undefined) sources.set(field, required(one, options))
  }
  return sources
}

function required(written: string, options: { readonly roots: 'record' | 'value' }): FieldSource {
  const parsed = parseSource(written, options)
  if (parsed.kind === 'rejected') throw new TypeError(`"${written}" ${parsed.problem}`)
  return parsed.source
}

/** Parses a whole mapping. Throws TypeError for what the configuration should have refused. */
export function parseMapping(written: WrittenMapping): EventMapping {
  const { fields, timeUnit, constants } = written
  const roots = 'record'
  const filter = Object.entries(written.filter).map(([path, values]) => ({
    path: pathsOf(required(path, { roots }))[0]!,
    values: new Set(values.map(String)),
  }))
  return { sources: parseFields(fields, { roots }), timeUnit, constants, filter }
}

/** Makes an event of a record. A path that leads nowhere is `path_missing` and names the path. */
export function mapRecord(
  record: DecodedRecord,
  mapping: EventMapping,
): Outcome<EventRecord> | Filtered {
  if (!passes(record, mapping)) return filtered
  if (record.value === null) return rejected('value_null', 'the record has no value, or null')
  const { sources, timeUnit, constants } = mapping
  const { fields, defects } = readFields(record, { sources, timeUnit })
  const [defect] = defects
  if (defect !== undefined) return rejection(defect)
  const { text, id, source, time, label, attributes } = fields
  if (text === undefined) {
    const [path] = pathsOf(sources.get('text') ?? { parts: [] })
    return rejection({ field: 'text', path: path?.text ?? 'text', problem: 'missing' })
  }
  return ok({
    text,
    id: id ?? null,
    source: source ?? constants.source ?? null,
    time: time ?? null,
    label: label ?? null,
    attributes: { ...constants.attributes, ...attributes },
  })
}

/** Whether a mapping reads the key of a record. */
export function readsKey(mapping: EventMapping): boolean {
  return readsPart(mapping, 'key')
}

/** Whether a mapping reads a part of a record: its key, or its headers. */
export function readsPart({ sources, filter }: EventMapping, part: PathRoot): boolean {
  const paths = [...sources.values()].flatMap(pathsOf)
  return [...paths, ...filter.map(({ path }) => path)].some(({ root }) => root === part)
}

/** Whether each path of the filter leads to one of its values. */
function passes(record: DecodedRecord, { filter }: EventMapping): boolean {
  return filter.every(({ path, values }) => {
    const text = scalarText(valueAtPath(record, path))
    return text !== undefined && values.has(text)
  })
}

function rejection(defect: FieldDefect): Outcome<never> {
  const { field, path } = defect
  const needs = `fields.${field} of the input reads it`
  if (defect.problem === 'missing') {
    return rejected('path_missing', `there is nothing at "${path}"; ${needs}`)
  }
  return rejected(
    'field_type',
    `at "${path}" is ${defect.what} instead of text, a number or a boolean; ${needs}`,
  )
}

/** Reads all fields of a record; each defect names its field and its path. */
export function readFields(
  record: DecodedRecord,
  { sources, timeUnit }: { readonly sources: FieldSources; readonly timeUnit: TimeUnit },
): { readonly fields: EventFields; readonly defects: readonly FieldDefect[] } {
  const fields: { -readonly [Field in keyof EventFields]: EventFields[Field] } & {
    attributes: Record<string, string>
  } = { attributes: {} }
  const defects: FieldDefect[] = []
  for (const [field, source] of sources) {
    const found = readSource(record, source)
    switch (found.kind) {
      case 'text':
        if (field === 'time') fields.time = instantOf(found.text, timeUnit)
        else if (isNamedField(field)) fields[field] = found.text
        else fields.attributes[field.slice(attributePrefix.length)] = found.text
        break
      case 'absent':
        break
      case 'missing':
        defects.push({ field, path: found.path, problem: 'missing' })
        break
      case 'not_text':
        defects.push({ field, path: found.path, problem: 'not_text', what: found.what })
    }
  }
  return { fields, defects }
}

function isNamedField(field: string): field is Exclude<MappedField, 'time'> {
  return mappedFields.some((one) => one === field)
}

const unitsPerMs = { us: 1_000n, ns: 1_000_000n } as const

/**
 * A time in epoch milliseconds if it is a number of the unit; any other text stays as it is, and
 * must be RFC 3339.
 */
export function instantOf(text: string, unit: TimeUnit): number | string {
  const match = /^(-?\d{1,20})(?:\.(\d{1,20}))?$/.exec(text)
  if (match === null) return text
  switch (unit) {
    case 's':
      return Math.round(Number(text) * 1_000)
    case 'ms':
      return Math.trunc(Number(text))
    case 'us':
    case 'ns':
      return Number(BigInt(match[1]!) / unitsPerMs[unit])
  }
}
