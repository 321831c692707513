// The comparison of `train --method auto` as text for a terminal: a line for each candidate, then
// what was chosen and why.
import { counted } from '../../schemas/counted.ts'
import { formatFigure } from '../report/report-tables.ts'
import { table, type TextStyle } from '../report/report-text.ts'
import type { ComparedCandidate, SelectionRecord } from '../runs/selection-record.ts'
import { candidateName } from './candidate.ts'

/** The comparison as lines of at most some 100 columns. */
export function selectionText(
  selection: SelectionRecord,
  style: TextStyle = (_, text) => text,
): string {
  const { candidates, chosen, reason, metric } = selection
  const [first = '', ...rows] = candidates.length === 0 ? [] : candidateLines(candidates, metric)
  const choice = `${style('bold', `Chosen: ${candidateName(chosen)}.`)} ${reason}`
  const notes = candidates.flatMap((one) =>
    one.reason === undefined ? [] : [`${candidateName(one)} ${verbs[one.state]}: ${one.reason}`],
  )
  const compared = candidates.length === 0 ? [] : [comparedText(selection), style('dim', first)]
  return [...compared, ...rows, ...notes, choice].join('\n')
}

const verbs: Readonly<Record<ComparedCandidate['state'], string>> = {
  complete: 'was compared',
  stopped: 'was stopped',
  failed: 'failed',
  skipped: 'was skipped',
}

function comparedText({ folds, examples, comparedExamples }: SelectionRecord): string {
  const texts =
    comparedExamples < examples
      ? `a sample of ${comparedExamples.toLocaleString('en-US')} of ${counted(examples, 'text')}`
      : counted(examples, 'text')
  return `Candidates by cross-validation on ${texts}, ${counted(folds, 'fold')}:`
}

function candidateLines(candidates: readonly ComparedCandidate[], metric: string): string[] {
  const head = ['Candidate', 'macro F1', '95 % interval', 'against the best', 'seconds']
  const rows = candidates.map((candidate) => {
    const { mean, intervals, difference, state, seconds } = candidate
    const interval = intervals?.[metric]
    return [
      candidateName(candidate),
      mean === undefined ? '' : share(mean[metric]!),
      interval === undefined ? '' : `[${share(interval.low)}, ${share(interval.high)}]`,
      state !== 'complete' ? state : difference === undefined ? 'best' : differenceText(difference),
      seconds.toFixed(0),
    ]
  })
  return table([head, ...rows])
}

function differenceText({
  mean,
  standardError,
}: NonNullable<ComparedCandidate['difference']>): string {
  return `${share(mean)} ± ${share(standardError)}`
}

function share(value: number): string {
  return formatFigure(value, 'share')
}
