// The settings of `inputs`: topics of other systems, each with its format and the mapping of its
// records to events. Applying a mapping is schemas/mapping/, decoding infra/formats/.
import { z } from 'zod'
import { mappedFields, timeUnits } from '../schemas/mapping/event-mapping.ts'
import { parsePath } from '../schemas/mapping/field-path.ts'
import { parseSource } from '../schemas/mapping/field-source.ts'
import { parseRfc3339 } from '../schemas/rfc3339.ts'
import { topicNames } from '../schemas/subjects.ts'

/** Forms of a value, and of a key. */
export const recordFormats = ['json', 'avro', 'protobuf', 'json-schema', 'text', 'csv'] as const
/** Envelopes whose content is mapped instead of the whole value. */
export const presets = ['debezium', 'cloudevents'] as const
/** Steps of cleaning, in no order. */
export const cleaningSteps = [
  'unicode',
  'control',
  'mail-quotes',
  'markup',
  'personal',
  'whitespace',
] as const

/** Most inputs of one configuration: each has a consumer group of its own per model. */
const inputsMax = 64
const nameCharsMax = 256

/** A path, or a template with paths in braces. */
export function fieldSource(roots: 'record' | 'value') {
  return z
    .string()
    .min(1)
    .max(1_024)
    .superRefine((written, context) => {
      const parsed = parseSource(written, { roots })
      if (parsed.kind === 'rejected') {
        context.addIssue({ code: 'custom', message: `it ${parsed.problem}` })
      }
    })
}

const source = fieldSource('record')
const attributeName = z.string().min(1).max(nameCharsMax)

const fields = z.strictObject({
  text: source
    .optional()
    .describe(
      'Path of the text, such as `order.note`, or a template such as `{title}: {body}`. Needed, except for the ' +
        'format text, where it is the whole value.',
    ),
  id: source.optional().describe('Id of the event; topic/partition/offset when absent.'),
  time: source.optional().describe('When it happened; the record time when absent.'),
  source: source.optional().describe('Where the text came from.'),
  label: source.optional().describe('The true label when it is already known.'),
  attributes: z.record(attributeName, source).default({}).describe('Attributes by name.'),
})

const filterPath = z
  .string()
  .min(1)
  .max(1_024)
  .superRefine((written, context) => {
    const parsed = parsePath(written, { roots: 'record' })
    if (parsed.kind === 'rejected') {
      context.addIssue({ code: 'custom', message: `it ${parsed.problem}` })
    }
  })
const filterValue = z.union([z.string().max(4_096), z.number(), z.boolean()])

const topicName = z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be the name of a topic')

/** `earliest`, `latest`, or a time with its zone. */
const start = z
  .string()
  .refine((text) => /^(?:earliest|latest)$/.test(text) || parseRfc3339(text) !== undefined, {
    error: 'must be earliest, latest, or a time such as 2026-06-01T00:00:00Z',
  })

const input = z.strictObject({
  topic: topicName.describe('Topic to consume; Winnow does not create it.'),
  start: start
    .default('earliest')
    .describe(
      'Where a consumer group begins that has no committed offset on the topic: earliest, latest, or the first ' +
        'record from a time on (RFC 3339).',
    ),
  format: z.enum(recordFormats).default('json').describe('Form of the values.'),
  keyFormat: z
    .enum(recordFormats)
    .exclude(['csv'])
    .default('text')
    .describe('Form of the keys, for paths that begin with `key.`.'),
  preset: z
    .enum(presets)
    .optional()
    .describe(
      'Envelope of the values. debezium: paths lead into the change (`after.note`, `op`); deletions and tombstones ' +
        'are left out. cloudevents: paths lead into the event (`data.note`, `type`), in structured and binary mode.',
    ),
  fields: fields.prefault({}).describe('Where the fields of an event are.'),
  timeUnit: z
    .enum(timeUnits)
    .default('ms')
    .describe('Unit of a time that is a number; other times are RFC 3339.'),
  columns: z
    .array(z.string().min(1).max(nameCharsMax))
    .min(1)
    .max(1_000)
    .optional()
    .describe('Names of the columns, for the format csv.'),
  delimiter: z
    .string()
    .length(1)
    .regex(/[^"\r\n]/, 'must not be a quote or a line break')
    .default(',')
    .describe('Character between columns, for the format csv.'),
  schemaFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'File with the schema of values that do not name one: .avsc for the format avro, .proto for protobuf. ' +
        'Relative to the working folder.',
    ),
  message: z
    .string()
    .min(1)
    .max(1_024)
    .optional()
    .describe(
      'Name of the message, for the format protobuf: with schemaFile, or where values name a schema but not ' +
        'which message of it they are.',
    ),
  bytes: z
    .enum(['base64', 'utf8'])
    .default('base64')
    .describe('What bytes in values of the formats avro and protobuf become.'),
  constants: z
    .strictObject({
      source: z
        .string()
        .min(1)
        .max(nameCharsMax)
        .optional()
        .describe('Source of every event of this input.'),
      attributes: z
        .record(attributeName, z.string().max(4_096))
        .default({})
        .describe('Attributes of every event of this input.'),
    })
    .prefault({})
    .describe('Source and attributes that every event of this input gets.'),
  filter: z
    .record(
      filterPath,
      z.union([z.array(filterValue).min(1).max(1_000), filterValue.transform((one) => [one])]),
    )
    .default({})
    .describe('Values by path: an event with another value at a path is left out, and counted.'),
  models: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z0-9][\w.-]{0,63}(?:@(?:champion|[1-9]\d{0,9}))?$/,
          'must be NAME, NAME@VERSION (a number) or NAME@champion',
        ),
    )
    .min(1)
    .max(16)
    .optional()
    .describe('Models that classify this input, each on its own; inference.model when absent.'),
  cleaning: z
    .strictObject({
      steps: z
        .array(z.enum(cleaningSteps))
        .describe('Cleaning steps in order, for the texts of this input.'),
    })
    .optional()
    .describe('Cleaning of these texts; the setting cleaning when absent.'),
  deadLetterTopic: topicName
    .optional()
    .describe(
      'Topic that also gets the rejected records of this input as they arrived, with the reason in headers; Winnow ' +
        'does not create it.',
    ),
})

/** The inputs in their order. */
export const inputs = z.array(input).max(inputsMax)

/** One input with all its defaults. */
export type Input = z.output<typeof input>

type Problem = { readonly path: readonly (string | number)[]; readonly message: string }

/** What is wrong with inputs beyond the form of each setting. */
export function inputProblems(all: readonly Input[], prefix: string): Problem[] {
  const own = new Set<string>(topicNames.map((name) => `${prefix}${name}`))
  return all.flatMap((one, at) => {
    const first = all.findIndex(({ topic }) => topic === one.topic)
    const problems: Problem[] = []
    const add = (path: Problem['path'], message: string) =>
      problems.push({ path: [at, ...path], message })
    if (own.has(one.topic)) add(['topic'], 'it is a topic of Winnow itself')
    const letters = one.deadLetterTopic
    if (letters !== undefined && own.has(letters)) {
      add(['deadLetterTopic'], 'it is a topic of Winnow itself')
    }
    if (all.some(({ topic }) => topic === letters)) {
      add(['deadLetterTopic'], 'it is an input, so rejected records would come back')
    }
    if (first < at) add(['topic'], `it is the topic of inputs.${first} too; name each topic once`)
    if (one.fields.text === undefined && (one.format !== 'text' || one.preset !== undefined)) {
      add(['fields', 'text'], 'say where the text is, such as order.note')
    }
    if ((one.format === 'csv') !== (one.columns !== undefined)) {
      add(
        ['columns'],
        one.format === 'csv' ? 'the format csv needs it' : 'it is only for the format csv',
      )
    }
    const names = (one.models ?? []).map((ref) => ref.split('@')[0])
    if (new Set(names).size < names.length) add(['models'], 'it names a model twice')
    const hasFile = one.format === 'avro' || one.format === 'protobuf'
    if (one.schemaFile !== undefined && !hasFile) {
      add(['schemaFile'], 'it is only for the formats avro and protobuf')
    }
    if (one.message !== undefined && one.format !== 'protobuf') {
      add(['message'], 'it is only for the format protobuf')
    }
    if (one.message === undefined && one.format === 'protobuf' && one.schemaFile !== undefined) {
      add(['message'], 'schemaFile needs the name of the message, such as shop.Order')
    }
    const twice = one.columns?.find((name, index) => one.columns?.indexOf(name) !== index)
    if (twice !== undefined) add(['columns'], `it has the name "${twice}" twice`)
    if (one.fields.source !== undefined && one.constants.source !== undefined) {
      add(['constants', 'source'], 'fields.source is set too; set one of them')
    }
    for (const name of Object.keys(one.constants.attributes)) {
      if (!Object.hasOwn(one.fields.attributes, name)) continue
      add(
        ['constants', 'attributes', name],
        `fields.attributes.${name} is set too; set one of them`,
      )
    }
    return [...problems, ...keyProblems(one, at)]
  })
}

/** Paths into keys that are text. */
function keyProblems({ fields, filter, keyFormat }: Input, at: number): Problem[] {
  if (keyFormat !== 'text') return []
  const { attributes, ...named } = fields
  const written: [Problem['path'], string | undefined][] = [
    ...mappedFields.map((field): [Problem['path'], string | undefined] => [
      ['fields', field],
      named[field],
    ]),
    ...Object.entries(attributes).map(([name, one]): [Problem['path'], string] => [
      ['fields', 'attributes', name],
      one,
    ]),
    ...Object.keys(filter).map((path): [Problem['path'], string] => [['filter', path], path]),
  ]
  return written
    .filter(([, one]) => one !== undefined && /(?:^|\{)key[.[]/.test(one))
    .map(([path]) => ({
      path: [at, ...path],
      message: 'it leads into the key: say with keyFormat what a key is, such as json',
    }))
}
