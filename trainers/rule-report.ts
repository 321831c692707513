// What the data rules found, in sentences for a terminal and a report. The counts are
// rule-findings.ts.
import type { DataManifest } from './dataset.ts'

/** One line a finding, such as `12 duplicates: removed`; none when there is nothing to tell. */
export function ruleLines({ rules: findings, truncatedTexts = 0 }: DataManifest): string[] {
  if (findings === undefined) return truncated(truncatedTexts)
  const { rules, conflicts, nearDuplicates, heldOut, singleExampleLabels } = findings
  const fate = rules.duplicates === 'drop' ? 'removed' : 'kept, on one side of every split'
  const conflictFate = rules.duplicates === 'drop' ? 'the majority label stays, else none' : fate
  const dropped = Object.entries(findings.droppedLabels)
  const lines: [number, string][] = [
    [findings.emptyTexts, `empty texts: removed`],
    [findings.duplicates, `duplicates of a text with the same label: ${fate}`],
    [
      conflicts.examples,
      `examples of ${conflicts.texts} texts with several labels: ${conflictFate}`,
    ],
    [
      nearDuplicates.examples,
      `near duplicates in ${nearDuplicates.groups} groups: each on one side of every split`,
    ],
    [heldOut.exact, 'texts that are held out elsewhere: removed'],
    [heldOut.near, 'near duplicates of held-out texts: removed'],
    [
      dropped.length,
      `labels with fewer than ${rules.minExamples} examples: removed (${named(dropped.map(([label]) => label))})`,
    ],
    [
      singleExampleLabels.length,
      `labels with a single example, trained and never validated: ${named(singleExampleLabels)}`,
    ],
  ]
  const told = lines.flatMap(([count, text]) => (count > 0 ? [`${count} ${text}`] : []))
  return [...told, ...truncated(truncatedTexts)]
}

/** The findings as a fact of a report. */
export function dataFacts(manifest: DataManifest): [string, string][] {
  const lines = ruleLines(manifest)
  return lines.length === 0 ? [] : [['Data rules', lines.join('; ')]]
}

function truncated(count: number): string[] {
  return count > 0 ? [`${count} texts longer than the model reads: cut`] : []
}

function named(labels: readonly string[]): string {
  const shown = labels.slice(0, 5).map((label) => JSON.stringify(label))
  return shown.join(', ') + (labels.length > shown.length ? ', …' : '')
}
