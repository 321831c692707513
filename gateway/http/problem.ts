// Converts errors to HTTP: the status of each error code, and the RFC 9457 document.
// schemas/errors.ts defines the codes; nothing else in the gateway chooses an error status.
import type { Context } from 'hono'
import { z } from 'zod'
import {
  WinnowError,
  eventErrors,
  operationErrors,
  requestItemErrors,
} from '../../schemas/errors.ts'
import type { ErrorCode, ItemErrorCode } from '../../schemas/errors.ts'

/** The statuses of errors. */
export type ProblemStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 410
  | 413
  | 415
  | 422
  | 429
  | 500
  | 501
  | 502
  | 503
  | 504

/**
 * The one HTTP status of each error code; a new code does not compile until it is here. Retryable
 * codes have 429, 503 or 504, others never do.
 */
export const statusByCode: Readonly<Record<ErrorCode, ProblemStatus>> = {
  value_null: 422,
  batch_corrupt: 422,
  record_too_large: 422,
  avro_undecodable: 422,
  protobuf_undecodable: 400,
  schema_unknown: 422,
  schema_mismatch: 422,
  utf8_invalid: 400,
  json_invalid: 400,
  event_not_object: 422,
  field_missing: 422,
  path_missing: 422,
  csv_invalid: 422,
  field_type: 422,
  field_unknown: 422,
  field_too_long: 422,
  text_empty: 422,
  text_too_long: 422,
  text_unpaired_surrogate: 422,
  time_invalid: 422,
  time_future: 422,
  time_past: 422,
  duplicate_id: 409,
  output_invalid: 500,
  label_unknown: 422,
  row_ragged: 422,
  config_invalid: 500,
  usage: 500,
  prerequisite_missing: 500,
  port_taken: 500,
  service_start_failed: 503,
  broker_unavailable: 503,
  broker_refused: 502,
  registry_unavailable: 503,
  registry_refused: 502,
  schema_incompatible: 500,
  analytics_unavailable: 503,
  analytics_refused: 502,
  analytics_unsupported: 501,
  fenced: 409,
  group_conflict: 409,
  migration_changed: 500,
  database_newer: 500,
  download_failed: 503,
  hash_mismatch: 500,
  base_not_found: 404,
  model_not_found: 404,
  model_corrupt: 500,
  model_incompatible: 422,
  export_invalid: 422,
  golden_mismatch: 422,
  store_unavailable: 503,
  store_refused: 502,
  publish_refused: 422,
  role_refused: 409,
  version_in_use: 409,
  run_in_use: 409,
  version_conflict: 409,
  graph_invalid: 500,
  tracking_unavailable: 503,
  tracking_refused: 502,
  model_unavailable: 503,
  session_failed: 503,
  worker_crashed: 503,
  queue_full: 503,
  deadline_exceeded: 504,
  cancelled: 503,
  dataset_invalid: 422,
  benchmark_failed: 500,
  engine_unavailable: 500,
  resume_refused: 409,
  memory_exhausted: 500,
  training_diverged: 500,
  body_invalid: 400,
  items_invalid: 422,
  body_too_large: 413,
  body_timeout: 408,
  batch_too_large: 413,
  media_type_unsupported: 415,
  parameter_invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  rate_limited: 429,
  identity_unavailable: 503,
  not_found: 404,
  cursor_expired: 410,
  method_not_allowed: 405,
  idempotency_conflict: 409,
  internal: 500,
}

/** What is wrong with an item of a request. */
export type ItemDefect = {
  readonly code: ItemErrorCode
  readonly field?: string
  readonly message: string
}

/** Where an item stands. `index` counts items from 0; blank NDJSON lines do not count. */
export type ItemPlace = {
  readonly index: number
  /** The line of a CSV body, from 1. */
  readonly line?: number
}

/** One invalid item of a request. */
export type ItemError = ItemDefect & ItemPlace

/** Most item errors in one problem document; `errorsTotal` counts all. */
export const itemErrorsMax = 10

const itemCodes = [...Object.keys(eventErrors), ...Object.keys(requestItemErrors)]

/** The problem document of every error response; some codes add members. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'urn:winnow:error: followed by the code.' }),
    title: z.string().meta({ description: 'What the code means; the same for every occurrence.' }),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened this time.' }),
    code: z
      .enum([...itemCodes, ...Object.keys(operationErrors)])
      .meta({ description: 'Stable: programs should branch on this.' }),
    instance: z.string().meta({ description: 'urn:winnow:request: followed by the X-Request-Id.' }),
    errors: z
      .array(
        z.object({
          index: z.int(),
          line: z.int().optional().meta({ description: 'The line of a CSV body.' }),
          code: z.enum(itemCodes),
          field: z.string().optional(),
          message: z.string(),
        }),
      )
      .optional()
      .meta({ description: `The first ${itemErrorsMax} invalid items.` }),
    errorsTotal: z.int().optional().meta({ description: 'How many item errors there were.' }),
  })
  .meta({
    description: 'RFC 9457 problem document.',
    examples: [
      {
        type: 'urn:winnow:error:items_invalid',
        title: operationErrors.items_invalid.meaning,
        status: 422,
        detail: '1 of 2 events is invalid; nothing was published',
        code: 'items_invalid',
        instance: 'urn:winnow:request:0198c2d1-6f5e-7c3a-9d52-0a4be1f0a6c1',
        errors: [{ index: 1, code: 'field_missing', field: 'text', message: 'text is missing' }],
        errorsTotal: 1,
      },
    ],
  })

/**
 * Collects what is wrong with the items of one request: the first errors, and the number of all.
 * `noun` names the items; `consequence` says what was not done.
 */
export class ItemErrors {
  readonly #request: { readonly noun: string; readonly consequence: string }
  readonly #errors: ItemError[] = []
  #errorsTotal = 0
  #invalid = 0

  constructor(request: { noun: string; consequence: string }) {
    this.#request = request
  }

  /** Adds the defects of one item. */
  add(place: ItemPlace, defects: readonly ItemDefect[]): void {
    this.#invalid += 1
    this.#errorsTotal += defects.length
    const room = itemErrorsMax - this.#errors.length
    for (const defect of defects.slice(0, room)) this.#errors.push({ ...place, ...defect })
  }

  /** Throws `items_invalid` if any of the `total` items has defects. */
  throwIfAny(total: number): void {
    const invalid = this.#invalid
    if (invalid === 0) return
    const { noun, consequence } = this.#request
    const which = `${invalid} of ${total} ${noun} ${invalid === 1 ? 'is' : 'are'} invalid`
    throw new WinnowError('items_invalid', `${which}; ${consequence}`, {
      details: { errors: this.#errors, errorsTotal: this.#errorsTotal },
    })
  }
}

/** What went wrong, as a problem document says it. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: ProblemStatus
  readonly detail: string
  readonly code: ErrorCode
  readonly instance: string
  readonly errors?: readonly ItemError[]
  /** The field of the body that is wrong, where it is one. */
  readonly field?: string
}

/** Writes a problem in the form of another protocol. */
export type ErrorShape = (problem: Problem) => {
  readonly body: object
  readonly status: ProblemStatus | 424 | 429
  readonly type: string
}

const problemDocument: ErrorShape = (problem) => ({
  body: problem,
  status: problem.status,
  type: 'application/problem+json',
})

/** The status of anything thrown: a WinnowError has that of its code, everything else 500. */
export function statusOf(thrown: unknown): ProblemStatus {
  return thrown instanceof WinnowError ? statusByCode[thrown.code] : 500
}

/**
 * The response for anything thrown: a WinnowError keeps its code, everything else is `internal`.
 * Responses of 500 and above that dependencies caused give only the meaning of the code, because
 * clients' messages name hosts. By default it is a problem document.
 */
export function problemResponse(
  c: Context,
  thrown: unknown,
  options: { readonly requestId: string; readonly shape?: ErrorShape | undefined },
): Response {
  const { requestId, shape = problemDocument } = options
  const error =
    thrown instanceof WinnowError
      ? thrown
      : new WinnowError('internal', 'A defect in Winnow', { cause: thrown })
  const status = statusOf(error)
  const title = operationErrors[error.code].meaning
  const own = status < 500 || isOwnRefusal(error)
  const shaped = shape({
    ...(own ? error.details : {}),
    type: `urn:winnow:error:${error.code}`,
    title,
    status,
    detail: own ? error.message : title,
    code: error.code,
    instance: `urn:winnow:request:${requestId}`,
  })
  const wait = retryAfterS(error)
  if (wait !== undefined) c.header('Retry-After', String(wait))
  // Names the accepted codings (RFC 9110, 15.5.16).
  const { encodings } = error.details
  if (status === 415 && Array.isArray(encodings)) c.header('Accept-Encoding', encodings.join(', '))
  if (status === 401) c.header('WWW-Authenticate', 'Bearer')
  return c.body(JSON.stringify(shaped.body), shaped.status, { 'Content-Type': shaped.type })
}

/**
 * Whether the gateway itself refused: because of load, or because the caller left. The metrics
 * count such refusals; the log does not, so that overload does not write one line per request.
 */
export function isOwnRefusal(error: unknown): boolean {
  return (
    error instanceof WinnowError &&
    ['queue_full', 'deadline_exceeded', 'cancelled', 'model_unavailable'].includes(error.code)
  )
}

/** A full queue empties within about a second; a broker or a database takes longer to recover. */
function retryAfterS(error: WinnowError): number | undefined {
  const { retryAfterS } = error.details
  if (typeof retryAfterS === 'number') return retryAfterS
  if (statusByCode[error.code] !== 503) return undefined
  return error.code === 'queue_full' ? 1 : 5
}
