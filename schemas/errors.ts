// The closed list of error codes and the one error class that carries them. It owns what a code
// means and whether a retry can help, but not the HTTP statuses (gateway/http/problem.ts).

import { withoutUrlSecrets } from './url-secrets.ts'

/** A defect of one event. Such an event becomes exactly one dead letter with this code. */
export const eventErrors = {
  value_null: 'The record has no value.',
  batch_corrupt: 'The batch in which the record came is damaged.',
  record_too_large:
    'The record, or the batch in which it came, decompresses to more than is allowed.',
  avro_undecodable: 'The value starts like Avro in Confluent wire format but cannot be decoded.',
  protobuf_undecodable: 'The value cannot be read as a Protobuf message of its schema.',
  schema_unknown:
    'The schema id in the value is not known to the registry, or there is no registry.',
  schema_mismatch: 'The value was written with a schema that cannot be read as this record.',
  utf8_invalid: 'The value is not valid UTF-8.',
  json_invalid: 'The value is not valid JSON.',
  event_not_object: 'The value is JSON, but not an object.',
  field_missing: 'A required field is missing.',
  path_missing: 'A path of the mapping of an input leads nowhere in this record.',
  csv_invalid: 'The value is not one CSV row with the columns of its input.',
  field_type: 'A field has the wrong type.',
  field_unknown: 'The event has a field that the schema does not know.',
  field_too_long: 'A field other than the text is longer than allowed.',
  text_empty: 'The text is empty, or nothing is left of it after cleaning.',
  text_too_long: 'The text is longer than limits.textBytesMax.',
  text_unpaired_surrogate: 'The text holds half of a UTF-16 surrogate pair.',
  time_invalid: 'The time is neither RFC 3339 nor epoch milliseconds.',
  time_future: 'The time lies further in the future than limits.futureMsMax.',
  time_past: 'The time lies before the year 2000.',
  duplicate_id: 'Another event with this id was accepted within the duplicate window.',
  output_invalid: 'The model gave a value that is not a finite number for this text.',
} as const

/**
 * A defect of one item of a request that only the gateway looks for. The request is refused and no
 * dead letter is made. Records from Kafka are not checked for it.
 */
export const requestItemErrors = {
  label_unknown: 'No known model has the label, and the request does not say that it is new.',
  row_ragged: 'The row of a CSV body has another number of fields than its header.',
} as const

/** An operating failure, or a wrong request, that is not a defect of one event. */
export const operationErrors = {
  config_invalid: { meaning: 'The configuration does not follow its schema.', retryable: false },
  usage: { meaning: 'The command was called wrongly.', retryable: false },
  prerequisite_missing: {
    meaning: 'A program or package that Winnow needs is not installed.',
    retryable: false,
  },
  port_taken: { meaning: 'A port is in use by another program.', retryable: false },
  service_start_failed: {
    meaning: 'A service of the stack did not become ready.',
    retryable: true,
  },
  broker_unavailable: { meaning: 'Kafka did not answer, or refused for now.', retryable: true },
  broker_refused: { meaning: 'Kafka refused the record or the client for good.', retryable: false },
  registry_unavailable: { meaning: 'The schema registry did not answer.', retryable: true },
  registry_refused: {
    meaning: 'The schema registry refused the credentials, the right or the TLS of the client.',
    retryable: false,
  },
  schema_incompatible: {
    meaning: 'The registry refused an incompatible schema.',
    retryable: false,
  },
  analytics_unavailable: { meaning: 'ClickHouse did not answer.', retryable: true },
  analytics_refused: { meaning: 'ClickHouse refused the query.', retryable: false },
  analytics_unsupported: {
    meaning:
      'ClickHouse, as it is set up, does not support this: its version, or how its tables are spread.',
    retryable: false,
  },
  fenced: {
    meaning: 'Another consumer owns the partitions now; this one stores nothing more.',
    retryable: false,
  },
  group_conflict: {
    meaning:
      'Another member of the consumer group reads another topic or writes to another database.',
    retryable: false,
  },
  migration_changed: { meaning: 'An applied migration was edited afterwards.', retryable: false },
  database_newer: {
    meaning: 'A newer Winnow has migrated the database.',
    retryable: false,
  },
  download_failed: { meaning: 'No source could deliver a file.', retryable: true },
  hash_mismatch: { meaning: 'A file does not have the expected hash.', retryable: false },
  base_not_found: {
    meaning: 'The base encoder is not known or not in the store.',
    retryable: false,
  },
  model_not_found: { meaning: 'No such model, or no such version of it.', retryable: false },
  model_corrupt: { meaning: 'A model version on disk is damaged or incomplete.', retryable: false },
  model_incompatible: { meaning: 'The model cannot be used for this.', retryable: false },
  export_invalid: {
    meaning: 'A model to import is incomplete, damaged or contradicts itself.',
    retryable: false,
  },
  golden_mismatch: {
    meaning: 'An imported model and its export give different results for a text.',
    retryable: false,
  },
  store_unavailable: { meaning: 'The artifact store did not answer.', retryable: true },
  store_refused: {
    meaning: 'The artifact store, or a model store that is read-only, refused for good.',
    retryable: false,
  },
  publish_refused: { meaning: 'A version did not pass the gate.', retryable: false },
  role_refused: {
    meaning: 'A version cannot get or lose this role: it has another one, or none to lose.',
    retryable: false,
  },
  version_in_use: { meaning: 'A version plays a part and is not removed.', retryable: false },
  run_in_use: {
    meaning: 'A run is unfinished, or a version names it, and is not removed.',
    retryable: false,
  },
  version_conflict: {
    meaning: 'Two different versions of a model have the same number.',
    retryable: false,
  },
  graph_invalid: {
    meaning: 'A tensor graph is malformed or of an unsupported kind.',
    retryable: false,
  },
  tracking_unavailable: { meaning: 'The MLflow server did not answer.', retryable: true },
  tracking_refused: { meaning: 'The MLflow server refused a request for good.', retryable: false },
  model_unavailable: { meaning: 'No model is loaded.', retryable: true },
  session_failed: { meaning: 'A graph could not be loaded or run.', retryable: true },
  worker_crashed: { meaning: 'An inference worker ended unexpectedly.', retryable: true },
  queue_full: { meaning: 'A bounded queue is full; try again later.', retryable: true },
  deadline_exceeded: { meaning: 'The work was not done in the time allowed.', retryable: true },
  cancelled: {
    meaning: 'The caller closed the connection, or the process is stopping.',
    retryable: true,
  },
  dataset_invalid: { meaning: 'A data set cannot be read or used.', retryable: false },
  benchmark_failed: { meaning: 'A benchmark failed.', retryable: false },
  engine_unavailable: { meaning: 'A training engine is not installed.', retryable: false },
  resume_refused: {
    meaning: 'A run cannot be resumed: it is unknown, finished, damaged, or its inputs changed.',
    retryable: false,
  },
  memory_exhausted: {
    meaning: 'The machine has too little memory for this work.',
    retryable: false,
  },
  training_diverged: {
    meaning: 'Training diverged: the loss is no longer a finite number.',
    retryable: false,
  },
  body_invalid: { meaning: 'The request body does not follow the API.', retryable: false },
  items_invalid: {
    meaning: 'An item of the request is invalid; none of them was accepted.',
    retryable: false,
  },
  body_too_large: { meaning: 'The request body is larger than allowed.', retryable: false },
  body_timeout: {
    meaning: 'The request body did not arrive in the time allowed.',
    retryable: false,
  },
  batch_too_large: { meaning: 'The request holds more items than allowed.', retryable: false },
  media_type_unsupported: { meaning: 'The content type is not supported.', retryable: false },
  parameter_invalid: { meaning: 'A path or query parameter is wrong.', retryable: false },
  unauthorized: { meaning: 'A valid API key is needed.', retryable: false },
  forbidden: { meaning: 'The API key lacks the scope that this needs.', retryable: false },
  identity_unavailable: {
    meaning: 'The identity provider does not answer.',
    retryable: true,
  },
  rate_limited: { meaning: 'The caller has used up its share of a minute.', retryable: true },
  not_found: { meaning: 'There is nothing at this address.', retryable: false },
  cursor_expired: {
    meaning: 'Too much has happened since the event at which a stream is to resume.',
    retryable: false,
  },
  method_not_allowed: {
    meaning: 'The address exists, but not for this method.',
    retryable: false,
  },
  idempotency_conflict: {
    meaning: 'The Idempotency-Key was used for another body.',
    retryable: false,
  },
  internal: { meaning: 'A defect in Winnow.', retryable: false },
} as const

export type EventErrorCode = keyof typeof eventErrors
/** The code of a failure that is thrown; `operationErrors` has the meaning of each. */
export type OperationErrorCode = keyof typeof operationErrors
/** What can be wrong with an item of a request. */
export type ItemErrorCode = EventErrorCode | keyof typeof requestItemErrors
export type ErrorCode = ItemErrorCode | OperationErrorCode

/** A defect of one event as a value: transforms return it, they do not throw it. */
export type EventError = { readonly code: EventErrorCode; readonly message: string }

/**
 * An operating failure or a wrong request. `retryable` follows from the code alone.
 *
 * @example
 * throw new WinnowError('analytics_unavailable', 'no answer from http://x', { cause })
 */
export class WinnowError extends Error {
  readonly code: OperationErrorCode
  readonly retryable: boolean
  /** Facts for programs (paths, limits, positions); becomes extension members of a problem. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: OperationErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'WinnowError'
    this.code = code
    this.retryable = operationErrors[code].retryable
    this.details = options.details ?? {}
  }
}

/** The message of anything thrown, without the credentials of URLs in it. */
export function errorMessage(error: unknown): string {
  return withoutUrlSecrets(error instanceof Error ? error.message : String(error))
}
