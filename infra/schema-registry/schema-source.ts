// Finds the schemas that values name: through the registry's Confluent API, or for Apicurio's
// global ids through its own API on the same server. Follows references to other schemas.
// Interpreting schemas is infra/avro/.
import { WinnowError } from '../../schemas/errors.ts'
import type { SchemaId } from '../../schemas/schema-id.ts'
import type { RegistryHttp } from './registry-http.ts'

export type FoundSchema =
  | { readonly kind: 'avro'; readonly json: unknown; readonly references: readonly unknown[] }
  /** A .proto file; the files that it imports are read when they are needed. */
  | {
      readonly kind: 'protobuf'
      readonly what: string
      readonly text: string
      readonly imports: () => Promise<ImportedFiles>
    }
  | { readonly kind: 'json'; readonly what: string }
  /** A schema in another language; `what` names it: `a schema of type X`. */
  | { readonly kind: 'other'; readonly what: string }
  | { readonly kind: 'unknown' }
  /** The registry's address does not say where such an id can be looked up. */
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'unusable'; readonly message: string }

/** The .proto files that a schema imports, by the path in its imports. */
export type ImportedFiles =
  | { readonly kind: 'ok'; readonly files: ReadonlyMap<string, string> }
  | { readonly kind: 'unusable'; readonly message: string }

/** Most other schemas that one schema may need. */
const referencesMax = 100

/** Reads one schema with all schemas that it refers to. Throws registry_unavailable. */
export async function findSchema(http: RegistryHttp, schema: SchemaId): Promise<FoundSchema> {
  switch (schema.kind) {
    case 'id':
      return confluentSchema(http, `/schemas/ids/${schema.id}`)
    case 'guid':
      return confluentSchema(http, `/schemas/guids/${schema.id}`)
    case 'global':
      return apicurioSchema(http, schema.id)
  }
}

async function confluentSchema(http: RegistryHttp, path: string): Promise<FoundSchema> {
  const found = await http.get(`${http.url}${path}`)
  if (found.kind !== 'found') return missing[found.kind]
  const { schema, schemaType, references } = objectOf(parsed(found.text), path)
  const language = typeof schemaType === 'string' ? schemaType : 'AVRO'
  return schemaOf(language, String(schema), async (needed) => {
    await needed.follow(referencesOf(references), async ({ subject, version }) => {
      const at = `/subjects/${encodeURIComponent(subject)}/versions/${encodeURIComponent(version)}`
      const answer = await http.get(`${http.url}${at}`)
      if (answer.kind !== 'found') return undefined
      const one = objectOf(parsed(answer.text), at)
      return { text: String(one['schema']), references: referencesOf(one['references']) }
    })
  })
}

const missing = {
  absent: { kind: 'unknown' },
  too_large: { kind: 'unusable', message: 'it is too large' },
} as const satisfies Record<string, FoundSchema>

/** Apicurio's own API, version 2, which its 3.x serves as well. */
async function apicurioSchema(http: RegistryHttp, id: number): Promise<FoundSchema> {
  const native = http.url.replace(/\/apis\/ccompat\/v\d+$/, '/apis/registry/v2')
  if (native === http.url) return { kind: 'unsupported' }
  const root = `${native}/ids/globalIds/${id}`
  const found = await http.get(root)
  if (found.kind !== 'found') return missing[found.kind]
  return schemaOf(languageOf(found), found.text, async (needed) => {
    const referred = async (of: string) => {
      const answer = await http.get(`${of}/references`)
      return answer.kind === 'found' ? referencesOf(parsed(answer.text)) : []
    }
    await needed.follow(await referred(root), async ({ group, subject, version }) => {
      const [inGroup, artifact, at] = [group, subject, version].map(encodeURIComponent)
      const url = `${native}/groups/${inGroup!}/artifacts/${artifact!}/versions/${at!}`
      const answer = await http.get(url)
      if (answer.kind !== 'found') return undefined
      return { text: answer.text, references: await referred(url) }
    })
  })
}

async function schemaOf(
  language: string,
  text: string,
  follow: (needed: References) => Promise<void>,
): Promise<FoundSchema> {
  switch (language) {
    case 'AVRO': {
      const needed = await followed(follow)
      if (needed.kind === 'unusable') return needed
      return { kind: 'avro', json: avroJson(text), references: needed.texts.map(avroJson) }
    }
    case 'PROTOBUF':
      return {
        kind: 'protobuf',
        what: 'a Protobuf schema',
        text,
        imports: async () => {
          const needed = await followed(follow)
          return needed.kind === 'unusable' ? needed : { kind: 'ok', files: needed.named }
        },
      }
    case 'JSON':
      return { kind: 'json', what: 'a JSON Schema' }
    default:
      return { kind: 'other', what: `a schema of type ${language.slice(0, 40)}` }
  }
}

/** The schemas that a schema needs, or why they cannot be used. Throws registry_unavailable. */
async function followed(follow: (needed: References) => Promise<void>) {
  try {
    const needed = new References()
    await follow(needed)
    return { kind: 'ok' as const, texts: needed.texts, named: needed.named }
  } catch (error) {
    if (error instanceof SchemaUnusable)
      return { kind: 'unusable' as const, message: error.message }
    throw error
  }
}

/** The language of a schema; Apicurio's API does not always name it. */
function languageOf({ text, mediaType }: { text: string; mediaType: string }): string {
  if (mediaType.includes('protobuf')) return 'PROTOBUF'
  if (!mediaType.includes('json')) return mediaType
  const json = avroJson(text)
  if (typeof json !== 'object' || json === null) return 'AVRO'
  return '$schema' in json || ('type' in json && json.type === 'object') ? 'JSON' : 'AVRO'
}

class SchemaUnusable extends Error {}

type Reference = {
  /** As the schema names it: of a Protobuf schema, the path of an import. */
  readonly name: string
  readonly group: string
  readonly subject: string
  readonly version: string
}

/** The schemas that a schema needs, each once, after those that it needs itself. */
class References {
  readonly texts: string[] = []
  /** The same by their names. */
  readonly named = new Map<string, string>()
  /** Texts by subject and version; undefined while what they need is read. */
  readonly #seen = new Map<string, string | undefined>()

  async follow(
    references: readonly Reference[],
    read: (
      reference: Reference,
    ) => Promise<{ text: string; references: readonly Reference[] } | undefined>,
  ): Promise<void> {
    for (const reference of references) {
      const { name, group, subject, version } = reference
      const key = JSON.stringify([group, subject, version])
      if (this.#seen.has(key)) {
        const text = this.#seen.get(key)
        if (text !== undefined) this.named.set(name, text)
        continue
      }
      this.#seen.set(key, undefined)
      if (this.#seen.size > referencesMax) {
        throw new SchemaUnusable(`it needs more than ${referencesMax} other schemas`)
      }
      const found = await read(reference)
      if (found === undefined) {
        throw new SchemaUnusable(`it refers to ${subject} version ${version}, which is not there`)
      }
      await this.follow(found.references, read)
      this.#seen.set(key, found.text)
      this.texts.push(found.text)
      this.named.set(name, found.text)
    }
  }
}

/**
 * The references of a schema. Confluent's name a subject, Apicurio's own an artifact in a group.
 */
function referencesOf(json: unknown): Reference[] {
  if (!Array.isArray(json)) return []
  return (json as unknown[]).map((one) => {
    const { name, groupId, artifactId, subject, version } = objectOf(one, 'a reference')
    return {
      name: textOf(name),
      group: textOf(groupId) || 'default',
      subject: textOf(subject) || textOf(artifactId),
      version: textOf(version),
    }
  })
}

function textOf(json: unknown): string {
  return typeof json === 'string' || typeof json === 'number' ? String(json) : ''
}

function avroJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // The name of a primitive type may have no quotes.
    return text.trim()
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new WinnowError('registry_unavailable', 'the registry did not answer with JSON', {
      cause,
    })
  }
}

function objectOf(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null) return json as Record<string, unknown>
  throw new WinnowError(
    'registry_unavailable',
    `the registry did not answer with a JSON object to ${what}`,
  )
}
