// Reads query strings by a zod schema: unknown, repeated and invalid parameters are refused, and
// the schema that validates also describes them.
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { issueRule } from '../../schemas/issue-text.ts'
import { parseRfc3339, rfc3339Pattern } from '../../schemas/rfc3339.ts'

/**
 * Parses a query string. Throws `parameter_invalid` for invalid, unknown or repeated parameters.
 */
export function readQuery<Schema extends z.ZodObject>(
  query: Readonly<Record<string, readonly string[]>>,
  schema: Schema,
): z.output<Schema> {
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

/** The refusal of one parameter. */
export function wrongParameter(name: string, rule: string): WinnowError {
  return new WinnowError('parameter_invalid', `${name.slice(0, 64)} ${rule}`, {
    details: { parameter: name.slice(0, 64) },
  })
}

/** A query without parameters. */
export const noParameters = z.strictObject({})

const epochMsPattern = /^[0-9]{1,13}$/

/** A time in a query: RFC 3339 or epoch milliseconds. `readInstant` checks it. */
export const instant = z.string().meta({ pattern: `${epochMsPattern.source}|${rfc3339Pattern}` })

/** The epoch milliseconds of an `instant`. Throws `parameter_invalid`. */
export function readInstant(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const epochMs = epochMsPattern.test(text) ? Number(text) : parseRfc3339(text)
  if (epochMs !== undefined) return epochMs
  throw wrongParameter(
    name,
    'must be RFC 3339, such as 2025-01-31T12:00:00Z, or epoch milliseconds',
  )
}

/** A whole number from 1 to `max`, as the number of rows of an answer. */
export function limitUpTo(max: 50 | 100 | 200 | 500) {
  const pattern = {
    50: /^([1-9]|[1-4][0-9]|50)$/,
    100: /^([1-9][0-9]?|100)$/,
    200: /^([1-9][0-9]?|1[0-9]{2}|200)$/,
    500: /^([1-9][0-9]?|[1-4][0-9]{2}|500)$/,
  }[max]
  return z.string().regex(pattern, `must be a whole number from 1 to ${max}`)
}
