// The interface through which the gateway reads the runs of train, cv and tune. serving/ implements
// it with what `winnow runs` uses.

/** An epoch, a fold or a trial of a run. */
export type ShownStep = {
  readonly step: string
  readonly state: 'complete' | 'pruned' | 'failed' | 'running'
  readonly seconds: number | null
  readonly parameters: Readonly<Record<string, unknown>>
  readonly metrics: Readonly<Record<string, number>>
  readonly error?: string | undefined
  /** Of a fold or trial: its epochs. */
  readonly epochs: readonly ShownEpoch[]
}

/** The metrics of one epoch. */
export type ShownEpoch = {
  readonly step: number
  readonly metrics: Readonly<Record<string, number>>
}

/** A run as the list shows it. */
export type RunSummary = {
  readonly run: string
  /** Null for a damaged run. */
  readonly kind: 'train' | 'cv' | 'tune' | null
  readonly name: string
  /** `name@version` of the model that it made; null without one. */
  readonly model: string | null
  readonly method: string | null
  readonly state: 'finished' | 'unfinished' | 'damaged'
  /** RFC 3339; null for a damaged run. */
  readonly started: string | null
  readonly seconds: number | null
  readonly metrics: Readonly<
    Record<string, { readonly value: number; readonly low?: number; readonly high?: number }>
  >
  readonly mainMetric: string | null
  /** The number of folds or trials. */
  readonly children: number
  /** Why a damaged run cannot be read. */
  readonly reason?: string | undefined
}

/** A run with everything that its folder says. */
export type ShownRun = RunSummary & {
  readonly parameters: Readonly<Record<string, unknown>>
  readonly dataManifest: Readonly<Record<string, unknown>>
  readonly environment: Readonly<Record<string, unknown>> | null
  readonly measuredOn: string | null
  readonly best: string | null
  /** The versions in the store that name the run. */
  readonly versions: readonly string[]
  /** The run that trained the winner of a tune. */
  readonly trainingRun: string | null
  /** The tune whose winner the run trained. */
  readonly tune: string | null
  readonly steps: readonly ShownEpoch[]
  readonly parts: readonly ShownStep[]
  readonly partsOf: 'fold' | 'trial' | null
  readonly hasReport: boolean
}

/** Which runs to list. */
export type RunFilter = {
  readonly kind?: 'train' | 'cv' | 'tune' | undefined
  /** The name of a model, or of a cross-validation. */
  readonly name?: string | undefined
  readonly limit: number
  /** The last run of the page before. */
  readonly after?: string | undefined
}

/** Reads runs. */
export type RunReader = {
  /** One page, newest first; `cursor` is the last run of a page that another one follows. */
  list(filter: RunFilter): Promise<{
    readonly runs: readonly RunSummary[]
    readonly cursor?: string | undefined
  }>
  /** One run by its whole name; undefined if there is none. */
  run(name: string): Promise<ShownRun | undefined>
  /** The report in the folder of a run; undefined without one. */
  report(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>
}
