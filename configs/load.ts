// Resolves the configuration: defaults < profile < file < running stack < environment < flags.
// Every error message names the path, the value, where it was set, and the rule. Only configs/
// reads the environment.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { z } from 'zod'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import { issueRule, valueAt } from '../schemas/issue-text.ts'
import { nearest } from '../schemas/nearest.ts'
import { withoutValueSecrets } from '../schemas/url-secrets.ts'
import {
  configFields,
  environmentLayer,
  entryFields,
  listSections,
  parseText,
  secretFiles,
  subsections,
  type ConfigField,
  type ListSection,
} from './environment.ts'
import { fileProblem } from './file-problem.ts'
import { configSchema, type Config } from './schema.ts'
import { readSecretFile } from './secret-file.ts'

export type ConfigSources = {
  /** local, compose or cluster: a YAML file of configs/profiles. */
  profile?: string
  /** A YAML file of the user. */
  file?: string
  /** Addresses and credentials of the running embedded stack; dotted path to value. */
  discovered?: Readonly<Record<string, unknown>>
  /** The environment; process.env by default. */
  env?: Readonly<Record<string, string | undefined>>
  /** Flags; dotted path to value. */
  flags?: Readonly<Record<string, unknown>>
  /** Flags given as `path=value` text. */
  set?: readonly string[]
  /** Settings that a program gives; dotted path to value. */
  settings?: Readonly<Record<string, unknown>> | undefined
}

/** The profiles that ship with Winnow. */
export const profiles = ['local', 'compose', 'cluster'] as const

/**
 * Reads and validates the configuration, once at start.
 * Throws `config_invalid` with one sentence per broken rule.
 *
 * @example
 * const config = loadConfig({ profile: 'local', flags: { 'gateway.port': 8080 } })
 */
export function loadConfig(sources: ConfigSources): Config {
  const env = sources.env ?? process.env
  const tree: Tree = {}
  const origins = new Map<string, string>()
  // Reading the fields off the schema takes 5 to 15 ms, so every start does it once.
  const fields = configFields()
  const nested = subsections(fields)
  const set = (path: string, value: unknown, origin: string | undefined) => {
    assign(tree, keysOf(path, nested), value)
    if (origin === undefined) origins.delete(path)
    else origins.set(path, origin)
  }
  const files = secretFiles(fields)
  const secrets = new Map([...files].map(([secret, file]) => [file, secret]))
  const put = (path: string, value: unknown, origin: string) => {
    // A secret and its file count as one setting, so the last source that sets either wins.
    const other = files.get(path) ?? secrets.get(path)
    if (other !== undefined) {
      if (origins.get(other) === origin && origin !== runningStack)
        throw bothSet(path, other, origin)
      if (origins.has(other)) set(other, undefined, undefined)
    }
    set(path, value, origin)
    const secret = secrets.get(path)
    if (secret === undefined || typeof value !== 'string') return
    const named = origin.startsWith('WINNOW_') ? origin : path
    set(secret, readSecretFile(named, value), undefined)
  }
  const profile = chosenProfile(sources.profile, env)
  putTree(readYaml(profilePath(profile)), { origin: `profile ${profile}`, put, nested })
  const file = sources.file ?? env['WINNOW_CONFIG']
  if (file !== undefined) putTree(readYaml(file), { origin: file, put, nested })
  if (profile === 'local') {
    for (const [path, value] of Object.entries(sources.discovered ?? {})) {
      if (!origins.has(path) && !origins.has(files.get(path) ?? '')) put(path, value, runningStack)
    }
  }
  for (const { path, value, origin } of environmentLayer(env, fields)) put(path, value, origin)
  for (const [path, value] of Object.entries(sources.flags ?? {})) {
    // An option has the name of its setting: --port is gateway.port.
    if (value !== undefined) put(path, value, `--${path.split('.').at(-1)}`)
  }
  for (const [path, value] of Object.entries(sources.settings ?? {})) {
    if (value !== undefined) put(path, value, 'the option settings')
  }
  for (const assignment of sources.set ?? []) setFlag(assignment, { fields, put })
  dropForeignCredentials(sources.discovered ?? {}, { tree, origins, put })
  const parsed = configSchema.safeParse(tree)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error, tree, origins)
}

/** The profile in use: the one that a person names, else that of the environment, else `local`. */
export function chosenProfile(
  named: string | undefined,
  env: NonNullable<ConfigSources['env']> = process.env,
): string {
  return named ?? env['WINNOW_PROFILE'] ?? 'local'
}

const runningStack = 'the running stack'

/** Drops the stack's credentials from other addresses, so that no other server receives them. */
function dropForeignCredentials(
  discovered: Readonly<Record<string, unknown>>,
  { tree, origins, put }: { tree: Tree; origins: ReadonlyMap<string, string>; put: Put },
): void {
  for (const path of Object.keys(discovered)) {
    const [section, name] = splitPath(path)
    const fields = tree[section] as Tree
    const isCredential = /^(username|password|token)$/.test(name ?? '')
    const isForeign = fields['url'] !== discovered[`${section}.url`]
    if (isCredential && isForeign && origins.get(path) === runningStack) {
      put(path, undefined, runningStack)
    }
  }
}

function bothSet(path: string, other: string, origin: string): WinnowError {
  const message = `${other} and ${path} are both set (by ${origin}); set one of them`
  return new WinnowError('config_invalid', message, { details: { path } })
}

type Tree = { [key: string]: unknown }
type Put = (path: string, value: unknown, origin: string) => void

function profilePath(profile: string): URL {
  if (!(profiles as readonly string[]).includes(profile)) {
    throw new WinnowError(
      'config_invalid',
      `profile "${profile}" does not exist; the profiles are ${profiles.join(', ')}`,
    )
  }
  return new URL(`./profiles/${profile}.yaml`, import.meta.url)
}

function readYaml(path: string | URL): Tree {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new WinnowError('config_invalid', `cannot read ${String(path)}: ${fileProblem(cause)}`, {
      cause,
    })
  }
  let value: unknown
  try {
    value = parse(text)
  } catch (cause) {
    // The remaining lines quote the file, including its secrets.
    const [where] = errorMessage(cause).split('\n')
    const message = `${String(path)} is not YAML: ${where!.replace(/:$/, '')}`
    throw new WinnowError('config_invalid', message, { cause })
  }
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new WinnowError(
      'config_invalid',
      `${String(path)} must hold sections with settings, such as "gateway:" and below it "  port: 8080"`,
    )
  }
  return value as Tree
}

function putTree(
  tree: Tree,
  { origin, put, nested }: { origin: string; put: Put; nested: ReadonlySet<string> },
): void {
  const putFields = (section: string, fields: Tree): void => {
    for (const [name, value] of Object.entries(fields)) {
      const path = `${section}.${name}`
      const isSection = nested.has(path) && (value === null || isTree(value))
      if (isSection) putFields(path, value ?? {})
      else put(path, value, origin)
    }
  }
  for (const [section, given] of Object.entries(tree)) {
    // A section with only commented-out lines is null, and changes nothing.
    const fields = given ?? {}
    const isKnown = Object.hasOwn(configSchema.shape, section)
    if (isKnown && isTree(fields)) putFields(section, fields)
    else put(section, given, origin)
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function setFlag(
  assignment: string,
  { fields, put }: { fields: readonly ConfigField[]; put: Put },
): void {
  const split = assignment.indexOf('=')
  if (split <= 0) {
    const [path = ''] = /^[\w.-]*/.exec(assignment) ?? []
    const shown = path === assignment ? assignment : `${path}…`
    throw new WinnowError('config_invalid', `--set takes PATH=VALUE, not "${shown}"`)
  }
  const path = assignment.slice(0, split)
  const field = fields.find((candidate) => candidate.path === path)
  put(path, parseText(assignment.slice(split + 1), field?.type ?? 'string'), '--set')
}

/** Sets a value; a section takes the place of any other value. */
function assign(tree: Tree, keys: readonly string[], value: unknown): void {
  let fields = tree
  for (const key of keys.slice(0, -1)) {
    const existing = fields[key]
    const below = typeof existing === 'object' && existing !== null ? (existing as Tree) : {}
    fields[key] = below
    fields = below
  }
  fields[keys.at(-1)!] = value
}

/** The sections of a path and the name in them, which may contain dots if it is no setting. */
function keysOf(path: string, nested: ReadonlySet<string>): string[] {
  const [section, name] = splitPath(path)
  if (name === undefined) return [section]
  const around = [...nested].find((one) => path.startsWith(`${one}.`))
  if (around === undefined) return [section, name]
  return [...around.split('.'), path.slice(around.length + 1)]
}

function splitPath(path: string): [string, string | undefined] {
  const dot = path.indexOf('.')
  return dot < 0 ? [path, undefined] : [path.slice(0, dot), path.slice(dot + 1)]
}

function invalid(error: z.ZodError, tree: Tree, origins: Map<string, string>): WinnowError {
  const known = configFields().map((field) => field.path)
  const sections = [...new Set(known.map((path) => path.split('.')[0]!))]
  const sentences = error.issues.flatMap((issue) => {
    const path = issue.path.join('.')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const full = withoutValueSecrets(path === '' ? key : `${path}.${key}`)
        const list = listSections.find((section) => full.startsWith(`${section}.`))
        const near =
          list === undefined
            ? nearest(full, path === '' ? sections : known)
            : nearestOfEntry(full, list)
        const origin = origins.get(full)
        const where = origin === undefined ? '' : ` (set by ${origin})`
        return `${full} is not a setting${where}${near === undefined ? '' : `; did you mean ${near}?`}`
      })
    }
    const origin = originOf(issue.path, origins)
    const value = valueAt(tree, issue.path)
    const setBy = origin ? ` (set by ${origin})` : ''
    if (value === undefined) {
      return [`${path} is missing${setBy}${issue.code === 'custom' ? `: ${issue.message}` : ''}`]
    }
    return [`${path} is ${shownValue(path, value)}${setBy}: ${issueRule(issue, tree)}`]
  })
  return new WinnowError('config_invalid', sentences.join('\n'), {
    details: { problems: sentences },
  })
}

/** The setting of an entry that is nearest to an unknown one, such as `inputs.0.topics`. */
function nearestOfEntry(path: string, section: ListSection): string | undefined {
  const [, at] = path.split('.')
  const prefix = `${section}.${at}.`
  const names = entryFields(section).map(
    (field) => `${prefix}${field.path.slice(section.length + 1)}`,
  )
  return nearest(path, names)
}

/** What set the value at a path, or the value that it is part of. */
function originOf(
  path: readonly PropertyKey[],
  origins: ReadonlyMap<string, string>,
): string | undefined {
  for (let length = path.length; length >= 1; length--) {
    const origin = origins.get(path.slice(0, length).join('.'))
    if (origin !== undefined) return origin
  }
  return undefined
}

/** A value for an error message, without any secrets in it. */
function shownValue(path: string, value: unknown): string {
  const secrets = configFields().filter(({ secret }) => secret)
  if (secrets.some((field) => `${path}.`.startsWith(`${field.path}.`))) return '***'
  const names = new Set(secrets.map((field) => field.path.split('.').at(-1)))
  return JSON.stringify(value, (key, one: unknown) => {
    if (names.has(key)) return '***'
    return typeof one === 'string' ? withoutValueSecrets(one) : one
  })
}
