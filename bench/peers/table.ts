// The table of bench/peers.ts: one row per side, with ratios to the first side.
import { median, spreadOf } from '../measuring.ts'

/** What a side found in one round, and what it spent. */
export type Round = {
  readonly labels: readonly string[]
  /** The logit of each label, or null if the side gives none. */
  readonly logits: readonly number[] | null
  readonly seconds: number
  /** Of all threads of the process that classifies. */
  readonly cpuSeconds: number
}

/** One contender; the caller of its opener closes it. */
export type Side = {
  readonly name: string
  /** Whether it must give Winnow's logits. */
  readonly isExact: boolean
  classify(texts: readonly string[]): Promise<Round>
}

/** The rounds of a side; `warm` is the one that does not count. */
export type Measured = { readonly name: string; readonly rounds: Round[]; warm?: Round }

/** A Markdown table. Accuracy is left out without labels. */
export function tableText(table: {
  measured: readonly Measured[]
  truth: readonly (string | undefined)[]
  missing: Readonly<Record<string, string>>
}): string {
  const { measured, truth, missing } = table
  const first = measured[0]!
  const rows = measured.map((side) => sideCells({ side, first, truth }))
  const absent = Object.entries(missing).map(([name, why]) => [name, why, '', '', '', '', ''])
  const all = [
    [
      'side',
      'texts/s',
      'CPU s per 1,000 texts',
      'accuracy',
      `labels as ${first.name}`,
      `CPU time / ${first.name}`,
      `elapsed time / ${first.name}`,
    ],
    ...rows,
    ...absent,
  ]
  const widths = all[0]!.map((_, at) => Math.max(...all.map((cells) => cells[at]!.length)))
  const lines = all.map((cells) => line(cells.map((cell, at) => cell.padEnd(widths[at]!))))
  return [lines[0], line(widths.map((width) => '-'.repeat(width))), ...lines.slice(1)].join('\n')
}

function sideCells(row: {
  side: Measured
  first: Measured
  truth: readonly (string | undefined)[]
}): string[] {
  const { side, first, truth } = row
  const texts = truth.length
  const { labels } = side.warm!
  const right = share(labels, truth)
  const ratio = (field: 'seconds' | 'cpuSeconds'): string => {
    const { median, min, max } = spreadOf(
      side.rounds.map((round, at) => round[field] / first.rounds[at]![field]),
    )
    return `${median.toFixed(2)} [${min.toFixed(2)} to ${max.toFixed(2)}]`
  }
  return [
    side.name,
    (texts / median(side.rounds.map(({ seconds }) => seconds))).toFixed(0),
    ((1_000 / texts) * median(side.rounds.map(({ cpuSeconds }) => cpuSeconds))).toFixed(2),
    truth.includes(undefined) ? '' : `${(100 * right).toFixed(1)} %`,
    `${(100 * share(labels, first.warm!.labels)).toFixed(1)} %`,
    ratio('cpuSeconds'),
    ratio('seconds'),
  ]
}

function share(labels: readonly string[], others: readonly (string | undefined)[]): number {
  return labels.filter((label, at) => label === others[at]).length / labels.length
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
