// The verdict at the top of a report: a grade in plain words, the texts that it was measured on,
// and what to check. It owns the wording and the bounds of the grades; evaluation.ts has the
// scores.
import { counted } from '../../schemas/counted.ts'
import type { ModelComparison } from '../evaluation/evaluate-version.ts'
import type { Evaluation } from '../evaluation/evaluation.ts'
import {
  isOfSets,
  type MultiLabelEvaluation,
  type TaskEvaluation,
} from '../evaluation/multi-label-evaluation.ts'
import { formatFigure, significanceLevel, worstClasses } from './report-tables.ts'

/** An evaluation with what a report adds to it. */
export type EvaluationReport = TaskEvaluation & {
  readonly comparison?: ModelComparison | undefined
  /** The texts that the scores were measured on, as `measuredOnText` describes them. */
  readonly measuredOn?: string | undefined
}

/** A grade with the sentences that explain it. */
export type Verdict = {
  /** One or a few words, such as `Good`. */
  readonly grade: string
  /** The sentences after the grade, each with a full stop. */
  readonly sentences: readonly string[]
}

/** The grade for each fraction of texts that are right. */
const grades = [
  { from: 0.97, grade: 'Very good' },
  { from: 0.9, grade: 'Good' },
  { from: 0.8, grade: 'Fair' },
  { from: 0, grade: 'Weak' },
] as const
/** With a wider interval, the verdict says that there are too few texts. */
const intervalWidthMax = 0.1
const confusionsNamed = 3
/** A label is named as the weakest if its F1 is this far below the overall score. */
const weakLabelGap = 0.02

/**
 * The verdict on an evaluation.
 *
 * @example
 * verdictOf(evaluation) // { grade: 'Good', sentences: ['92.3 % of 2,000 texts are right.', …] }
 */
export function verdictOf(report: EvaluationReport): Verdict {
  return isOfSets(report) ? verdictOfSets(report) : verdictOfLabels(report)
}

function verdictOfLabels(report: Evaluation & EvaluationReport): Verdict {
  const { accuracy, examples, comparison, measuredOn } = report
  const always = mostFrequent(report)
  const guessing = accuracy <= always.share
  const right = `${formatFigure(accuracy, 'share')} of ${counted(examples, 'text')} are right`
  const sentences = [`${right}${againstText(comparison)}.`]
  if (guessing) {
    sentences.push(
      `Always answering ${quoted(always.label)} would be right for ${formatFigure(always.share, 'share')}.`,
    )
  }
  sentences.push(...fewTexts(report), ...weakestLabel(report, 'accuracy'))
  const pairs = report.mostConfused.slice(0, confusionsNamed).map(({ truth, predicted, count }) => {
    return `${quoted(truth)} predicted as ${quoted(predicted)} (${counted(count, 'time')})`
  })
  if (pairs.length > 0) sentences.push(`Confusions to look at: ${pairs.join(', ')}.`)
  if (measuredOn !== undefined) sentences.push(`Measured on ${measuredOn}.`)
  return { grade: guessing ? 'No better than guessing' : gradeOf(accuracy), sentences }
}

function verdictOfSets(report: MultiLabelEvaluation & EvaluationReport): Verdict {
  const { accuracy, microF1, examples, comparison, measuredOn } = report
  const sentences = [
    `micro F1 is ${formatFigure(microF1, 'share')}, and ${formatFigure(accuracy, 'share')} of ` +
      `${counted(examples, 'text')} have exactly the right labels${againstText(comparison)}.`,
    ...fewTexts(report),
    ...weakestLabel(report, 'microF1'),
  ]
  if (measuredOn !== undefined) sentences.push(`Measured on ${measuredOn}.`)
  return { grade: gradeOf(microF1), sentences }
}

function gradeOf(share: number): string {
  return grades.find(({ from }) => share >= from)?.grade ?? 'Weak'
}

/** The most frequent true label, which a model that guesses would always give. */
function mostFrequent({ perClass, examples }: Evaluation): { label: string; share: number } {
  const [label, { support }] = Object.entries(perClass).reduce((a, b) =>
    b[1].support > a[1].support ? b : a,
  )
  return { label, share: support / examples }
}

function againstText(comparison: ModelComparison | undefined): string {
  if (comparison === undefined) return ''
  const { difference, pValue } = comparison
  if (difference === 0) return `, as many as with ${comparison.with}`
  const points = (100 * Math.abs(difference)).toFixed(1)
  const direction = difference > 0 ? 'better' : 'worse'
  const doubt = pValue < significanceLevel ? '' : ', which may be chance'
  return `, ${points} points ${direction} than ${comparison.with}${doubt}`
}

function fewTexts({ intervals }: EvaluationReport): string[] {
  const { low, high } = intervals.accuracy
  if (high - low <= intervalWidthMax) return []
  const range = `${formatFigure(low, 'share')} and ${formatFigure(high, 'share')}`
  return [`These are few texts: with many, between ${range} would be right.`]
}

function weakestLabel(report: EvaluationReport, whole: 'accuracy' | 'microF1'): string[] {
  const [weakest] = worstClasses(report)
  const overall = whole === 'microF1' && isOfSets(report) ? report.microF1 : report.accuracy
  if (weakest === undefined || weakest.support === 0 || weakest.f1 > overall - weakLabelGap) {
    return []
  }
  const { label, f1, support } = weakest
  const figures = `F1 ${formatFigure(f1, 'share')} of ${counted(support, 'text')}`
  return [`Weakest label: ${quoted(label)} (${figures}).`]
}

const quotedCharactersMax = 40

function quoted(label: string): string {
  const safe = label.replace(/\p{C}/gu, '\uFFFD')
  const characters = Array.from(safe)
  const shown =
    characters.length > quotedCharactersMax
      ? `${characters.slice(0, quotedCharactersMax - 1).join('')}…`
      : safe
  return `“${shown}”`
}
