// The schema registry: registers Winnow's Avro schemas, encodes values in Confluent wire format,
// and decodes values that any producer wrote with any registered schema that can be read as ours.
// Without a registry (registry.url: none) values are JSON. What a value means is not its concern.
import { setTimeout as sleep } from 'node:timers/promises'
import avro from 'avsc'
import { noRegistry, type Config } from '../../configs/schema.ts'
import { connectionProblem } from '../../configs/connection-problem.ts'
import { WinnowError, type EventError } from '../../schemas/errors.ts'
import { topicSchemas, type AvroTopic } from '../../schemas/subjects.ts'
import type { AvroType } from '../../schemas/avro-type.ts'
import {
  readSchemaId,
  schemaText,
  startsWithSchemaId,
  withSchemaId,
  type SchemaId,
} from '../../schemas/schema-id.ts'
import { withoutUrlSecrets } from '../../schemas/url-secrets.ts'
import { resolveSchemas, type Decoded, type Resolution } from '../avro/resolution.ts'
import { readSchemaGraph, type SchemaNode } from '../avro/schema-graph.ts'
import { jsonBytes, readJsonBytes } from './json-values.ts'
import { RegistryRefused, createRegistryHttp, type RegistryHttp } from './registry-http.ts'
import { findSchema } from './schema-source.ts'

export type TopicValue<T extends AvroTopic> = AvroType<(typeof topicSchemas)[T]>

export type Schemas = {
  /**
   * Value in Confluent wire format: magic 0, schema id (4 bytes, big endian), Avro binary. Without
   * a registry as JSON, with bytes in base64.
   */
  encode<T extends AvroTopic>(topic: T, value: TopicValue<T>): Buffer
  /**
   * Reads a value that starts with a schema id, or JSON without a registry. Throws
   * registry_unavailable only.
   */
  decode<T extends AvroTopic>(topic: T, value: Buffer): Promise<Decoded<TopicValue<T>>>
}

/** How values of one schema id are read as those of a topic. */
type Reading =
  Extract<Resolution, { kind: 'ok' }> | { readonly kind: 'rejected'; readonly error: EventError }

/** What a topic's values are here. */
type TopicSchema = {
  readonly name: AvroTopic
  /** With the configured prefix. */
  readonly topic: string
  readonly type: avro.Type
  readonly node: SchemaNode
  readonly id: number
}

/** An unknown id is asked for again after so long: somebody may have registered its schema. */
const unknownMsMax = 10_000
/** Ids are signed 32-bit integers; registries disagree on what they answer to others. */
const idMax = 0x7fff_ffff
/** Topics that people write to as well; the others are written by Winnow. */
const jsonTopics: ReadonlySet<AvroTopic> = new Set(['events', 'labels'])
/** Schemas that are remembered; the one that came first makes room. */
const readingsMax = 1_000

/** Whether there is a registry: its address may be `none`. */
export function hasRegistry(config: Pick<Config['registry'], 'url'>): boolean {
  return config.url !== noRegistry
}

/** Resolves when the registry answers, which changes nothing there. Throws registry_unavailable. */
export async function pingRegistry(config: Config['registry']): Promise<void> {
  const http = createRegistryHttp(config)
  const { kind } = await http.get(`${http.url}/subjects`, { tries: 1 })
  if (kind === 'found') return
  const message =
    `${withoutUrlSecrets(config.url)} has no list of subjects, so it is not the Confluent API of a ` +
    'schema registry; check registry.url'
  throw new WinnowError('registry_unavailable', message)
}

/**
 * Registers the schemas of all topics (a no-op for those already there) and returns the codec.
 * Without a registry it asks nobody. Throws registry_unavailable, or schema_incompatible when the
 * registry refuses a change.
 */
export async function openSchemas(
  config: Config['registry'],
  topicPrefix: string,
): Promise<Schemas> {
  if (!hasRegistry(config)) return jsonSchemas
  const http = createRegistryHttp(config)
  const schemas = new Map<AvroTopic, TopicSchema>()
  for (const [name, schema] of Object.entries(topicSchemas) as [AvroTopic, object][]) {
    const topic = `${topicPrefix}${name}`
    const id = await register(http, schema, `${topic}-value`)
    const type = avro.Type.forSchema(schema as avro.Schema)
    schemas.set(name, { name, topic, type, node: nodeOf(schema), id })
  }
  const readings = new Readings(http)
  return {
    encode(topic, value) {
      const { type, id } = schemas.get(topic)!
      return withSchemaId({ kind: 'id', id }, type.toBuffer(value))
    },
    async decode<T extends AvroTopic>(topic: T, value: Buffer): Promise<Decoded<TopicValue<T>>> {
      // The topic is compacted: announcements stay from before there was a registry.
      if (topic === 'models' && !startsWithSchemaId(value)) return jsonSchemas.decode(topic, value)
      const identified = readSchemaId(value)
      if (identified.kind === 'rejected') return rejected('avro_undecodable', identified.message)
      const reading = await readings.of(schemas.get(topic)!, identified.schema)
      return reading.kind === 'ok' ? reading.read(identified.body) : reading
    },
  }
}

/** The codec of a stack without a registry. */
const jsonSchemas: Schemas = {
  encode: (_topic, value) => jsonBytes(value),
  decode: (topic, value) =>
    Promise.resolve(
      startsWithSchemaId(value)
        ? rejected(
            'schema_unknown',
            'the value names a schema, but registry.url is none: produce JSON, or set registry.url to the ' +
              'registry that has it',
          )
        : readJsonBytes(topicSchemas[topic], value),
    ),
}

/** The graph of one of Winnow's own schemas. */
function nodeOf(schema: object): SchemaNode {
  const graph = readSchemaGraph(schema)
  if (graph.kind === 'rejected') throw new TypeError(graph.message)
  return graph.root
}

/** How values are read, by topic and schema id; what was found out is remembered. */
class Readings {
  readonly #http: RegistryHttp
  readonly #known = new Map<string, { result: Promise<Reading>; untilMs: number }>()

  constructor(http: RegistryHttp) {
    this.#http = http
  }

  of(reader: TopicSchema, schema: SchemaId): Promise<Reading> {
    const key = `${reader.topic}/${schema.kind}/${schema.id}`
    const known = this.#known.get(key)
    if (known !== undefined && performance.now() < known.untilMs) return known.result
    const entry = { result: findReading(this.#http, reader, schema), untilMs: Infinity }
    entry.result.then(
      (one) => {
        const isUnknown = one.kind === 'rejected' && one.error.code === 'schema_unknown'
        if (isUnknown) entry.untilMs = performance.now() + unknownMsMax
      },
      () => this.#known.delete(key),
    )
    this.#known.delete(key)
    this.#known.set(key, entry)
    if (this.#known.size > readingsMax) this.#known.delete(this.#known.keys().next().value!)
    return entry.result
  }
}

async function findReading(
  http: RegistryHttp,
  reader: TopicSchema,
  schema: SchemaId,
): Promise<Reading> {
  const { topic, node } = reader
  if (schema.kind === 'id' && schema.id === reader.id) return resolved(schema, node, node)
  if (schema.id === 0 || (schema.kind === 'id' && schema.id > idMax)) {
    return rejected('schema_unknown', `${schema.id} is not a schema id`)
  }
  const found = await findSchema(http, schema)
  const name = schemaText(schema)
  switch (found.kind) {
    case 'avro': {
      const graph = readSchemaGraph(found.json, found.references)
      if (graph.kind === 'ok') return resolved(schema, graph.root, node)
      return rejected('schema_mismatch', `${name} cannot be used: ${graph.message}`)
    }
    case 'other': {
      const formats = jsonTopics.has(reader.name) ? 'Avro or plain JSON' : 'Avro'
      const message = `${name} is ${found.what}; ${topic} takes ${formats}`
      return rejected('schema_mismatch', message)
    }
    case 'unusable':
      return rejected('schema_mismatch', `${name} cannot be used: ${found.message}`)
    case 'unsupported':
      // Only these ids have no place in Confluent's interface.
      return rejected(
        'schema_unknown',
        `${name} is named by 8 bytes, as Apicurio's serialisers do, and registry.url is not ` +
          `Apicurio's (…/apis/ccompat/v7); set it, or let the producer write Confluent's ids ` +
          `(apicurio.registry.id-handler)`,
      )
    case 'unknown':
      return rejected('schema_unknown', `the registry has no ${name}`)
  }
}

function resolved(schema: SchemaId, writer: SchemaNode, reader: SchemaNode): Reading {
  const resolution = resolveSchemas(writer, reader)
  if (resolution.kind === 'ok') return resolution
  const message = `${schemaText(schema)} cannot be read here: ${resolution.message}`
  return rejected('schema_mismatch', message)
}

/** Tries of one registration: processes that start together may get in each other's way. */
const registerTries = 4

/** Registers a schema under a subject, or finds it there; gives its id. */
async function register(http: RegistryHttp, schema: object, subject: string): Promise<number> {
  const name = encodeURIComponent(subject)
  for (let tries = 1; ; tries++) {
    try {
      // A level that somebody set on purpose stays.
      const level = await http.get(`${http.url}/config/${name}`)
      const body = { schema: JSON.stringify(schema) }
      const answer = await http.send('POST', `${http.url}/subjects/${name}/versions`, body)
      const id = schemaIdIn(answer)
      if (level.kind === 'absent') {
        await http.send('PUT', `${http.url}/config/${name}`, { compatibility: 'BACKWARD' })
      }
      return id
    } catch (cause) {
      // Refused for an incompatible schema, but also where two processes register the first version
      // at once: the next try then finds the version.
      const isIncompatible = cause instanceof RegistryRefused && cause.status === 409
      if (isIncompatible && tries < registerTries) {
        await sleep(100 * tries)
        continue
      }
      throw new WinnowError(
        isIncompatible ? 'schema_incompatible' : 'registry_unavailable',
        `cannot register ${subject} at ${withoutUrlSecrets(http.url)}: ${connectionProblem(cause)}`,
        { cause },
      )
    }
  }
}

/** The id in the answer to a registration. */
function schemaIdIn(answer: string): number {
  const { id } = JSON.parse(answer) as { id?: unknown }
  if (typeof id === 'number' && Number.isInteger(id)) return id
  throw new TypeError(`it answered without a schema id: ${answer.slice(0, 200)}`)
}

function rejected(code: EventError['code'], message: string) {
  return { kind: 'rejected' as const, error: { code, message } }
}
