// The label report of a data set: the examples whose labels are probably wrong, by label name and
// text, for a person to check. label-issues.ts finds them.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere } from '../../models/runtime/whole-file.ts'
import { labelIndices, type Dataset } from '../data/dataset.ts'
import { findLabelIssues } from './label-issues.ts'

/** One line of `label-issues.jsonl`. */
export type SuspiciousLabel = {
  readonly id?: string | undefined
  readonly text: string
  readonly given: string
  readonly suggested: string
  /** The probability of the given label, from a model that did not see the example. */
  readonly selfConfidence: number
  /**
   * `selfConfidence` minus the most probable other label's probability; lower is more suspicious.
   */
  readonly margin: number
}

/** Suspicious labels, worst first. */
export type LabelReport = {
  readonly examples: number
  /** Confident learning's estimate of the wrong labels, which may differ from the number listed. */
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
 * Checks every label against held-out probabilities, float32 [examples, labels], from models that
 * did not see the example.
 */
export function reportLabels(
  dataset: Dataset,
  heldOut: { labels: readonly string[]; probabilities: Float32Array },
): LabelReport {
  const { labels, probabilities } = heldOut
  const truth = labelIndices(dataset, labels)
  const { issues, estimatedErrors } = findLabelIssues({
    truth,
    probabilities,
    labels: labels.length,
  })
  const suspicious = issues.map(({ example, given, suggested, selfConfidence, margin }) => {
    const { id, text } = dataset.examples[example]!
    return {
      ...(id === undefined ? {} : { id }),
      text,
      given: labels[given]!,
      suggested: labels[suggested]!,
      selfConfidence: rounded(selfConfidence),
      margin: rounded(margin),
    }
  })
  return { examples: truth.length, estimatedErrors, suspicious }
}

/** The suspicious labels as a report shows them, worst first. */
export function suspiciousIn({
  suspicious,
}: LabelReport): { text: string; label: string; suggested: string }[] {
  return suspicious.map(({ text, given, suggested }) => ({ text, label: given, suggested }))
}

/**
 * The suspicious labels that a run's folder lists, worst first; undefined if it has no list.
 */
export async function readSuspicious(
  dir: string,
): Promise<{ text: string; label: string; suggested: string }[] | undefined> {
  const text = await readIfThere(join(dir, labelIssuesFile))
  if (text === undefined) return undefined
  // Written by writeLabelReport.
  const suspicious = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SuspiciousLabel)
  return suspiciousIn({ examples: 0, estimatedErrors: 0, suspicious })
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
