// Prints the findings of the data rules, and the labels that only people used, for a terminal and a
// report. rule-findings.ts and label-origins.ts have the counts.
import { counted } from '../../schemas/counted.ts'
import type { SourceFacts } from '../files/dataset-source.ts'
import type { DataManifest } from './dataset.ts'

/** One line per finding, such as `12 duplicates of a text with the same label: removed`. */
export function ruleLines({ rules: findings, truncatedTexts = 0, from }: DataManifest): string[] {
  const others = [...onlyPeople(from ?? {}), ...truncated(truncatedTexts)]
  if (findings === undefined) return others
  const { rules, conflicts, nearDuplicates, heldOut, singleExampleLabels } = findings
  const fate = rules.duplicates === 'drop' ? 'removed' : 'kept, on one side of every split'
  const conflictFate = rules.duplicates === 'drop' ? 'the majority label stays, else none' : fate
  const dropped = Object.entries(findings.droppedLabels)
  const lines: [number, string][] = [
    [findings.emptyTexts, `${counted(findings.emptyTexts, 'empty text')}: removed`],
    [
      findings.duplicates,
      `${counted(findings.duplicates, 'duplicate')} of a text with the same label: ${fate}`,
    ],
    [
      conflicts.examples,
      `${counted(conflicts.examples, 'example')} of ${counted(conflicts.texts, 'text')} with several ` +
        `labels: ${conflictFate}`,
    ],
    [
      nearDuplicates.examples,
      `${counted(nearDuplicates.examples, 'near duplicate')} in ` +
        `${counted(nearDuplicates.groups, 'group')}: each group on one side of every split`,
    ],
    [heldOut.exact, `${counted(heldOut.exact, 'text')} held out elsewhere: removed`],
    [heldOut.near, `${counted(heldOut.near, 'near duplicate')} of held-out texts: removed`],
    [
      dropped.length,
      `${counted(dropped.length, 'label')} with fewer than ${counted(rules.minExamples, 'example')}: ` +
        `removed (${named(dropped.map(([label]) => label))})`,
    ],
    [
      singleExampleLabels.length,
      `${counted(singleExampleLabels.length, 'label')} with a single example, trained and never ` +
        `validated: ${named(singleExampleLabels)}`,
    ],
  ]
  const told = lines.flatMap(([count, text]) => (count > 0 ? [text] : []))
  return [...told, ...others]
}

/** The labels that only people used, rarest first because typing errors are rare. */
function onlyPeople({ labelsOnlyPeopleUsed = {}, labelsComparedWith }: SourceFacts): string[] {
  const labels = Object.entries(labelsOnlyPeopleUsed).sort(([, a], [, b]) => a - b)
  if (labels.length === 0) return []
  const shown = labels
    .slice(0, labelsShownMax)
    .map(([label, examples]) => `${JSON.stringify(label)} (${counted(examples, 'example')})`)
  const more = labels.length > shown.length ? ', …' : ''
  const [it, has] = labels.length === 1 ? ['it', 'does not have it'] : ['them', 'has none of them']
  const model = labelsComparedWith == null ? '' : `, and ${labelsComparedWith} ${has}`
  return [
    `${counted(labels.length, 'label')} that only people used, to check for typing errors: ` +
      `${shown.join(', ')}${more}; no event came with ${it}${model}`,
  ]
}

function truncated(count: number): string[] {
  return count > 0 ? [`${counted(count, 'text')} longer than the model reads: cut`] : []
}

const labelsShownMax = 5

function named(labels: readonly string[]): string {
  const shown = labels.slice(0, labelsShownMax).map((label) => JSON.stringify(label))
  return shown.join(', ') + (labels.length > shown.length ? ', …' : '')
}
