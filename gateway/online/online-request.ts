// What the routes that use a model share: the JSON body of one request, its texts, and the refusals
// where there is no model or another one.
import { z } from 'zod'
import type { Config } from '../../configs/schema.ts'
import { cleaning } from '../../models/cleaning/clean-text.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import { bodyFormat, readBody, type BodyValue } from '../bodies/event-body.ts'
import { textDefects } from '../events/event-check.ts'
import type { CleanedText, OnlineModels } from '../http/dependencies.ts'
import { ItemErrors } from '../http/problem.ts'

/** What the routes that take texts need of the configuration. */
export type TextsConfig = Pick<Config, 'gateway' | 'limits' | 'cleaning'>

/** A reference to a model in a body. */
export const modelReference = z
  .string()
  .max(100)
  .optional()
  .meta({
    description:
      'NAME, NAME@VERSION or NAME@champion: a version of the store, which is opened on demand. By ' +
      'default, and if it is called NAME, the model that serves answers.',
  })

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

/**
 * The models, if the one that serves would accept work. Called before the body is read too, so that
 * a refusal is cheap. Throws `model_unavailable` and `queue_full`.
 */
export function readyModels(models: OnlineModels | undefined): OnlineModels {
  if (models === undefined) throw noModel()
  if (models.hasRoom()) return models
  throw new WinnowError('queue_full', 'The queue of texts to classify is full; try again later')
}

/**
 * Cleans texts as the stream does, so that both give the same label. Throws `batch_too_large` and
 * `items_invalid`; `consequence` says what was not done.
 */
export function* cleanTexts(
  texts: readonly string[],
  { config, consequence }: { readonly config: TextsConfig; readonly consequence: string },
): Work<CleanedText[]> {
  if (texts.length > config.gateway.classifyTextsMax) throw tooManyTexts(config)
  const errors = new ItemErrors({ noun: 'texts', consequence })
  const cleanedTexts: CleanedText[] = []
  for (const [index, text] of texts.entries()) {
    yield
    const defects = textDefects(text, config.limits.textBytesMax)
    const cleaned = defects.length === 0 ? yield* cleaning(text, config.cleaning.steps) : ''
    // Cleaning never makes a text longer, but may leave nothing of it.
    if (defects.length === 0) defects.push(...textDefects(cleaned, Infinity))
    if (defects.length > 0) errors.add({ index }, defects)
    cleanedTexts.push({ text, cleaned })
  }
  errors.throwIfAny(texts.length)
  return cleanedTexts
}

/**
 * The limit of a body with texts: cheap to parse, and far more than the allowed texts need. A body
 * above it has too many texts.
 */
export function textsLimit(config: TextsConfig) {
  const entriesMax = 16 * config.gateway.classifyTextsMax + 64
  return { entriesMax, tooMany: () => tooManyTexts(config) }
}

/** The refusal of a request with too many texts. */
function tooManyTexts({ gateway }: TextsConfig): WinnowError {
  const textsMax = gateway.classifyTextsMax
  return new WinnowError(
    'batch_too_large',
    `The request holds more than ${textsMax} texts (gateway.classifyTextsMax)`,
    { details: { textsMax } },
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
