// Reads query strings by their schema, which openapi.json also shows: unknown, repeated and invalid
// parameters are refused by name.
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { issueRule } from '../../schemas/issue-text.ts'
import { parseRfc3339, rfc3339Pattern } from '../../schemas/rfc3339.ts'

const epochMsPattern = /^[0-9]{1,13}$/

/** A time in a query: RFC 3339 or epoch milliseconds. */
export const instant = z.string().meta({ pattern: `${epochMsPattern.source}|${rfc3339Pattern}` })

/**
 * Parses the parameters of a query string. Throws `parameter_invalid` for invalid, unknown or
 * repeated ones.
 */
export function readQuery<Query extends z.ZodObject>(
  schema: Query,
  query: Record<string, string[]>,
): z.output<Query> {
  for (const [name, values] of Object.entries(query)) {
    if (values.length > 1) throw wrongParameter(name, 'is given more than once')
  }
  const single = Object.fromEntries(
    Object.entries(query).map(([name, values]) => [name, values[0]]),
  )
  const parsed = schema.safeParse(single)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw issue.code === 'unrecognized_keys'
    ? wrongParameter(issue.keys[0]!, 'is not a parameter of this route')
    : wrongParameter(issue.path.join('.'), issueRule(issue, single))
}

/** The epoch milliseconds of a time in a query. Throws `parameter_invalid`. */
export function readInstant(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const epochMs = epochMsPattern.test(text) ? Number(text) : parseRfc3339(text)
  if (epochMs !== undefined) return epochMs
  throw wrongParameter(
    name,
    'must be RFC 3339, such as 2025-01-31T12:00:00Z, or epoch milliseconds',
  )
}

/** The error for a parameter that breaks a rule. */
export function wrongParameter(name: string, rule: string): WinnowError {
  return new WinnowError('parameter_invalid', `${name.slice(0, 64)} ${rule}`, {
    details: { parameter: name.slice(0, 64) },
  })
}
