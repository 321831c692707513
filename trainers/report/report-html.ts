// Renders an evaluation as one HTML page without scripts or other files. It owns the sections of
// the page and their order; report-plots.ts has the plots and report-markup.ts the tables.
import { counted } from '../../schemas/counted.ts'
import type { Evaluation } from '../evaluation/evaluation.ts'
import {
  isOfSets,
  type MultiLabelEvaluation,
  type TaskEvaluation,
} from '../evaluation/multi-label-evaluation.ts'
import { cardinalityText, setHeadlines, setTable } from './multi-label-report.ts'
import type { EpochReport } from '../evaluation/epoch-report.ts'
import type { ModelComparison } from '../evaluation/evaluate-version.ts'
import { barList, confusionTable, escapeHtml, htmlTable, section } from './report-markup.ts'
import {
  precisionRecallPlot,
  reliabilityPlot,
  riskPlot,
  rocPlot,
  trainingPlots,
} from './report-plots.ts'
import { reportStyle } from './report-style.ts'
import { drawSvg, type PlotSpec } from './report-svg.ts'
import {
  comparisonText,
  formatFigure,
  headlines,
  worstClasses,
  type Headline,
} from './report-tables.ts'
import { verdictOf } from './report-verdict.ts'

/** An example whose label a person should check. */
export type SuspiciousLabel = {
  readonly text: string
  readonly label: string
  readonly suggested: string
}

/** Everything on the page besides the scores. */
export type ReportHeading = {
  /** The title, which names the version. */
  readonly title: string
  /** When the report was made, RFC 3339; the title shows the day. */
  readonly made?: string | undefined
  /** The texts that the scores were measured on. */
  readonly measuredOn?: string | undefined
  /** Facts such as base encoder and data, shown as a list. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** The epochs of fine-tuning. */
  readonly training?: readonly EpochReport[] | undefined
  readonly comparison?: ModelComparison | undefined
  /** The most suspicious label first. */
  readonly suspicious?: readonly SuspiciousLabel[] | undefined
}

/** With more labels, the matrix and the bars show only the labels with the most mistakes. */
const plottedLabelsMax = 100
const plottedOfMany = 60
const confusionsShown = 20
const suspiciousShown = 30
const slicesShownMax = 60
const textCharactersMax = 200

/** The page as a string; all text from data is escaped. */
export async function renderReportHtml(
  evaluation: TaskEvaluation,
  heading: ReportHeading,
): Promise<string> {
  const sections = isOfSets(evaluation)
    ? await setSections(evaluation, heading)
    : await labelSections(evaluation, heading)
  const figures = isOfSets(evaluation) ? setHeadlines(evaluation) : headlines(evaluation)
  return page({ evaluation, figures, sections, heading })
}

async function labelSections(evaluation: Evaluation, heading: ReportHeading): Promise<string[]> {
  return [
    await trainingSection(heading.training),
    await calibrationSection(evaluation),
    await rankingSection(evaluation),
    labelSection(evaluation),
    confusionSection(evaluation),
    sliceSection(evaluation),
    suspiciousSection(heading.suspicious),
  ]
}

/** The sections of the page of a multi-label model. */
async function setSections(
  evaluation: MultiLabelEvaluation,
  heading: ReportHeading,
): Promise<string[]> {
  const { head, rows } = setTable(evaluation)
  const calibration = {
    temperature: 1,
    eceBefore: evaluation.ece,
    eceAfter: evaluation.ece,
    before: evaluation.reliability,
    after: evaluation.reliability,
  }
  const ranking = rankingSection(evaluation)
  return [
    await trainingSection(heading.training),
    section('How far to trust the probabilities', [
      `<p>${escapeHtml(cardinalityText(evaluation))}. Each label of each example is one decision.</p>`,
      await plots([
        [
          'Reliability: on the diagonal, probabilities are calibrated',
          reliabilityPlot({ calibration }),
        ],
      ]),
    ]),
    await ranking,
    section('Labels, worst first', [labelBars(evaluation), htmlTable(head, rows)]),
  ]
}

function page(parts: {
  evaluation: TaskEvaluation
  figures: readonly Headline[]
  sections: readonly string[]
  heading: ReportHeading
}): string {
  const { evaluation, figures, sections, heading } = parts
  const { comparison, measuredOn, made } = heading
  const title = made === undefined ? heading.title : `${heading.title}, ${made.slice(0, 10)}`
  const { grade, sentences } = verdictOf({ ...evaluation, comparison, measuredOn })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${reportStyle}</style>
<main>
<header><h1>${escapeHtml(title)}</h1>
<p class="verdict"><strong>${escapeHtml(grade)}:</strong> ${escapeHtml(sentences.join(' '))}</p>
<dl>${heading.facts.map(([name, value]) => `<dt>${escapeHtml(name)}<dd>${escapeHtml(value)}`).join('\n')}</dl></header>
${scoreTiles(evaluation, figures)}
${comparisonNote(comparison)}
${sections.filter((section) => section !== '').join('\n')}
</main>
</html>
`
}

function scoreTiles(evaluation: TaskEvaluation, figures: readonly Headline[]): string {
  const tiles = figures.map(({ name, unit, value, interval }) => {
    const range =
      interval === null
        ? ''
        : `<span>${formatFigure(interval.low, unit)} to ${formatFigure(interval.high, unit)}</span>`
    return `<li><span>${escapeHtml(name)}</span><strong>${formatFigure(value, unit)}</strong>${range}</li>`
  })
  const { confidence, resamples } = evaluation.intervals
  return `<ul class="tiles">${tiles.join('\n')}</ul>
<p>${counted(evaluation.examples, 'text')}. Ranges are ${100 * confidence} % bootstrap intervals of ${resamples} resamples.</p>`
}

function comparisonNote(comparison: ReportHeading['comparison']): string {
  if (comparison === undefined) return ''
  return section(`Against ${comparison.with}`, [
    `<p>${escapeHtml(`This model: ${comparisonText(comparison)}.`)}</p>`,
    htmlTable(
      ['on the same examples', 'this model right', 'this model wrong'],
      [
        ['the other right', String(comparison.bothRight), String(comparison.onlySecondRight)],
        ['the other wrong', String(comparison.onlyFirstRight), String(comparison.bothWrong)],
      ],
    ),
  ])
}

async function trainingSection(epochs: ReportHeading['training']): Promise<string> {
  if (epochs === undefined || epochs.length < 2) return ''
  const [loss, macroF1] = trainingPlots(epochs)
  return section('Training', [
    await plots([
      ['Loss on the training texts', loss],
      ['Macro F1 on the validation texts, which chose the epoch', macroF1],
    ]),
  ])
}

async function calibrationSection(evaluation: Evaluation): Promise<string> {
  const { calibration, abstention } = evaluation
  const { temperature, eceBefore, eceAfter } = calibration
  const scaled =
    temperature === 1
      ? `The calibration error is ${formatFigure(eceAfter, 'share')}.`
      : `Temperature ${temperature.toFixed(3)} changed the calibration error from ` +
        `${formatFigure(eceBefore, 'share')} to ${formatFigure(eceAfter, 'share')}.`
  const kept =
    abstention.coverage === null
      ? ''
      : ` At the stored threshold, ${formatFigure(abstention.coverage, 'share')} of the texts keep ` +
        `their label, and ${formatFigure(abstention.risk ?? 0, 'share')} of those are wrong.`
  return section('How far to trust the probabilities', [
    `<p>${scaled}${kept}</p>`,
    await plots([
      ['Reliability: on the diagonal, confidence is calibrated', reliabilityPlot(evaluation)],
      [
        `Leaving out the texts that the model is least sure of (by ${abstention.score})`,
        riskPlot(evaluation),
      ],
    ]),
  ])
}

async function rankingSection(evaluation: Pick<Evaluation, 'rocAuc' | 'curves'>): Promise<string> {
  if (evaluation.rocAuc.macro === null) return ''
  return section('Ranking', [
    await plots([
      ['ROC', rocPlot(evaluation)],
      ['Precision and recall', precisionRecallPlot(evaluation)],
    ]),
  ])
}

function labelSection(evaluation: Evaluation): string {
  const classes = worstClasses(evaluation)
  const rows = classes.map(({ label, precision, recall, f1, support, ...areas }) => [
    label,
    ...[precision, recall, f1, areas.rocAuc, areas.averagePrecision].map((value) =>
      value === null ? '' : formatFigure(value, 'share'),
    ),
    String(support),
  ])
  const head = ['label', 'precision', 'recall', 'F1', 'ROC AUC', 'average precision', 'examples']
  return section('Labels, worst first', [
    labelBars(evaluation),
    `<details${classes.length <= 12 ? ' open' : ''}><summary>All figures of ${counted(classes.length, 'label')}</summary>${htmlTable(head, rows)}</details>`,
  ])
}

/** Bars with the F1 of each label, lowest first. */
function labelBars(evaluation: Pick<Evaluation, 'perClass'>): string {
  const classes = worstClasses(evaluation)
  const shown = classes.length > plottedLabelsMax ? classes.slice(0, plottedOfMany) : classes
  const bars = shown.map(({ label, f1, precision, recall, support }) => ({
    name: label,
    share: f1,
    text: `${formatFigure(f1, 'share')} of ${counted(support, 'text')}`,
    described: `${label}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`,
  }))
  const omitted = classes.length - shown.length
  const note =
    omitted === 0 ? '' : ` The ${counted(omitted, 'label')} with a higher F1 are left out.`
  return `<p>F1 of each label.${note}</p>${barList(bars)}`
}

/** The indices of the labels to show, ascending: all, or those with the most mistakes. */
function confusedLabels({ matrix }: Evaluation['confusion']): number[] {
  const all = matrix.map((_, index) => index)
  if (all.length <= plottedLabelsMax) return all
  const mistakes = all.map((index) =>
    all.reduce(
      (sum, other) => sum + (other === index ? 0 : matrix[index]![other]! + matrix[other]![index]!),
      0,
    ),
  )
  return all
    .sort((a, b) => mistakes[b]! - mistakes[a]!)
    .slice(0, plottedOfMany)
    .sort((a, b) => a - b)
}

function confusionSection(evaluation: Evaluation): string {
  const { mostConfused, confusion } = evaluation
  const rows = mostConfused
    .slice(0, confusionsShown)
    .map(({ truth, predicted, count }) => [truth, predicted, String(count)])
  const omitted = confusion.labels.length > plottedLabelsMax
  return section('Confusion', [
    omitted ? '<p>The matrix shows the labels with the most mistakes.</p>' : '',
    confusionTable({ ...confusion, shown: confusedLabels(confusion) }),
    rows.length === 0
      ? '<p>No mistakes.</p>'
      : `<h3>Most confused pairs</h3>${htmlTable(['truth', 'predicted', 'times'], rows, 'names')}`,
  ])
}

function sliceSection({ slices }: Evaluation): string {
  const kinds = [...new Set(slices.map(({ by }) => by))]
  if (kinds.length === 0) return ''
  const shown = slices.slice(0, slicesShownMax)
  const parts = kinds.flatMap((kind): string[] => {
    const own = shown.filter(({ by }) => by === kind)
    if (own.length === 0) return []
    const name =
      kind === 'length' ? 'By length of the text' : `By ${kind.replace('attribute:', '')}`
    const bars = own.map(({ value, accuracy, examples, interval }) => ({
      name: value,
      share: accuracy,
      interval,
      text: `${formatFigure(accuracy, 'share')} of ${counted(examples, 'text')}`,
    }))
    return [`<h3>${escapeHtml(`Accuracy: ${name}, with 95 % intervals`)}</h3>${barList(bars)}`]
  })
  return section('Slices of the examples', parts)
}

function suspiciousSection(suspicious: ReportHeading['suspicious']): string {
  if (suspicious === undefined || suspicious.length === 0) return ''
  const rows = suspicious
    .slice(0, suspiciousShown)
    .map(({ text, label, suggested }) => [text.slice(0, textCharactersMax), label, suggested])
  return section('Labels to check', [
    '<p>Training examples whose label is least likely according to a model fitted without them.</p>',
    htmlTable(['text', 'label', 'the model suggests'], rows, 'texts'),
  ])
}

async function plots(captioned: readonly (readonly [string, PlotSpec])[]): Promise<string> {
  const figures: string[] = []
  for (const [caption, spec] of captioned) {
    const title = caption === '' ? '' : `<figcaption>${escapeHtml(caption)}</figcaption>`
    figures.push(`<figure>${title}${await drawSvg(spec)}</figure>`)
  }
  return `<div class="plots">${figures.join('\n')}</div>`
}
