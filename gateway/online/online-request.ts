// What the routes that use a model share: the texts of a request, and the refusals where there is
// no model or another one.
import type { Context } from 'hono'
import { z } from 'zod'
import type { Config } from '../../configs/schema.ts'
import { cleaning } from '../../models/cleaning/clean-text.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { textDefects } from '../events/event-check.ts'
import type { CleanedText, OnlineModels } from '../http/dependencies.ts'
import type { BodyLimit } from '../http/json-request.ts'
import { ItemErrors } from '../http/problem.ts'
import type { GatewayEnv } from '../http/request-context.ts'

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
 * Cleans the texts of a request as the stream does, so that both give the same label, and counts
 * them towards the caller's minute. Throws `batch_too_large`, `items_invalid` and `rate_limited`;
 * `consequence` says what was not done.
 */
export async function acceptTexts(
  c: Context<GatewayEnv>,
  texts: readonly string[],
  options: { readonly config: TextsConfig; readonly consequence: string },
): Promise<CleanedText[]> {
  const accepted = await c.get('work').steps(cleanTexts(texts, options))
  c.get('takeTexts')(accepted.length)
  return accepted
}

/** The error for a text to which a model gave no number, where the answer has no place for it. */
export function noNumber(index: number): WinnowError {
  return new WinnowError(
    'model_incompatible',
    `The model gave no number for the text at index ${index}`,
  )
}

function* cleanTexts(
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
export function textsLimit(config: TextsConfig): BodyLimit {
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
