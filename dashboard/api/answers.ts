// What the routes answer that the dashboard reads, where the description of the gateway gives no
// type of its own. Times are RFC 3339.
import type { Result } from '../../client/client.ts'
import type { components } from '../../client/gateway-api.ts'

type Answers = components['schemas']

export type { Result }

/** GET /v1/me */
export type Me = Answers['Me']

/** Quantiles of a length of time in milliseconds. */
export type Quantiles = { readonly p50: number; readonly p95: number; readonly p99: number }

/** GET /v1/analytics/summary */
export type Summary = Answers['StreamSummary']

/** GET /v1/analytics/lag */
export type Lag = Answers['ConsumerLag']

/** GET /v1/analytics/balance */
export type Balance = Answers['TopicBalance']

/** One rejected event. */
export type DeadLetter = DeadLetters['deadLetters'][number]

/** GET /v1/dead-letters */
export type DeadLetters = Answers['DeadLetterPage']

/** GET /v1/dead-letters/{id} */
export type DeadLetterDetail = Answers['DeadLetter']

/** POST /v1/dead-letters/replay */
export type Replayed = Answers['ReplayOutcome']

/** One version of a model in the store. */
export type ModelVersion = Models['models'][number]['versions'][number]

/** GET /v1/models */
export type Models = Answers['ModelList']

/** GET /v1/models/{name}/releases */
export type Releases = Answers['ModelReleases']

/** GET /v1/models/{name}/compare */
export type VersionComparison = Answers['ModelComparison']

/** A run in a list. */
export type Run = Answers['RunPage']['runs'][number]

/** Measures at a step of a training. */
export type RunStep = RunDetail['steps'][number]

/** GET /v1/runs/{run} */
export type RunDetail = Answers['Run']

/** An event that waits for a person's label. */
export type QueueItem = Omit<LabelQueue['items'][number], 'reason'> & {
  readonly reason?: string
  readonly similarity?: number
}

/** GET /v1/labelling/queue */
export type LabelQueue = Answers['LabellingQueue']

/** GET /v1/labelling/agreement */
export type Agreement = Answers['LabelAgreement']

/** GET /v1/labelling/suspicious */
export type Suspicious = Answers['SuspiciousLabels']

/** A part of a text with what it adds to the log-odds of a label. */
export type Attribution = Explanation['words'][number]

/** POST /v1/explain */
export type Explanation = Answers['Explanation']

/** One text of POST /v1/classify */
export type Outcome = Answers['ClassifyResponse']['results'][number]

/** A text that has a label; another one has an error. */
export type Classified = Extract<Outcome, { readonly label: string }>

/** POST /v1/tokenize */
export type Tokenized = Answers['TokenizeResponse']
