// Says in plain words what is wrong with a value that breaks its schema. Every message about an
// issue of zod is made here: for settings, bodies, queries and files. zod's own sentences ("Too
// big: expected number to be <=65535") are never shown.
import type { z } from 'zod'

/** One defect as zod reports it. */
export type SchemaIssue = z.core.$ZodIssue

/**
 * The broken rule, to be written after the name of the value: `must be at most 65535`, `is
 * missing`. `root` is the whole value that was checked.
 */
export function issueRule(issue: SchemaIssue, root: unknown): string {
  const value = valueAt(root, issue.path)
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return 'is missing'
      return `must be ${typeName(issue.expected)}, not ${kindOf(value)}`
    case 'too_big':
    case 'too_small':
      return own(issue) ?? limitRule(issue)
    case 'invalid_format':
      return own(issue) ?? formatRule(issue)
    case 'not_multiple_of':
      return own(issue) ?? `must be a multiple of ${issue.divisor}`
    case 'invalid_value':
      if (value === undefined) return 'is missing'
      return own(issue) ?? oneOf(issue.values)
    case 'unrecognized_keys':
      return `has ${issue.keys.length === 1 ? 'a name' : 'names'} that it must not have: ${quoted(issue.keys)}`
    case 'invalid_union':
      return value === undefined ? 'is missing' : (own(issue) ?? unionRule(issue, value))
    case 'invalid_key':
      return `has a name that ${innerRule(issue.issues, issue.path.at(-1))}`
    case 'invalid_element':
      return `has an entry that ${innerRule(issue.issues, undefined)}`
    case 'custom':
      return own(issue) ?? 'does not follow its rule'
  }
}

/**
 * A sentence with path, value and rule: `gateway.port is 70000: must be at most 65535`. Not for
 * secrets; see configs/load.ts.
 */
export function issueSentence(issue: SchemaIssue, root: unknown, whole = 'the value'): string {
  const path = issue.path.length === 0 ? whole : pathText(issue.path)
  const rule = issueRule(issue, root)
  if (/^(?:is|has) /.test(rule)) return `${path} ${rule}`
  // A schema's own message may be a whole sentence.
  const isOwn = own(issue) === rule
  return `${path}${isOwn ? ':' : ''} ${rule}${shownValue(issue, root)}`
}

/** The names of a path with dots between them, and indexes in brackets: `texts[3]`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

const shownCharsMax = 80

/** The value, if the rule does not already tell it. */
function shownValue(issue: SchemaIssue, root: unknown): string {
  const value = valueAt(root, issue.path)
  if (issue.code === 'invalid_type') return ''
  if (!['string', 'number', 'boolean'].includes(typeof value)) return ''
  const text = JSON.stringify(value)
  return text.length > shownCharsMax ? '' : `, not ${text}`
}

/** How zod's own messages begin; any other message comes from the schema. */
function own({ message }: SchemaIssue): string | undefined {
  return /^(?:Invalid |Too |Unrecognized )/.test(message) ? undefined : message
}

type LimitIssue = Extract<SchemaIssue, { code: 'too_big' | 'too_small' }>

const limitUnits: ReadonlyMap<string, string> = new Map([
  ['string', 'character'],
  ['array', 'entry'],
  ['set', 'entry'],
  ['file', 'byte'],
])

function limitRule(issue: LimitIssue): string {
  const isBig = issue.code === 'too_big'
  const limit = String(isBig ? issue.maximum : issue.minimum)
  const bound =
    issue.inclusive === false
      ? `${isBig ? 'below' : 'above'} ${limit}`
      : `${isBig ? 'at most' : 'at least'} ${limit}`
  const unit = limitUnits.get(issue.origin)
  if (unit === undefined)
    return issue.origin === 'date' ? `must be a time ${bound}` : `must be ${bound}`
  if (!isBig && limit === '1') return 'must not be empty'
  const units = limit === '1' ? unit : unit === 'entry' ? 'entries' : `${unit}s`
  return `must have ${bound} ${units}`
}

type FormatIssue = Extract<SchemaIssue, { code: 'invalid_format' }>

const formatNames: Readonly<Record<string, string>> = {
  url: 'a URL',
  email: 'an e-mail address',
  uuid: 'a UUID',
  guid: 'a UUID',
  datetime: 'an RFC 3339 time such as 2026-01-31T12:00:00Z',
  date: 'a date such as 2026-01-31',
  time: 'a time of day such as 12:00:00',
  duration: 'an ISO 8601 duration',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  cidrv4: 'a range of IPv4 addresses',
  cidrv6: 'a range of IPv6 addresses',
  base64: 'base64',
  base64url: 'base64 for URLs',
  json_string: 'JSON',
  jwt: 'a JSON Web Token',
  hex: 'hexadecimal',
}

function formatRule(issue: FormatIssue): string {
  const { prefix, suffix, includes, pattern } = issue as {
    readonly prefix?: string
    readonly suffix?: string
    readonly includes?: string
    readonly pattern?: string
  }
  if (prefix !== undefined) return `must begin with ${JSON.stringify(prefix)}`
  if (suffix !== undefined) return `must end with ${JSON.stringify(suffix)}`
  if (includes !== undefined) return `must hold ${JSON.stringify(includes)}`
  const name = formatNames[issue.format]
  if (name !== undefined) return `must be ${name}`
  return pattern === undefined ? `must have the form ${issue.format}` : `must match ${pattern}`
}

type UnionIssue = Extract<SchemaIssue, { code: 'invalid_union' }>

/**
 * What the branches accept, if all of them fail because of the type; else the rule of the branch
 * that matched furthest.
 */
function unionRule(issue: UnionIssue, value: unknown): string {
  const branches = issue.errors.filter((issues) => issues.length > 0)
  const ofTypes = branches.filter(
    ([first]) => first?.path.length === 0 && ['invalid_type', 'invalid_value'].includes(first.code),
  )
  const other = branches.find((issues) => !ofTypes.includes(issues))?.[0]
  if (other !== undefined) {
    const rule = issueRule(other, value)
    return other.path.length === 0 ? rule : `has ${pathText(other.path)}, which ${rule}`
  }
  const names = ofTypes.map(([first]) => {
    if (first?.code === 'invalid_value') return oneOf(first.values).replace(/^must be /, '')
    return first?.code === 'invalid_type' ? typeName(first.expected) : ''
  })
  if (names.length === 0) return 'has none of the forms that it may have'
  return `must be ${[...new Set(names)].join(' or ')}, not ${kindOf(value)}`
}

function innerRule(issues: readonly SchemaIssue[], value: unknown): string {
  const [first] = issues
  return first === undefined ? 'it must not have' : issueRule({ ...first, path: [] }, value)
}

function oneOf(values: readonly unknown[]): string {
  const [only] = values
  return values.length === 1
    ? `must be ${JSON.stringify(only)}`
    : `must be one of ${values.map((value) => String(value)).join(', ')}`
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ')
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  map: 'an object',
  null: 'null',
  date: 'a time',
}

function typeName(expected: string): string {
  return typeNames[expected] ?? `of type ${expected}`
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return 'a string'
    case 'boolean':
      return String(value)
    case 'number':
      return Number.isInteger(value) ? 'a number' : String(value)
    case 'bigint':
      return 'a number'
    default:
      return 'an object'
  }
}

/** The value at a path; undefined if the path leads nowhere. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<PropertyKey, unknown>)[key]
        : undefined,
    root,
  )
}
