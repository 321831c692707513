// Makes events of CloudEvents 1.0: structured (JSON), in batches, and in binary mode, whose
// headers hold what is not data. cloudevents/spec: spec.md, json-format.md,
// http-protocol-binding.md.
import { isUtf8 } from 'node:buffer'
import type { Work } from '../../models/runtime/sliced-work.ts'
import {
  cloudEventDefects,
  cloudEventNames,
  decodedData,
  isJsonType,
} from '../../schemas/mapping/cloud-event.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { isJsonObject } from '../../schemas/json-object.ts'
import { codingOf } from '../bodies/content-coding.ts'
import { invalidBody, readBody, type CutItems } from '../bodies/event-body.ts'
import type { ItemDefect } from '../http/problem.ts'
import type { ItemCheck } from './item-checks.ts'

/** Attributes of a CloudEvent that are not fields of an event. */
const keptNames = ['type', 'subject', 'dataschema'] as const
/** Fields of an event that an object in `data` may have. */
const dataFields = ['text', 'label', 'attributes'] as const

/**
 * The fields of an event, still to be checked: `data` is the text, or an object with `text` and
 * perhaps `label` and `attributes`. The type, the subject, the dataschema and extensions become
 * attributes; those in `data` take precedence.
 */
export function eventOfCloudEvent(value: unknown): ItemCheck<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = 'a CloudEvent must be a JSON object'
    return { kind: 'rejected', defects: [{ code: 'event_not_object', message }] }
  }
  const given = new Map<string, unknown>(Object.entries(value).filter(([, one]) => one !== null))
  const defects: ItemDefect[] = cloudEventDefects(given)
  const data = dataOf(given)
  if (data.kind === 'rejected') defects.push(...data.defects)
  if (defects.length > 0 || data.kind === 'rejected') return { kind: 'rejected', defects }
  const names = [...keptNames, ...[...given.keys()].filter((name) => !cloudEventNames.has(name))]
  const attributes = names
    .filter((name) => given.has(name))
    .map((name): [string, string] => [name, String(given.get(name))])
  const { text, label, attributes: own } = data.item
  return {
    kind: 'ok',
    item: {
      id: given.get('id'),
      source: given.get('source'),
      time: given.get('time'),
      ...(text !== undefined && { text }),
      label,
      // Anything but an object is left to the check of the event.
      attributes:
        own === undefined || isJsonObject(own)
          ? Object.fromEntries([...attributes, ...Object.entries(own ?? {})])
          : own,
    },
  }
}

type EventData = { text?: unknown; label?: unknown; attributes?: unknown }

function dataOf(given: ReadonlyMap<string, unknown>): ItemCheck<EventData> {
  const field = 'data'
  if (given.has('data') && given.has('data_base64')) {
    const message = 'there must be data or data_base64, not both'
    return { kind: 'rejected', defects: [{ code: 'field_unknown', field: 'data_base64', message }] }
  }
  const data = given.has('data_base64') ? decodedData(given) : given.get('data')
  if (data === undefined) {
    const message = 'data is missing, or data_base64 is not text in base64'
    return { kind: 'rejected', defects: [{ code: 'field_missing', field, message }] }
  }
  if (typeof data === 'string') return { kind: 'ok', item: { text: data } }
  if (!isJsonObject(data)) {
    const message = 'data must be the text, or an object with the field text'
    return { kind: 'rejected', defects: [{ code: 'field_type', field, message }] }
  }
  const unknown = Object.keys(data).filter((name) => !dataFields.includes(name as 'text'))
  if (unknown.length === 0) return { kind: 'ok', item: data }
  const defects = unknown.map((name): ItemDefect => {
    const where = `data.${name.slice(0, 64)}`
    const message = `${where} is none of ${dataFields.join(', ')}`
    return { code: 'field_unknown', field: where, message }
  })
  return { kind: 'rejected', defects }
}

/** A request in binary mode: what its headers say. */
export type BinaryCloudEvent = {
  /** The CloudEvent without its data. */
  readonly envelope: Readonly<Record<string, unknown>>
  readonly contentType: string
}

/**
 * The headers of a CloudEvent in binary mode; undefined for any other request. A web page cannot
 * send the header ce-specversion across origins without a preflight. Throws
 * `media_type_unsupported`, and `parameter_invalid` for a header that is not UTF-8 in
 * percent-encoding.
 */
export function binaryCloudEvent(
  headers: Readonly<Record<string, string>>,
): BinaryCloudEvent | undefined {
  const contentType = headers['content-type'] ?? ''
  if (headers['ce-specversion'] === undefined || /^application\/cloudevents/i.test(contentType)) {
    return undefined
  }
  codingOf(headers['content-encoding'])
  if (
    !isJsonType(contentType) &&
    !/^text\/[^;]+(?:;\s*charset="?utf-?8"?\s*)?$/i.test(contentType)
  ) {
    throw new WinnowError(
      'media_type_unsupported',
      `The data of a CloudEvent must be JSON or text in UTF-8, not "${contentType}"`,
    )
  }
  const envelope = Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]): [string, string] => [name.slice(3), headerText(name, value)])
  return { envelope: Object.fromEntries(envelope), contentType }
}

/** http-protocol-binding.md, 3.1.3.2: percent-encoded UTF-8; older senders quote the string. */
function headerText(name: string, value: string): string {
  const quoted = /^"(.*)"$/.exec(value)?.[1]?.replace(/\\(.)/g, '$1') ?? value
  try {
    return quoted.replace(/(?:%[0-9A-Fa-f]{2})+/g, (encoded) => decodeURIComponent(encoded))
  } catch {
    throw new WinnowError('parameter_invalid', `${name} is not UTF-8 in percent-encoding`, {
      details: { parameter: name },
    })
  }
}

/** The one CloudEvent of a request in binary mode. Throws `body_invalid`. */
export function* cutBinaryCloudEvent(
  body: Uint8Array,
  { envelope, contentType }: BinaryCloudEvent,
  entriesMax: number,
): Work<CutItems> {
  const data = isJsonType(contentType) ? yield* jsonData(body, entriesMax) : textData(body)
  return {
    count: 1,
    read: () => ({
      kind: 'value',
      value: { ...envelope, data_base64: null, ...(data !== undefined && { data }) },
    }),
  }
}

function* jsonData(body: Uint8Array, entriesMax: number): Work<unknown> {
  if (body.length === 0) return undefined
  const read = yield* readBody(body, entriesMax)
  if (read.kind === 'value') return read.value
  throw invalidBody(`The data of the CloudEvent: ${read.error.message}`)
}

function textData(body: Uint8Array): string {
  if (!isUtf8(body)) throw invalidBody('The data of the CloudEvent is not valid UTF-8')
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
}
