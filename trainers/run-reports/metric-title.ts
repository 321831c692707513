// How a metric of a tune is called and shown.
import { titleOf, type ScoreTitle } from '../tracking/run-words.ts'

/** The title of a metric of `tune`: `macro_f1` has that of `macroF1` in an evaluation. */
export function metricTitle(metric: string): ScoreTitle {
  return titleOf(
    'single-label',
    metric.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  )
}
