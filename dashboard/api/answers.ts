// What the routes answer that the dashboard reads, where the description of the gateway gives no
// type of its own. Times are RFC 3339.
import type { Result } from '../../client/client.ts'
import type { components } from '../../client/gateway-api.ts'

type Answers = components['schemas']

export type { Result }

/** GET /v1/me */
export type Me = Answers['Me'] & { readonly textsVisible?: boolean }

/** Quantiles of a length of time in milliseconds. */
export type Quantiles = { readonly p50: number; readonly p95: number; readonly p99: number }

/** GET /v1/analytics/summary */
export type Summary = Answers['StreamSummary']

/** GET /v1/analytics/lag */
export type Lag = Answers['ConsumerLag']

/** GET /v1/analytics/balance */
export type Balance = Answers['TopicBalance']

/** One rejected event. */
export type DeadLetter = {
  readonly id: string
  readonly code: string
  readonly stage: string
  readonly attempt: number
  readonly model: string | null
  readonly open: boolean
  readonly rejectedAt: string
  readonly message: string
}

/** GET /v1/dead-letters */
export type DeadLetters = {
  readonly deadLetters: readonly DeadLetter[]
  readonly codes: readonly { readonly code: string; readonly open: number; readonly all: number }[]
  readonly cursor?: string
}

/** GET /v1/dead-letters/{id} */
export type DeadLetterDetail = DeadLetter & {
  readonly recordTime: string | null
  readonly key: { readonly text: string | null; readonly base64: string } | null
  readonly payload: {
    readonly text: string | null
    readonly base64: string
    readonly bytes: number
    readonly isCut: boolean
  }
  readonly attempts: readonly {
    readonly attempt: number
    readonly model: string | null
    readonly code: string
    readonly rejectedAt: string
  }[]
}

/** POST /v1/dead-letters/replay */
export type Replayed = {
  readonly matched: number
  readonly sent: number
  readonly skipped: Readonly<Record<string, number>>
}

/** One version of a model in the store. */
export type ModelVersion = {
  readonly version: string
  readonly model: string
  readonly created: string | null
  readonly method: string | null
  readonly base: string | null
  readonly labels: readonly string[]
  readonly precision: string | null
  readonly bytes: number
  readonly state: string
  readonly roles: readonly { readonly kind: string; readonly percent?: number }[]
  readonly accuracy?: number | null
  readonly metrics: Readonly<Record<string, number | string>>
  readonly run: string | null
  readonly hasReport: boolean
}

/** GET /v1/models */
export type Models = {
  readonly serving: string | null
  readonly models: readonly {
    readonly name: string
    readonly versions: readonly ModelVersion[]
  }[]
}

/** GET /v1/models/{name}/releases */
export type Releases = {
  readonly releases: readonly {
    readonly at: string
    readonly kind: string
    readonly version: string
    readonly by: string
    readonly reason: string
  }[]
}

/** GET /v1/models/{name}/compare */
export type VersionComparison = {
  readonly a: string
  readonly b: string
  readonly events: number
  readonly agreement: number | null
  readonly flips: readonly { readonly a: string; readonly b: string; readonly events: number }[]
  readonly judged: {
    readonly labelled: number
    readonly accuracyA: number
    readonly accuracyB: number
    readonly onlyARight: number
    readonly onlyBRight: number
    readonly pValue: number
  } | null
  readonly alone: readonly {
    readonly version: string
    readonly role: string
    readonly labelled: number
    readonly accuracy: number
  }[]
}

/** A run in a list. */
export type Run = {
  readonly run: string
  readonly kind: string | null
  readonly name: string | null
  readonly model: string | null
  readonly method: string | null
  readonly state: string
  readonly started: string | null
  readonly seconds: number | null
  readonly metrics: Readonly<Record<string, number>>
  /** The metric that the run is judged by. */
  readonly mainMetric?: string | null
  readonly children: number
}

/** Measures at a step of a training. */
export type RunStep = {
  readonly step: number
  readonly metrics: Readonly<Record<string, number>>
}

/** GET /v1/runs/{run} */
export type RunDetail = Omit<Run, 'children'> & {
  readonly parameters: Readonly<Record<string, unknown>>
  readonly dataManifest: Readonly<Record<string, unknown>> | null
  readonly environment: Readonly<Record<string, unknown>> | null
  readonly steps: readonly RunStep[]
  readonly children: readonly {
    readonly run: string
    readonly kind: string
    readonly number: string | number
    readonly state: string
    readonly parameters: Readonly<Record<string, unknown>>
    readonly metrics: Readonly<Record<string, number>>
    readonly seconds: number | null
    readonly steps: readonly RunStep[]
  }[]
  readonly hasReport: boolean
}

/** An event that waits for a person's label. */
export type QueueItem = {
  readonly id: string
  readonly text: string
  readonly source: string
  readonly label: string
  readonly score: number
  readonly probabilities: Readonly<Record<string, number>>
  readonly outOfScope: number | null
  readonly model: string
  readonly classifiedAt: string
  readonly reason?: string
  readonly suggestions?: readonly { readonly label: string; readonly score: number }[]
  readonly similarity?: number
}

/** GET /v1/labelling/queue */
export type LabelQueue = {
  readonly model: string
  readonly labels: readonly string[]
  readonly items: readonly QueueItem[]
}

/** GET /v1/labelling/agreement */
export type Agreement = {
  readonly people: readonly { readonly by: string; readonly labels: number }[]
  readonly pairs: readonly {
    readonly a: string
    readonly b: string
    readonly events: number
    readonly agreement: number
    readonly kappa: number | null
  }[]
}

/** GET /v1/labelling/suspicious */
export type Suspicious = {
  readonly items: readonly {
    readonly id: string
    readonly text: string
    readonly given: string
    readonly by: string
    readonly predicted: string
    readonly score: number
  }[]
}

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
