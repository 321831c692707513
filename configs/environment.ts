// Maps WINNOW_* environment variables to configuration paths by the schema: WINNOW_KAFKA_BROKERS is
// kafka.brokers. Refuses unknown names, except the service links that Kubernetes injects.
import { z } from 'zod'
import { WinnowError } from '../schemas/errors.ts'
import { nearest } from '../schemas/nearest.ts'
import { configSchema } from './schema.ts'
import { readSecretFile } from './secret-file.ts'

/** A leaf of the configuration: its dotted path, JSON type, default and meaning. */
export type ConfigField = {
  path: string
  type: string
  defaultValue: unknown
  description: string
  rules: string
  secret: boolean
}

/**
 * Variables with a meaning of their own, read by paths.ts, load.ts, fault-hook.ts or the terminal
 * code.
 */
const reserved = new Set([
  'WINNOW_MODEL_STORE',
  'WINNOW_STATE',
  'WINNOW_PROFILE',
  'WINNOW_CONFIG',
  'WINNOW_OFFLINE',
  'WINNOW_FAULTS',
])
const serviceLink = /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP)/

/** Every leaf of the configuration, in the order of the schema. A list without sections is one. */
export function configFields(): ConfigField[] {
  return Object.entries(sectionsOf(configSchema)).flatMap(([name, section]) =>
    section.properties === undefined ? [describeField(name, section)] : fieldsIn(name, section),
  )
}

/** The sections that are lists of entries with settings of their own. */
export const listSections = ['inputs', 'outputs'] as const
export type ListSection = (typeof listSections)[number]

/** Every leaf of one entry of a list, as `inputs.topic`. */
export function entryFields(section: ListSection): ConfigField[] {
  return fieldsIn(section, sectionsOf(configSchema)[section]?.items ?? {})
}

function sectionsOf(schema: z.ZodType): Readonly<Record<string, JsonSchema>> {
  return (z.toJSONSchema(schema, { io: 'input' }) as JsonSchema).properties ?? {}
}

/** The sections within sections, such as `tracking.mlflow`. */
export function subsections(fields: readonly ConfigField[]): Set<string> {
  const paths = fields.map(({ path }) => path.split('.').slice(0, -1))
  return new Set(paths.filter(({ length }) => length > 1).map((parts) => parts.join('.')))
}

function fieldsIn(section: string, { properties = {} }: JsonSchema): ConfigField[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = `${section}.${name}`
    return schema.properties === undefined ? [describeField(path, schema)] : fieldsIn(path, schema)
  })
}

/** The variable that sets a path: `kafka.brokers` is WINNOW_KAFKA_BROKERS. */
export function variableOf(path: string): string {
  return `WINNOW_${path
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`
}

/** The variable that names a file with the value of a secret: WINNOW_KAFKA_PASSWORD_FILE. */
export function fileVariableOf(path: string): string {
  return `${variableOf(path)}_FILE`
}

/**
 * The settings in the environment, as dotted path to value. Throws `config_invalid` for an unknown
 * WINNOW_ variable, for a secret that is set both directly and by a file, and for a secret file
 * that cannot be read.
 */
export function environmentLayer(
  env: Readonly<Record<string, string | undefined>>,
  fields: readonly ConfigField[] = configFields(),
) {
  const byVariable = new Map(fields.map((field) => [variableOf(field.path), field]))
  const byFileVariable = new Map(
    fields.filter(({ secret }) => secret).map((field) => [fileVariableOf(field.path), field]),
  )
  const layer: { path: string; value: unknown; origin: string }[] = []
  // The variable that the hub's own tools read; WINNOW_BASE_ENDPOINT below takes precedence.
  const hub = env['HF_ENDPOINT']
  if (hub) layer.push({ path: 'base.endpoint', value: hub, origin: 'HF_ENDPOINT' })
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('WINNOW_') || text === undefined || reserved.has(name)) continue
    if (serviceLink.test(name) || /^(tcp|udp):\/\//.test(text)) continue
    const secret = byFileVariable.get(name)
    if (secret !== undefined) {
      // Compose files pass unset variables on as empty ones.
      if (text === '') continue
      refuseBoth(secret.path, env)
      // Clients follow the files that have a setting, such as kafka.passwordFile.
      const file = byVariable.get(name)
      const value = () => parseText(readSecretFile(name, text), secret.type)
      if (file === undefined) layer.push({ path: secret.path, value: value(), origin: name })
      else layer.push({ path: file.path, value: text, origin: name })
      continue
    }
    const field = byVariable.get(name)
    if (field?.secret === true && text === '' && env[`${name}_FILE`]) continue
    if (field === undefined) {
      const near = nearest(name, [...byVariable.keys(), ...byFileVariable.keys()])
      throw new WinnowError(
        'config_invalid',
        `${name} is not a setting${near === undefined ? '' : `; did you mean ${near}?`}`,
        { details: { variable: name } },
      )
    }
    layer.push({ path: field.path, value: parseText(text, field.type), origin: name })
  }
  return layer
}

function refuseBoth(path: string, env: Readonly<Record<string, string | undefined>>): void {
  const [variable, fileVariable] = [variableOf(path), fileVariableOf(path)]
  if (!env[variable]) return
  const message = `${variable} and ${fileVariable} are both set; set one of them`
  throw new WinnowError('config_invalid', message, { details: { variable: fileVariable } })
}

/**
 * The settings of files with secrets, by the setting of the secret: `kafka.passwordFile` by
 * `kafka.password`.
 */
export function secretFiles(fields: readonly ConfigField[]): Map<string, string> {
  const paths = new Set(fields.map(({ path }) => path))
  const secrets = fields.filter(({ path, secret }) => secret && paths.has(`${path}File`))
  return new Map(secrets.map(({ path }) => [path, `${path}File`]))
}

/** Parses text according to the JSON type of its field; lists split at commas, objects are JSON. */
export function parseText(text: string, type: string): unknown {
  if (type === 'integer' || type === 'number') {
    // Text that is not a number stays as written, so that the error message shows it.
    const value = Number(text)
    return text.trim() === '' || Number.isNaN(value) ? text : value
  }
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (type === 'object') return jsonOr(text)
  if (type === 'array') {
    if (text.trimStart().startsWith('[')) return jsonOr(text)
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
  }
  return text
}

/** The value of JSON; other text stays as written, so that the error message shows it. */
function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

type JsonSchema = {
  type?: string
  properties?: Record<string, JsonSchema>
  description?: string
  default?: unknown
  enum?: string[]
  items?: JsonSchema
  minimum?: number
  maximum?: number
  pattern?: string
  writeOnly?: boolean
}

function describeField(path: string, leaf: JsonSchema): ConfigField {
  const rules: string[] = []
  const allowed = leaf.enum ?? leaf.items?.enum
  if (allowed) rules.push(`one of ${allowed.join(', ')}`)
  if (leaf.minimum !== undefined && leaf.minimum > -1e15) rules.push(`at least ${leaf.minimum}`)
  if (leaf.maximum !== undefined && leaf.maximum < 1e15) rules.push(`at most ${leaf.maximum}`)
  return {
    path,
    type: leaf.type ?? 'string',
    defaultValue: leaf.default,
    description: leaf.description ?? '',
    rules: rules.join(', '),
    secret: leaf.writeOnly === true || path === 'gateway.keys',
  }
}
