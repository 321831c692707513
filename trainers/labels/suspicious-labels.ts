// The label report of a data set: the examples whose labels are probably wrong, by label name and
// text, for a person to check. label-issues.ts and label-set-issues.ts find them.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere } from '../../models/runtime/whole-file.ts'
import { labelTruth, type Dataset } from '../data/dataset.ts'
import { findLabelIssues } from './label-issues.ts'
import { findLabelSetIssues } from './label-set-issues.ts'
import { labelCell } from './review-list.ts'

/** One line of `label-issues.jsonl`. */
export type SuspiciousLabel = {
  readonly id?: string | undefined
  /** The number of the example's row in its source, if the examples have one. */
  readonly row?: number | undefined
  readonly text: string
  /** A label, or a set of labels. */
  readonly given: string | readonly string[]
  readonly suggested: string | readonly string[]
  /** The probability that the given label or set is right: 0 to 1. */
  readonly score: number
  /**
   * The probability of the given label, from a model that did not see the example. For a set, it is
   * that of the most suspicious label being in the set, or out of it, as given.
   */
  readonly selfConfidence: number
  /** `selfConfidence` minus the probability of the most probable alternative. */
  readonly margin: number
}

/** Suspicious labels, worst first. */
export type LabelReport = {
  readonly examples: number
  /** The expected number of wrong labels, listed or not. */
  readonly estimatedErrors: number
  readonly suspicious: readonly SuspiciousLabel[]
}

/** The summary of the report in the JSON of a run. */
export type IssueCounts = { readonly suspicious: number; readonly estimatedErrors: number }

/** The counts of a report, without its texts. */
export function issueCounts({ suspicious, estimatedErrors }: LabelReport): IssueCounts {
  return { suspicious: suspicious.length, estimatedErrors }
}

const labelIssuesFile = 'label-issues.jsonl'

/**
 * Checks every label, or every set of labels, against held-out probabilities, float32
 * [examples, labels], from models that did not see the example.
 */
export function reportLabels(
  dataset: Dataset,
  heldOut: { labels: readonly string[]; probabilities: Float32Array },
): LabelReport {
  const { labels, probabilities } = heldOut
  const task = dataset.manifest.task ?? 'single-label'
  const { truth, targets } = labelTruth(dataset, { labels, task })
  const judged = { probabilities, labels: labels.length }
  const found =
    truth === undefined
      ? findLabelSetIssues({ ...judged, targets })
      : findLabelIssues({ ...judged, truth })
  const suspicious = found.issues.map((issue) => {
    const { id, row, text, label, labels: set } = dataset.examples[issue.example]!
    return {
      ...(id === undefined ? {} : { id }),
      ...(row === undefined ? {} : { row }),
      text,
      given: set ?? label,
      suggested:
        'wrong' in issue
          ? toggled(
              set ?? [],
              issue.wrong.map((index) => labels[index]!),
            )
          : labels[issue.suggested]!,
      score: rounded(issue.score),
      selfConfidence: rounded(issue.selfConfidence),
      margin: rounded(issue.margin),
    }
  })
  const { estimatedErrors } = found
  return { examples: dataset.examples.length, estimatedErrors, suspicious }
}

/** A set without those of `wrong` that it has, and with the others; sorted. */
function toggled(set: readonly string[], wrong: readonly string[]): string[] {
  const added = wrong.filter((label) => !set.includes(label))
  return [...set.filter((label) => !wrong.includes(label)), ...added].sort()
}

/** A suspicious label as a report shows it. */
type ShownLabel = { readonly text: string; readonly label: string; readonly suggested: string }

/** The suspicious labels as a report shows them, worst first. */
export function suspiciousIn({ suspicious }: Pick<LabelReport, 'suspicious'>): ShownLabel[] {
  return suspicious.map(({ text, given, suggested }) => {
    return { text, label: labelCell(given), suggested: labelCell(suggested) }
  })
}

/**
 * The suspicious labels that a run's folder lists, worst first; undefined if it has no list.
 */
export async function readSuspicious(dir: string): Promise<ShownLabel[] | undefined> {
  const text = await readIfThere(join(dir, labelIssuesFile))
  if (text === undefined) return undefined
  // Written by writeLabelReport.
  const suspicious = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SuspiciousLabel)
  return suspiciousIn({ suspicious })
}

/** Writes `label-issues.jsonl` into a run's folder; it is empty when no label is suspicious. */
export async function writeLabelReport(dir: string, { suspicious }: LabelReport): Promise<void> {
  const lines = suspicious.map((label) => `${JSON.stringify(label)}\n`)
  await writeFile(join(dir, labelIssuesFile), lines.join(''))
}

/** Five decimals; a float32 has hardly more precision. */
function rounded(value: number): number {
  return Number(value.toFixed(5))
}
