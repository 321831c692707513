// The schema registry's codec: registers Winnow's Avro schemas, encodes values in the Confluent
// wire format, decodes values that any producer wrote with a compatible schema. Without a registry
// (registry.url: none) values are JSON. Validating what a value means happens elsewhere.
import { setTimeout as sleep } from 'node:timers/promises'
import avro from 'avsc'
import { noRegistry, type Config } from '../../configs/schema.ts'
import { connectionProblem } from '../../configs/connection-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { ok, rejected, type Outcome } from '../../schemas/outcome.ts'
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
import {
  RegistryRefused,
  createRegistryHttp,
  registryError,
  type RegistryHttp,
} from './registry-http.ts'
import { SchemaCache } from './schema-cache.ts'
import { findSchema } from './schema-source.ts'

export type TopicValue<T extends AvroTopic> = AvroType<(typeof topicSchemas)[T]>

export type Schemas = {
  /**
   * Encodes a value in the Confluent wire format: magic 0, schema id (4 bytes, big endian), Avro
   * binary. Without a registry: JSON, with bytes in base64.
   */
  encode<T extends AvroTopic>(topic: T, value: TopicValue<T>): Buffer
  /**
   * Decodes a value that starts with a schema id, or JSON without a registry. Throws only
   * registry_unavailable and registry_refused.
   */
  decode<T extends AvroTopic>(topic: T, value: Buffer): Promise<Decoded<TopicValue<T>>>
}

/** How values with one schema id are read as values of a topic. */
type Reading = Outcome<Extract<Resolution, { kind: 'ok' }>['read']>

/** The schema of a topic's values in this process. */
type TopicSchema = {
  readonly name: AvroTopic
  /** The full name, with the configured prefix. */
  readonly topic: string
  readonly type: avro.Type
  readonly node: SchemaNode
  readonly id: number
}

/** Topics that people produce to as well; only Winnow writes the others. */
const jsonTopics: ReadonlySet<AvroTopic> = new Set(['events', 'labels'])

/** Whether there is a registry: its address may be `none`. */
export function hasRegistry(config: Pick<Config['registry'], 'url'>): boolean {
  return config.url !== noRegistry
}

/**
 * Resolves when the registry responds; a read-only request. `skewMs` is how far its clock is ahead
 * of this machine's, undefined if it does not say. Throws registry_unavailable or registry_refused.
 */
export async function pingRegistry(
  config: Config['registry'],
): Promise<{ skewMs: number | undefined }> {
  const http = createRegistryHttp(config)
  const answer = await http.get(`${http.url}/subjects`, { tries: 1 })
  if (answer.kind === 'found') {
    const { clockMs } = answer
    return { skewMs: clockMs === undefined ? undefined : clockMs - Date.now() }
  }
  if (answer.kind === 'too_large') return { skewMs: undefined }
  const message =
    `${withoutUrlSecrets(config.url)} has no list of subjects, so it is not the Confluent API of a ` +
    'schema registry; check registry.url'
  throw new WinnowError('registry_unavailable', message)
}

/**
 * Registers the schemas of all topics, unless they are registered already, and returns the codec.
 * Without a registry it sends nothing. Throws registry_unavailable, registry_refused, or
 * schema_incompatible if the registry refuses a change.
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
  const readings = new Map(
    [...schemas].map(([name, reader]) => [
      name,
      new SchemaCache((schema) => findReading(http, reader, schema)),
    ]),
  )
  return {
    encode(topic, value) {
      const { type, id } = schemas.get(topic)!
      return withSchemaId({ kind: 'id', id }, type.toBuffer(value))
    },
    async decode<T extends AvroTopic>(topic: T, value: Buffer): Promise<Decoded<TopicValue<T>>> {
      // The topic is compacted, so it may hold announcements from before there was a registry.
      if (topic === 'models' && !startsWithSchemaId(value)) return jsonSchemas.decode(topic, value)
      const identified = readSchemaId(value)
      if (identified.kind === 'rejected') return rejected('avro_undecodable', identified.message)
      const reading = await readings.get(topic)!.get(identified.schema)
      return reading.kind === 'ok' ? reading.value(identified.body) : reading
    },
  }
}

/** The subjects of Winnow's schemas, and how the registry would take each of them. */
export type SchemaFit = {
  readonly fitting: readonly string[]
  readonly missing: readonly string[]
  /** The registry holds another schema there, which does not allow this one. */
  readonly refused: readonly string[]
}

/** Asks the registry about each schema and registers none. Throws what `pingRegistry` throws. */
export async function checkSchemas(
  config: Config['registry'],
  topicPrefix: string,
): Promise<SchemaFit> {
  const http = createRegistryHttp(config)
  const fit = { fitting: [] as string[], missing: [] as string[], refused: [] as string[] }
  for (const [name, schema] of Object.entries(topicSchemas)) {
    const subject = `${topicPrefix}${name}-value`
    fit[await fitOf(http, subject, schema)].push(subject)
  }
  return fit
}

async function fitOf(
  http: RegistryHttp,
  subject: string,
  schema: object,
): Promise<keyof SchemaFit> {
  const url = `${http.url}/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest`
  try {
    const answer = await http.send('POST', url, { schema: JSON.stringify(schema) })
    const { is_compatible: isCompatible } = JSON.parse(answer) as { is_compatible?: unknown }
    return isCompatible === true ? 'fitting' : 'refused'
  } catch (cause) {
    if (cause instanceof RegistryRefused && cause.status === 404) return 'missing'
    throw registryError(http, `check the schema of ${subject}`, cause)
  }
}

/**
 * Registers the schema of results for a topic of another system, and returns how its values are
 * encoded. Throws registry_unavailable, or schema_incompatible if the registry refuses it.
 */
export async function openResultEncoder(
  config: Config['registry'],
  topic: string,
): Promise<(result: TopicValue<'classified'>) => Buffer> {
  const schema = topicSchemas.classified
  const id = await register(createRegistryHttp(config), schema, `${topic}-value`)
  const type = avro.Type.forSchema(schema as unknown as avro.Schema)
  return (result) => withSchemaId({ kind: 'id', id }, type.toBuffer(result))
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

async function findReading(
  http: RegistryHttp,
  reader: TopicSchema,
  schema: SchemaId,
): Promise<Reading> {
  const { topic, node } = reader
  if (schema.kind === 'id' && schema.id === reader.id) return resolved(schema, node, node)
  const found = await findSchema(http, schema)
  const name = schemaText(schema)
  switch (found.kind) {
    case 'avro': {
      const graph = readSchemaGraph(found.json, found.references)
      if (graph.kind === 'ok') return resolved(schema, graph.root, node)
      return rejected('schema_mismatch', `${name} cannot be used: ${graph.message}`)
    }
    case 'protobuf':
    case 'json':
    case 'other': {
      const formats = jsonTopics.has(reader.name) ? 'Avro or plain JSON' : 'Avro'
      const message = `${name} is ${found.what}; ${topic} takes ${formats}`
      return rejected('schema_mismatch', message)
    }
    case 'unusable':
      return rejected('schema_mismatch', `${name} cannot be used: ${found.message}`)
    case 'unsupported':
      // Confluent's API cannot look up these ids.
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
  if (resolution.kind === 'ok') return ok(resolution.read)
  const message = `${schemaText(schema)} cannot be read here: ${resolution.message}`
  return rejected('schema_mismatch', message)
}

/** Tries of one registration: processes that start together may collide. */
const registerTries = 4

/** Registers a schema under a subject, or finds it there; returns its id. */
async function register(http: RegistryHttp, schema: object, subject: string): Promise<number> {
  const name = encodeURIComponent(subject)
  for (let tries = 1; ; tries++) {
    try {
      // Leaves a compatibility level that somebody set on purpose.
      const level = await http.get(`${http.url}/config/${name}`)
      const body = { schema: JSON.stringify(schema) }
      const answer = await http.send('POST', `${http.url}/subjects/${name}/versions`, body)
      const id = schemaIdIn(answer)
      if (level.kind === 'absent') {
        await http.send('PUT', `${http.url}/config/${name}`, { compatibility: 'BACKWARD' })
      }
      return id
    } catch (cause) {
      // A registry refuses an incompatible schema, but also one of two processes that register the
      // first version at once. The next try then finds that version.
      // A user who may only read subjects finds what somebody else has registered.
      if (cause instanceof RegistryRefused && cause.status === 403) {
        const known = await lookUp(http, schema, subject)
        if (known !== undefined) return known
      }
      const isIncompatible = cause instanceof RegistryRefused && cause.status === 409
      if (isIncompatible && tries < registerTries) {
        await sleep(100 * tries)
        continue
      }
      const what = `register ${subject} at ${withoutUrlSecrets(http.url)}`
      if (!isIncompatible) throw registryError(http, what, cause)
      const message = `cannot ${what}: ${connectionProblem(cause)}`
      throw new WinnowError('schema_incompatible', message, { cause })
    }
  }
}

/** The id of a schema that is registered under the subject; undefined if it is not. */
async function lookUp(
  http: RegistryHttp,
  schema: object,
  subject: string,
): Promise<number | undefined> {
  try {
    const url = `${http.url}/subjects/${encodeURIComponent(subject)}`
    return schemaIdIn(await http.send('POST', url, { schema: JSON.stringify(schema) }))
  } catch (cause) {
    if (cause instanceof RegistryRefused) return undefined
    throw registryError(http, `look up the schema of ${subject}`, cause)
  }
}

/** The id in the response to a registration. */
function schemaIdIn(answer: string): number {
  const { id } = JSON.parse(answer) as { id?: unknown }
  if (typeof id === 'number' && Number.isInteger(id)) return id
  throw new TypeError(`it answered without a schema id: ${answer.slice(0, 200)}`)
}
