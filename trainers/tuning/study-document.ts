// The study of a tune as people and programs read it once it has ended: the fields of the JSON of
// the command `tune`.
import type { StudyHistory } from './journal.ts'
import type { TrialParameters } from './space/space.ts'
import { frontOf, type MetricName, type Trial } from './study.ts'

/** The study as the JSON of the command has it. `run` is that of the tune. */
export type StudyDocument = {
  readonly run: string
  /** The run that made the model. */
  readonly trainingRun: string
  /** Of all trials and the training of the winner. */
  readonly seconds: number
  readonly metric: MetricName
  /** Both metrics, if there are two; `metrics` are those of the model. */
  readonly objectives?: readonly [MetricName, MetricName] | undefined
  /** Of two objectives, the front, the best by the first objective first. */
  readonly best: BestTrial | readonly BestTrial[]
  /** The trial whose settings the model has. */
  readonly publishedTrial: number
  readonly trials: readonly TrialDocument[]
}

/** A trial that is best, or on the front. */
export type BestTrial = {
  readonly trial: number
  readonly value: number
  /** Of two objectives. */
  readonly values?: readonly [number, number] | undefined
  readonly parameters: TrialParameters
}

/** One trial of the study. */
export type TrialDocument = Pick<
  Trial,
  'state' | 'value' | 'values' | 'parameters' | 'epochs' | 'seconds' | 'scores' | 'error'
> & { readonly trial: number }

/** The document of a study whose trial `published` was trained in so many seconds. */
export function studyDocument(
  { start, trials: trialsOf }: StudyHistory,
  outcome: {
    readonly best: Trial & { readonly value: number }
    readonly published: number
    readonly trained: { readonly run: string; readonly seconds: number }
  },
): StudyDocument {
  const { run, metric, metrics } = start
  const { best, published, trained } = outcome
  const trials = trialsOf()
  return {
    run,
    trainingRun: trained.run,
    seconds: trials.reduce((sum, { seconds }) => sum + seconds, trained.seconds),
    metric,
    objectives: metrics,
    best: metrics === undefined ? bestDocument(best) : frontOf(trials, start).map(bestDocument),
    publishedTrial: published,
    trials: trials.map(({ number, ...trial }) => {
      const { state, value, values, parameters, epochs, seconds, scores, error } = trial
      return { trial: number, state, value, values, parameters, epochs, seconds, scores, error }
    }),
  }
}

function bestDocument({
  number,
  value,
  values,
  parameters,
}: Trial & { readonly value: number }): BestTrial {
  return { trial: number, value, values, parameters }
}
