// What `winnow tune` says of a finished study: the fields of its JSON document, and the front of
// two objectives as a table.
import type { SearchSpace, TrialParameters } from '../../trainers/tuning/space/space.ts'
import type { StudyHistory } from '../../trainers/tuning/journal.ts'
import { frontOf, type MetricName, type Trial } from '../../trainers/tuning/study.ts'
import { tableText } from '../terminal.ts'
import { parameterText, valueText } from './tune-progress.ts'

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

type TrialDocument = Pick<
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

/** The front as a table with a line for each trial. */
export function frontText(
  front: readonly BestTrial[],
  { objectives, space }: { objectives: readonly [MetricName, MetricName]; space: SearchSpace },
): string {
  const names = space.map(({ name }) => name)
  return tableText(
    ['trial', ...objectives, ...names],
    front.map(({ trial, values, parameters }) => [
      trial,
      ...objectives.map((metric, at) => valueText(metric, values![at]!)),
      ...names.map((name) => {
        const value = parameters[name]
        return value === undefined ? '' : parameterText(value)
      }),
    ]),
  )
}
