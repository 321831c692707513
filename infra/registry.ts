// The schema registry: registers Winnow's Avro schemas, encodes values in Confluent wire format, and
// decodes values that any producer wrote with any registered schema. What a value means is not its
// concern.
import { setTimeout as sleep } from 'node:timers/promises'
import { SchemaRegistry, SchemaType, COMPATIBILITY } from '@kafkajs/confluent-schema-registry'
import avro from 'avsc'
import type { Config } from '../configs/schema.ts'
import { WinnowError, errorMessage, type EventError } from '../schemas/errors.ts'
import { topicSchemas, type AvroTopic } from '../schemas/subjects.ts'
import type { AvroType } from '../schemas/avro-type.ts'
import { findAvroDefect } from './avro-check.ts'

export type TopicValue<T extends AvroTopic> = AvroType<(typeof topicSchemas)[T]>

export type Decoded<T> = { kind: 'ok'; value: T } | { kind: 'rejected'; error: EventError }

export type Schemas = {
  /** Value in Confluent wire format: magic 0, schema id (4 bytes, big endian), Avro binary. */
  encode<T extends AvroTopic>(topic: T, value: TopicValue<T>): Buffer
  /** Reads a value that starts with magic byte 0. Throws registry_unavailable only. */
  decode<T extends AvroTopic>(topic: T, value: Buffer): Promise<Decoded<TopicValue<T>>>
}

/** How values of one schema id are read; `resolver` undefined: writer and reader are the same. */
type Resolution =
  | { kind: 'ok'; writer: avro.Type; resolver: avro.Resolver | undefined }
  | { kind: 'rejected'; error: EventError }

/** An unknown id is asked for again after so long: somebody may have registered its schema. */
const unknownMsMax = 10_000
/** Ids are signed 32-bit integers; registries disagree on what they answer to others. */
const idMax = 0x7fff_ffff

/**
 * Registers the schemas of all topics (a no-op for those already there) and returns the codec.
 * Throws registry_unavailable, or schema_incompatible when the registry refuses a change.
 */
export async function openSchemas(
  config: Config['registry'],
  topicPrefix: string,
): Promise<Schemas> {
  const registry = new SchemaRegistry({
    host: config.url,
    clientId: 'winnow',
    retry: { retries: 3, initialRetryTimeInSecs: 0.1, maxRetryTimeInSecs: 2 },
    middlewares: [deadline(config.requestMsMax), authorization(config)],
  })
  const types = new Map<AvroTopic, { type: avro.Type; id: number }>()
  for (const [topic, schema] of Object.entries(topicSchemas) as [AvroTopic, object][]) {
    const subject = `${topicPrefix}${topic}-value`
    const { id } = await register(registry, schema, {
      subject,
      level: () => compatibilityLevel(config, subject),
    })
    types.set(topic, { type: avro.Type.forSchema(schema as avro.Schema), id })
  }
  const resolutions = new Map<string, { result: Promise<Resolution>; untilMs: number }>()
  const resolutionOf = (topic: AvroTopic, id: number): Promise<Resolution> => {
    const key = `${topic}/${id}`
    const known = resolutions.get(key)
    if (known !== undefined && performance.now() < known.untilMs) return known.result
    const entry = { result: resolve(registry, types.get(topic)!, id), untilMs: Infinity }
    const isUnknown = (one: Resolution) =>
      one.kind === 'rejected' && one.error.code === 'schema_unknown'
    entry.result.then(
      (one) => {
        if (isUnknown(one)) entry.untilMs = performance.now() + unknownMsMax
      },
      () => resolutions.delete(key),
    )
    if (resolutions.size < 1_000 || known !== undefined) resolutions.set(key, entry)
    return entry.result
  }
  return {
    encode(topic, value) {
      const { type, id } = types.get(topic)!
      const head = Buffer.alloc(5)
      head.writeUInt32BE(id, 1)
      return Buffer.concat([head, type.toBuffer(value)])
    },
    async decode<T extends AvroTopic>(topic: T, value: Buffer): Promise<Decoded<TopicValue<T>>> {
      if (value.length < 5) {
        return rejected('avro_undecodable', `${value.length} bytes are too few for a schema id`)
      }
      const resolution = await resolutionOf(topic, value.readUInt32BE(1))
      if (resolution.kind === 'rejected') return resolution
      return readAvro(types.get(topic)!.type, resolution, value.subarray(5))
    },
  }
}

/** Decodes the Avro part of a value: written with `writer`, read as `type`. */
export function readAvro<T>(
  type: avro.Type,
  { writer, resolver }: { writer: avro.Type; resolver: avro.Resolver | undefined },
  bytes: Buffer,
): Decoded<T> {
  const defect = findAvroDefect(writer, bytes)
  if (defect !== undefined) return { kind: 'rejected', error: defect }
  try {
    return { kind: 'ok', value: type.fromBuffer(bytes, resolver) as T }
  } catch (error) {
    return rejected('avro_undecodable', errorMessage(error))
  }
}

type RegistryMiddleware = NonNullable<
  ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']
>[number]

/** Ends a request without an answer; the client by itself would wait for ever. */
function deadline(msMax: number): RegistryMiddleware {
  return () => ({
    prepareRequest: async (next) => (await next()).enhance({ timeout: msMax }),
  })
}

/** Sends the credentials with each request. */
function authorization(config: Config['registry']): RegistryMiddleware {
  return () => ({
    prepareRequest: async (next) => (await next()).enhance({ headers: credentialHeaders(config) }),
  })
}

/** The header of a bearer token, or of basic authentication; none where neither is configured. */
function credentialHeaders({
  token,
  username,
  password = '',
}: Config['registry']): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (username === undefined) return {}
  const basic = Buffer.from(`${username}:${password}`).toString('base64')
  return { authorization: `Basic ${basic}` }
}

/** Tries of one registration: processes that start together may get in each other's way. */
const registerTries = 4

async function register(
  registry: SchemaRegistry,
  schema: object,
  { subject, level }: { subject: string; level: () => Promise<COMPATIBILITY> },
) {
  for (let tries = 1; ; tries++) {
    try {
      return await registry.register(
        { type: SchemaType.AVRO, schema: JSON.stringify(schema) },
        { subject, compatibility: await level() },
      )
    } catch (cause) {
      // Refused for an incompatible schema, but also where two processes register the first version
      // at once: the next try then finds the version, with the compatibility level that it lacked.
      const { status, name } = cause as { status?: number; name?: string }
      const incompatible = status === 409 || name === 'ConfluentSchemaRegistryCompatibilityError'
      if (incompatible && tries < registerTries) {
        await sleep(100 * tries)
        continue
      }
      throw new WinnowError(
        incompatible ? 'schema_incompatible' : 'registry_unavailable',
        `cannot register ${subject}: ${errorMessage(cause)}`,
        { cause },
      )
    }
  }
}

/**
 * The level to register under: the subject's own, since whoever set another one meant it and the
 * client refuses to go on where they differ; BACKWARD for a subject that has none.
 */
async function compatibilityLevel(
  config: Config['registry'],
  subject: string,
): Promise<COMPATIBILITY> {
  const { url, requestMsMax } = config
  try {
    const answer = await fetch(`${url.replace(/\/$/, '')}/config/${encodeURIComponent(subject)}`, {
      headers: credentialHeaders(config),
      signal: AbortSignal.timeout(requestMsMax),
    })
    const { compatibilityLevel: level } = (await answer.json()) as { compatibilityLevel?: unknown }
    return Object.values(COMPATIBILITY).find((one) => one === level) ?? COMPATIBILITY.BACKWARD
  } catch {
    // The registration that follows meets the same failure, and tries again as configured.
    return COMPATIBILITY.BACKWARD
  }
}

async function resolve(
  registry: SchemaRegistry,
  reader: { type: avro.Type; id: number },
  id: number,
): Promise<Resolution> {
  if (id === reader.id) return { kind: 'ok', writer: reader.type, resolver: undefined }
  if (id > idMax) return rejected('schema_unknown', `${id} is no schema id`)
  let writer: avro.Type
  try {
    writer = (await registry.getSchema(id)) as unknown as avro.Type
  } catch (cause) {
    const { status } = cause as { status?: number }
    if (status === 404)
      return rejected('schema_unknown', `the registry has no schema with id ${id}`)
    // An answer that is no Avro schema that can be used here; asking again would not change it.
    if (status === undefined) {
      return rejected('schema_mismatch', `schema ${id} cannot be used: ${errorMessage(cause)}`)
    }
    throw new WinnowError(
      'registry_unavailable',
      `cannot read schema ${id}: ${errorMessage(cause)}`,
      {
        cause,
      },
    )
  }
  try {
    return { kind: 'ok', writer, resolver: reader.type.createResolver(writer) }
  } catch (error) {
    return rejected('schema_mismatch', `schema ${id} cannot be read here: ${errorMessage(error)}`)
  }
}

function rejected(code: EventError['code'], message: string) {
  return { kind: 'rejected' as const, error: { code, message } }
}
