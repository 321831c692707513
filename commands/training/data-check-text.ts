// The check of a data set for people: what was read, labels with bars, lengths, and a table of
// problems with what training does about each. library/check-texts.ts makes it.
import type { DataReport } from '../../library/check-texts.ts'
import { counted } from '../../schemas/counted.ts'
import { addressText } from '../../trainers/files/dataset-source.ts'
import type { TrainingOutlook } from '../../trainers/data/data-check.ts'
import type { LengthBin, LengthProfile } from '../../trainers/data/data-profile.ts'
import type { DataProblem } from '../../trainers/data/data-problems.ts'
import { countText, tableText, type Terminal } from '../terminal.ts'

const labelsShownMax = 20
const columnsShownMax = 12
const barCharacters = 24
/** The rows of a histogram of lengths. */
const binsShownMax = 8

/** The lines for a terminal. */
export function dataCheckText(report: DataReport, style: Terminal['style']): string {
  const { profile, tokens } = report
  const parts = [
    overviewText(report, style),
    labelsText(report, style),
    profile === undefined ? '' : lengthsText('characters', profile.lengths, style),
    tokens === undefined ? '' : lengthsText(`tokens of ${tokens.base}`, tokens, style),
    problemsText(report.problems, style),
    trainingText(report.training, style),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function overviewText(report: DataReport, style: Terminal['style']): string {
  const { data, rows, texts, columns, languages = [], profile } = report
  const shown = columns
    .slice(0, columnsShownMax)
    .map(({ name, filled }) => (filled === rows ? name : `${name} (${countText(filled)})`))
  const more = columns.length > shown.length ? ', …' : ''
  const scripts = (profile?.scripts ?? []).map(({ script, texts: own }) => [script, own] as const)
  const spoken = languages.map(({ language, texts: own }) => [language, own] as const)
  const told = languages.reduce((sum, one) => sum + one.texts, 0)
  return [
    `${style('bold', addressText(data))}: ${counted(rows, 'row')}, ${counted(texts, 'text')} that can be read`,
    columns.length === 0 ? '' : `columns: ${shown.join(', ')}${more}`,
    spoken.length === 0 ? '' : `languages: ${sharesText(spoken, told)}`,
    scripts.length < 2 ? '' : `scripts: ${sharesText(scripts, texts)}`,
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function sharesText(counts: readonly (readonly [string, number])[], all: number): string {
  const shown = counts.slice(0, 8).map(([name, count]) => `${name} ${percentText(count, all)}`)
  return shown.join(', ') + (counts.length > shown.length ? ', …' : '')
}

function percentText(part: number, all: number): string {
  const percent = (100 * part) / Math.max(1, all)
  if (percent > 0 && percent < 0.05) return '< 0.1 %'
  return `${percent < 1 ? percent.toFixed(percent === 0 ? 0 : 1) : Math.round(percent)} %`
}

function labelsText({ labels, texts, task }: DataReport, style: Terminal['style']): string {
  if (texts === 0) return ''
  if (labels.length === 0) return 'No row has a label: these are texts to classify or to label.'
  const most = labels[0]!.texts
  const rows = labels
    .slice(0, labelsShownMax)
    .map(({ label, texts: own }) => [label, own, percentText(own, texts), bar(own, most)])
  const rest = labels.slice(labelsShownMax)
  const more =
    rest.length === 0
      ? ''
      : `\n${counted(rest.length, 'more label')}; the rarest has ${counted(rest.at(-1)!.texts, 'text')}`
  const kind = task === 'multi-label' ? 'sets of labels' : 'one per text'
  return `${style('bold', counted(labels.length, 'label'))}, ${kind}\n${tableText(['label', 'texts', 'share', ''], rows)}${more}`
}

function bar(count: number, most: number): string {
  return '█'.repeat(Math.max(1, Math.round((barCharacters * count) / Math.max(1, most))))
}

function lengthsText(unit: string, lengths: LengthProfile, style: Terminal['style']): string {
  const { shortest, median, p95, longest } = lengths
  const bins = mergedBins(lengths.bins)
  const most = Math.max(...bins.map(({ texts }) => texts))
  const rows = bins.map(({ from, to, texts }) => [
    from === to ? countText(from) : `${countText(from)} to ${countText(to)}`,
    texts,
    texts === 0 ? '' : bar(texts, most),
  ])
  const figures =
    `shortest ${countText(shortest)}, median ${countText(median)}, ` +
    `95 % up to ${countText(p95)}, longest ${countText(longest)}`
  return `${style('bold', `length in ${unit}`)}: ${figures}\n${tableText([unit.split(' ')[0]!, 'texts', ''], rows)}`
}

/** Joins neighbours, so that the histogram stays short. */
function mergedBins(bins: readonly LengthBin[]): LengthBin[] {
  const size = Math.ceil(bins.length / binsShownMax)
  const merged: LengthBin[] = []
  for (let at = 0; at < bins.length; at += size) {
    const part = bins.slice(at, at + size)
    const texts = part.reduce((sum, bin) => sum + bin.texts, 0)
    merged.push({ from: part[0]!.from, to: part.at(-1)!.to, texts })
  }
  return merged
}

function problemsText(problems: readonly DataProblem[], style: Terminal['style']): string {
  if (problems.length === 0) return style('green', 'No problems.')
  const rows = problems.map(({ rows: count, meaning, training }) => [count, meaning, training])
  const firsts = problems.flatMap(({ problem, places, first }) => {
    if (places.length === 0) return []
    return [`  ${problem}: ${first ?? places.slice(0, 3).join(', ')}`]
  })
  return [
    style('bold', counted(problems.length, 'kind of problem', 'kinds of problems')),
    tableText(['rows', 'problem', 'training'], rows),
    ...(firsts.length === 0 ? [] : ['first of each:', ...firsts]),
  ].join('\n')
}

function trainingText(training: TrainingOutlook, style: Terminal['style']): string {
  switch (training.kind) {
    case 'unlabelled':
      return 'winnow classify and winnow produce read it; winnow train needs labels (--label-column).'
    case 'refuses':
      return `${style('red', 'winnow train refuses it')}: ${training.reason}`
    case 'trains': {
      const { examples, labels } = training
      return `winnow train would learn ${counted(labels, 'label')} from ${counted(examples, 'text')}.`
    }
  }
}
