// Requests with a JSON body: reads the body by its schema, and refuses what is not JSON. Bodies
// with events are bodies/event-body.ts.
import type { Context } from 'hono'
import type { z } from 'zod'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import { bodyFormat, invalidBody, readBody, type BodyValue } from '../bodies/event-body.ts'
import type { GatewayEnv } from './request-context.ts'

/** How much a body may hold. */
export type BodyLimit = {
  /** Entries of its objects and arrays. */
  readonly entriesMax: number
  /** The refusal beyond that. */
  readonly tooMany: () => WinnowError
}

/**
 * Reads the body of a request by its schema. Throws `media_type_unsupported`, and as `parseBody`.
 */
export async function readJson<Schema extends z.ZodType>(
  c: Context<GatewayEnv>,
  schema: Schema,
  limit: BodyLimit,
): Promise<z.output<Schema>> {
  const work = c.get('work')
  requireJson(c.req)
  return work.steps(parseBody(await work.body(), schema, limit))
}

/** Refuses anything but JSON with `media_type_unsupported`. */
export function requireJson(request: Parameters<typeof bodyFormat>[0]): void {
  if (bodyFormat(request) === 'json') return
  throw new WinnowError('media_type_unsupported', 'Send Content-Type: application/json')
}

/**
 * Parses a body by its schema. Throws `body_invalid`, which names the field, and what `limit`
 * gives.
 */
export function* parseBody<Schema extends z.ZodType>(
  body: Uint8Array,
  schema: Schema,
  limit: BodyLimit,
): Work<z.output<Schema>> {
  const read: BodyValue = yield* readBody(body, limit.entriesMax)
  if (read.kind === 'unreadable') {
    if (read.error.code === 'field_too_long') throw limit.tooMany()
    throw invalidBody('The body is not valid JSON in UTF-8')
  }
  const parsed = schema.safeParse(read.value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw invalidBody(issueSentence(issue, read.value, 'The body'), issue.path.join('.'))
}
