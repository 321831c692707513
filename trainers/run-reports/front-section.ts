// The section about a study with two objectives: the trials that no other one is better than.
import { htmlTable, paragraph, section, type Section } from '../report/report-markup.ts'
import { drawPlots } from '../report/report-svg.ts'
import { formatFigure } from '../report/report-tables.ts'
import { settingsText } from '../tracking/run-words.ts'
import type { StudyStart } from '../tuning/journal.ts'
import { frontOf, type Trial } from '../tuning/study.ts'
import { metricTitle } from './metric-title.ts'
import { frontPlot } from './study-plots.ts'

/** The Pareto front of a study; undefined if it has one objective. */
export async function frontSection({
  start,
  trials,
}: {
  readonly start: StudyStart
  readonly trials: readonly Trial[]
}): Promise<Section | undefined> {
  const [first, second] = start.metrics ?? []
  const front = frontOf(trials, start)
  if (first === undefined || second === undefined || front.length === 0) return undefined
  const titles = { first: metricTitle(first), second: metricTitle(second) }
  const inFront = new Set(front.map(({ number }) => number))
  const points = trials.flatMap(({ number, state, values }) =>
    state !== 'complete' || values === undefined
      ? []
      : [{ trial: number, first: values[0], second: values[1], isFront: inFront.has(number) }],
  )
  const rows = front.map(({ number, values, parameters }) => [
    String(number),
    formatFigure(values[0], titles.first.unit),
    formatFigure(values[1], titles.second.unit),
    settingsText(parameters),
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
