// The section about a study with two objectives: the trials that no other one is better than.
import { htmlTable, paragraph, section, type Section } from '../report/report-markup.ts'
import { drawPlots } from '../report/report-svg.ts'
import { formatFigure } from '../report/report-tables.ts'
import { settingsText } from '../tracking/run-words.ts'
import type { StudyStart } from '../tuning/journal.ts'
import type { Trial } from '../tuning/study.ts'
import { metricTitle } from './metric-title.ts'
import { frontPlot } from './study-plots.ts'

/** Metrics of which less is better. */
const losses: ReadonlySet<string> = new Set(['log_loss', 'ms_per_text'])

/** A trial with the values of both objectives. */
type Rated = { readonly trial: Trial; readonly values: readonly [number, number] }

/** The Pareto front of a study; undefined if it has one objective. */
export async function frontSection({
  start,
  trials,
}: {
  readonly start: StudyStart & { readonly metrics?: readonly string[] | undefined }
  readonly trials: readonly (Trial & { readonly values?: readonly number[] | undefined })[]
}): Promise<Section | undefined> {
  const [first, second] = start.metrics ?? []
  if (first === undefined || second === undefined) return undefined
  const rated = trials.flatMap((trial): Rated[] => {
    const [one, other] = trial.values ?? []
    if (trial.state !== 'complete' || one === undefined || other === undefined) return []
    return [{ trial, values: [one, other] }]
  })
  if (rated.length === 0) return undefined
  const loss = (name: string, value: number): number => (losses.has(name) ? value : -value)
  const isAhead = (one: Rated, other: Rated): boolean => {
    const [a, b] = [first, second].map(
      (name, at) => loss(name, one.values[at]!) - loss(name, other.values[at]!),
    ) as [number, number]
    return a <= 0 && b <= 0 && (a < 0 || b < 0)
  }
  const front = rated.filter((one) => !rated.some((other) => isAhead(other, one)))
  const titles = { first: metricTitle(first), second: metricTitle(second) }
  const points = rated.map((one) => ({
    trial: one.trial.number,
    first: one.values[0],
    second: one.values[1],
    isFront: front.includes(one),
  }))
  const rows = front
    .toSorted((a, b) => loss(first, a.values[0]) - loss(first, b.values[0]))
    .map(({ trial, values }) => [
      String(trial.number),
      formatFigure(values[0], titles.first.unit),
      formatFigure(values[1], titles.second.unit),
      settingsText(trial.parameters),
    ])
  return section('Pareto front', [
    paragraph(
      'For each trial of the front, no other one is at least as good in both and better in one.',
    ),
    await drawPlots([frontPlot(points, titles)]),
    htmlTable({
      name: 'Trials of the Pareto front',
      head: ['trial', titles.first.name, titles.second.name, 'settings'],
      rows,
      kind: 'trials',
    }),
  ])
}
