// The sections of a page about data: what the texts look like, whether more of them would help, and
// which labels to check.
import { counted } from '../../schemas/counted.ts'
import type { DataProfile } from '../data/data-profile.ts'
import type { DataManifest } from '../data/dataset.ts'
import { ruleLines } from '../data/rule-report.ts'
import { beginningOf } from '../evaluation/confused-texts.ts'
import { sizeCurveText, type SizeCurve } from '../evaluation/size-curve.ts'
import { accent } from './plot-parts.ts'
import {
  barList,
  details,
  escapeHtml,
  htmlTable,
  paragraph,
  section,
  sideBySide,
  type Section,
} from './report-markup.ts'
import { formatFigure } from './report-tables.ts'
import { drawPlots, type Plot } from './report-svg.ts'
import { sizeCurvePlot } from './training-plots.ts'

/** An example whose label a person should check. */
export type SuspiciousLabel = {
  readonly text: string
  readonly label: string
  readonly suggested: string
}

const suspiciousShown = 30
const textCharactersMax = 200
/** With more labels, only the most and the least frequent ones are shown. */
const labelsShownMax = 40
const openLabelsMax = 12

/** The profile of the training texts. */
export async function dataSection({
  profile,
  manifest,
}: {
  readonly profile: DataProfile | undefined
  readonly manifest: DataManifest | undefined
}): Promise<Section | undefined> {
  if (profile === undefined && manifest === undefined) return undefined
  const findings = manifest === undefined ? [] : ruleLines(manifest)
  return section('Training data', [
    profile === undefined ? '' : await lengthPart(profile),
    profile === undefined ? '' : scriptPart(profile),
    findings.length === 0
      ? ''
      : `<h3>Duplicates and rules</h3><ul>${findings.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul>`,
    manifest === undefined ? '' : labelCounts(manifest),
  ])
}

async function lengthPart({ texts, lengths }: DataProfile): Promise<string> {
  const { shortest, median, p95, longest } = lengths
  const text =
    `${counted(texts, 'text')} of ${shortest.toLocaleString('en-US')} to ` +
    `${counted(longest, 'character')}; half of them have at most ${median.toLocaleString('en-US')}, ` +
    `95 % at most ${p95.toLocaleString('en-US')}.`
  return paragraph(text) + (await drawPlots([lengthPlot(lengths.bins, text)]))
}

function lengthPlot(bins: DataProfile['lengths']['bins'], alternative: string): Plot {
  const values = bins.map(({ from, to, texts }, at) => {
    // The last bin also holds the few longest texts; drawn to scale, it would hide the others.
    const width = at === 0 ? to - from + 1 : from - bins[at - 1]!.from
    return { from, end: from + width, texts, described: `${from} to ${to}: ${texts}` }
  })
  return {
    caption: 'Lengths of the texts; the last bar holds all longer ones',
    alternative,
    spec: {
      width: 300,
      height: 150,
      data: { values },
      mark: { type: 'bar', color: accent, binSpacing: 1 },
      encoding: {
        x: { field: 'from', type: 'quantitative', title: 'characters', bin: { binned: true } },
        x2: { field: 'end' },
        y: { field: 'texts', type: 'quantitative', title: 'texts' },
        description: { field: 'described', type: 'nominal' },
      },
    },
  }
}

function scriptPart({ scripts, texts }: DataProfile): string {
  if (scripts.length < 2) {
    const [only] = scripts
    return only === undefined ? '' : paragraph(`Script: ${only.script}.`)
  }
  const bars = scripts.map(({ script, texts: own }) => ({
    name: script === 'none' ? 'without letters' : script,
    share: own / texts,
    text: counted(own, 'text'),
  }))
  return `<h3>Scripts</h3>${barList(bars)}`
}

function labelCounts({ labels, examples }: DataManifest): string {
  const counts = Object.entries(labels).sort(([, a], [, b]) => b - a)
  const most = counts[0]?.[1] ?? 1
  const isCut = counts.length > labelsShownMax
  const half = labelsShownMax / 2
  const shown = isCut ? [...counts.slice(0, half), ...counts.slice(-half)] : counts
  const bars = shown.map(([label, count]) => ({
    name: label,
    share: count / most,
    text: `${counted(count, 'example')}, ${formatFigure(count / examples, 'share')}`,
  }))
  const note = isCut ? `: the ${half} most and the ${half} least frequent of ${counts.length}` : ''
  const state = counts.length > openLabelsMax ? 'closed' : 'open'
  return details(`Examples of each label${note}`, barList(bars), state)
}

/** Whether more labels would help. */
export async function sizeSection(curve: SizeCurve | undefined): Promise<Section | undefined> {
  if (curve === undefined || curve.points.length < 2) return undefined
  const rows = curve.points.map(({ examples, accuracy, macroF1 }) => [
    examples.toLocaleString('en-US'),
    formatFigure(accuracy.mean, 'share'),
    `${formatFigure(accuracy.low, 'share')} to ${formatFigure(accuracy.high, 'share')}`,
    formatFigure(macroF1.mean, 'share'),
  ])
  return section('Would more labels help?', [
    paragraph(
      `${sizeCurveText(curve)} Heads on frozen embeddings, fitted on parts of the training ` +
        `examples and measured on ${curve.measuredOn}. Lines show the spread of the fits.`,
    ),
    sideBySide([
      await drawPlots([sizeCurvePlot(curve)]),
      htmlTable({
        name: 'Scores by number of training examples',
        head: ['examples', 'accuracy', 'of the fits', 'macro F1'],
        rows,
      }),
    ]),
  ])
}

/** Labels that are probably wrong, worst first. */
export function suspiciousSection(
  suspicious: readonly SuspiciousLabel[] | undefined,
): Section | undefined {
  if (suspicious === undefined || suspicious.length === 0) return undefined
  const rows = suspicious
    .slice(0, suspiciousShown)
    .map(({ text, label, suggested }) => [beginningOf(text, textCharactersMax), label, suggested])
  const more = suspicious.length > rows.length ? ` The first ${rows.length} of them:` : ''
  return section('Labels to check', [
    paragraph(
      `${counted(suspicious.length, 'example')} whose label is unlikely according to a model fitted ` +
        `without them.${more}`,
    ),
    htmlTable({
      name: 'Labels to check',
      head: ['text', 'label', 'the model suggests'],
      rows,
      kind: 'texts',
    }),
  ])
}
