// The front of a tune with two objectives, as a table.
import type { SearchSpace } from '../../trainers/tuning/space/space.ts'
import type { BestTrial } from '../../trainers/tuning/study-document.ts'
import type { MetricName } from '../../trainers/tuning/study.ts'
import { tableText } from '../terminal.ts'
import { parameterText, valueText } from './tune-progress.ts'

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
