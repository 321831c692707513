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
import { configFields, environmentLayer, parseText } from './environment.ts'
import { fileProblem } from './file-problem.ts'
import { configSchema, type Config } from './schema.ts'

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
  const put = (path: string, value: unknown, origin: string) => {
    assign(tree, path, value)
    origins.set(path, origin)
  }
  const profile = sources.profile ?? env['WINNOW_PROFILE'] ?? 'local'
  putTree(readYaml(profilePath(profile)), `profile ${profile}`, put)
  const file = sources.file ?? env['WINNOW_CONFIG']
  if (file !== undefined) putTree(readYaml(file), file, put)
  if (profile === 'local') {
    for (const [path, value] of Object.entries(sources.discovered ?? {})) {
      if (!origins.has(path)) put(path, value, runningStack)
    }
  }
  for (const { path, value, origin } of environmentLayer(env)) put(path, value, origin)
  for (const [path, value] of Object.entries(sources.flags ?? {})) {
    // An option has the name of its setting: --port is gateway.port.
    if (value !== undefined) put(path, value, `--${path.split('.').at(-1)}`)
  }
  for (const assignment of sources.set ?? []) setFlag(assignment, put)
  dropForeignCredentials(sources.discovered ?? {}, { tree, origins, put })
  const parsed = configSchema.safeParse(tree)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error, tree, origins)
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

function putTree(tree: Tree, origin: string, put: Put): void {
  for (const [section, given] of Object.entries(tree)) {
    // A section with only commented-out lines is null, and changes nothing.
    const fields = given ?? {}
    const isKnown = Object.hasOwn(configSchema.shape, section)
    if (!isKnown || typeof fields !== 'object' || Array.isArray(fields)) {
      put(section, given, origin)
      continue
    }
    for (const [name, value] of Object.entries(fields)) put(`${section}.${name}`, value, origin)
  }
}

function setFlag(assignment: string, put: Put): void {
  const split = assignment.indexOf('=')
  if (split <= 0) {
    const [path = ''] = /^[\w.-]*/.exec(assignment) ?? []
    const shown = path === assignment ? assignment : `${path}…`
    throw new WinnowError('config_invalid', `--set takes PATH=VALUE, not "${shown}"`)
  }
  const path = assignment.slice(0, split)
  const field = configFields().find((candidate) => candidate.path === path)
  put(path, parseText(assignment.slice(split + 1), field?.type ?? 'string'), '--set')
}

function assign(tree: Tree, path: string, value: unknown): void {
  const [section, name] = splitPath(path)
  if (name === undefined) {
    tree[section] = value
    return
  }
  const existing = tree[section]
  const fields = typeof existing === 'object' && existing !== null ? (existing as Tree) : {}
  fields[name] = value
  tree[section] = fields
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
        const near = nearest(full, path === '' ? sections : known)
        const origin = origins.get(full)
        const where = origin === undefined ? '' : ` (set by ${origin})`
        return `${full} is not a setting${where}${near === undefined ? '' : `; did you mean ${near}?`}`
      })
    }
    const origin = origins.get(issue.path.slice(0, 2).join('.'))
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
