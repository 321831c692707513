// The label-quality report of a data set: the examples whose labels are probably wrong, by name and
// text, for a person to check. Finding them is label-issues.ts.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { labelIndices, type Dataset } from '../data/dataset.ts'
import { findLabelIssues } from './label-issues.ts'

/** One line of `label-issues.jsonl`. */
export type SuspiciousLabel = {
  readonly id?: string | undefined
  readonly text: string
  readonly given: string
  readonly suggested: string
  /** Probability of the given label, from a model that did not see the example. */
  readonly selfConfidence: number
  /** Less that of the likeliest other label: the lower, the more suspicious. */
  readonly margin: number
}

/** Suspicious labels, worst first. */
export type LabelReport = {
  readonly examples: number
  /** Wrong labels that confident learning estimates; the listed ones can be more or fewer. */
  readonly estimatedErrors: number
  readonly suspicious: readonly SuspiciousLabel[]
}

/** The report in the JSON of a run. */
export type IssueCounts = { readonly suspicious: number; readonly estimatedErrors: number }

/** How many, without the texts. */
export function issueCounts({ suspicious, estimatedErrors }: LabelReport): IssueCounts {
  return { suspicious: suspicious.length, estimatedErrors }
}

const labelIssuesFile = 'label-issues.jsonl'
const factTextsMax = 5
const factCharactersMax = 80

/**
 * Judges every label by float32 [examples, labels] probabilities of models that did not see them.
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

/** Writes `label-issues.jsonl` into a run's folder, empty when no label is suspicious. */
export async function writeLabelReport(dir: string, { suspicious }: LabelReport): Promise<void> {
  const lines = suspicious.map((label) => `${JSON.stringify(label)}\n`)
  await writeFile(join(dir, labelIssuesFile), lines.join(''))
}

/** The report as one fact of a run: counts, and the worst few. */
export function labelFact({
  examples,
  suspicious,
  estimatedErrors,
}: LabelReport): [string, string] {
  const worst = suspicious.slice(0, factTextsMax).map(({ text, given, suggested }) => {
    const shown = text.replace(/\s+/g, ' ').slice(0, factCharactersMax)
    return `\u201c${shown}\u201d is ${given}, rather ${suggested}`
  })
  const counts = `${suspicious.length} of ${examples}, about ${estimatedErrors} wrong`
  return ['Suspicious labels', [counts, ...worst].join('; ')]
}

/** float32 has no more digits worth printing. */
function rounded(value: number): number {
  return Number(value.toFixed(5))
}
