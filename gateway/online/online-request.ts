// What the routes that use the loaded model share: the JSON body of one request, and the refusals
// where there is no model or another one.
import type { z } from 'zod'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import { bodyFormat, readBody, type BodyValue } from '../bodies/event-body.ts'

/** Refuses anything but JSON with `media_type_unsupported`. */
export function requireJson(request: Parameters<typeof bodyFormat>[0]): void {
  if (bodyFormat(request) === 'json') return
  throw new WinnowError('media_type_unsupported', 'Send Content-Type: application/json')
}

/** The refusal of a gateway that has loaded no model. */
export function noModel(): WinnowError {
  return new WinnowError(
    'model_unavailable',
    'This gateway has no model: gateway.models is false, or inference.model was not found when it started',
  )
}

/** Throws `model_not_found` if a request asks for another model than the one that answers. */
export function requireModel(asked: string | undefined, answering: string): void {
  if (asked === undefined || asked === answering || asked === answering.split('@')[0]) return
  throw new WinnowError('model_not_found', `This gateway serves ${answering}, not ${asked}`, {
    details: { model: answering },
  })
}

/**
 * Parses a body by its schema. `entriesMax` limits its objects and arrays; `tooMany` is the refusal
 * beyond that. Throws `body_invalid`, which names the field.
 */
export function* parseBody<Schema extends z.ZodType>(
  body: Uint8Array,
  schema: Schema,
  limit: { readonly entriesMax: number; readonly tooMany: () => WinnowError },
): Work<z.output<Schema>> {
  const read: BodyValue = yield* readBody(body, limit.entriesMax)
  if (read.kind === 'unreadable') {
    if (read.error.code === 'field_too_long') throw limit.tooMany()
    throw bodyInvalid('The body is not valid JSON in UTF-8')
  }
  const parsed = schema.safeParse(read.value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw bodyInvalid(issueSentence(issue, read.value, 'The body'), issue.path.join('.'))
}

/** A refusal of the body as a whole, or of one field. */
export function bodyInvalid(message: string, field?: string): WinnowError {
  return new WinnowError('body_invalid', message, field === undefined ? {} : { details: { field } })
}
