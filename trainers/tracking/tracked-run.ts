// A run as it is tracked: one form for trainings, cross-validations and tunes, whatever their
// folders hold. read-run.ts makes it from the files of a folder.
import type { Interval } from '../evaluation/evaluation.ts'

/** The command that made a run. */
export const runKinds = ['train', 'cv', 'tune'] as const
export type RunKind = (typeof runKinds)[number]

/** The parts of the data of a run, in the order in which they are shown. */
export const dataParts = ['train', 'validation', 'test'] as const
export type DataPart = (typeof dataParts)[number]

/** A score of a run. */
export type RunMetric = {
  readonly value: number
  /** Of training runs by bootstrap, of cross-validations of the mean; null for tunes. */
  readonly interval: Interval | null
}

/** What is known of a part of the data. */
export type RunData = {
  readonly source: string
  readonly examples: number | null
  /** The number of labels. */
  readonly labels: number | null
  /** The content hash of the data set. */
  readonly sha256: string | null
}

/** An epoch, a fold or a trial. */
export type RunStep = {
  /** The number; `2/3` is the third fold of the second repeat. */
  readonly step: string
  readonly state: 'complete' | 'pruned' | 'failed' | 'running'
  /** Null where it is not recorded. */
  readonly seconds: number | null
  /** What the step was tried with, or what it chose by itself. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly metrics: Readonly<Record<string, number>>
  /** Why it failed. */
  readonly error?: string | undefined
}

/** What a run's folder says. */
export type RecordedRun = {
  readonly run: string
  readonly dir: string
  /** An unfinished run is still running, or was stopped and can be resumed. */
  readonly state: 'finished' | 'unfinished'
  readonly kind: RunKind
  /** Of the model, or of the cross-validation. */
  readonly name: string
  readonly method: string
  /** RFC 3339, UTC. */
  readonly started: string
  readonly seconds: number | null
  readonly parameters: Readonly<Record<string, unknown>>
  readonly data: Readonly<Partial<Record<DataPart, RunData>>>
  readonly task: 'single-label' | 'multi-label'
  /** By the names that they have in an evaluation; of a tune, those of its best trial. */
  readonly metrics: Readonly<Record<string, RunMetric>>
  /** The score that the run is judged by. */
  readonly mainMetric: string
  /** What the metrics were measured on, in words. */
  readonly measuredOn: string | null
  readonly steps: {
    readonly of: 'epoch' | 'fold' | 'trial'
    readonly rows: readonly RunStep[]
    /** The step that was kept. */
    readonly best: string | null
  }
  /** The hash of the folds of a cross-validation. */
  readonly foldsSha256: string | null
  /** `name@version` of the model that the run made. */
  readonly model: string | null
  /** The run that trained the winner of a tune. */
  readonly trainingRun: string | null
  /** The releases and the machine; null where they were not recorded. */
  readonly environment: Readonly<Record<string, unknown>> | null
}

/** A recorded run with what the rest of the store says about it. */
export type TrackedRun = RecordedRun & {
  /** The tune whose winner the run trained. */
  readonly tune: string | null
  /** The versions in the store that name the run. */
  readonly versions: readonly string[]
}

/** A folder among the runs that cannot be read as one. */
export type DamagedRun = {
  readonly run: string
  readonly dir: string
  readonly state: 'damaged'
  /** From the name of the folder. */
  readonly name: string
  readonly reason: string
  readonly versions: readonly string[]
}

/** One entry of the list of runs. */
export type ListedRun = TrackedRun | DamagedRun

/** The name of the model or cross-validation in a run's name, which newRunName makes. */
export function nameIn(run: string): string {
  return /^\d{8}T\d{6}-(.+)-[0-9a-f]{6}$/.exec(run)?.[1] ?? run
}
