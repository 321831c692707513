// An evaluation as one HTML page without any other file or script. It owns the page's looks and order;
// its figures come from evaluation.ts, its plots from report-plots.ts.
import type { Evaluation } from './evaluation.ts'
import {
  isOfSets,
  type MultiLabelEvaluation,
  type TaskEvaluation,
} from './multi-label-evaluation.ts'
import { cardinalityText, setHeadlines, setTable } from './multi-label-report.ts'
import type { EpochReport } from './fine-tuning-task.ts'
import type { PairedComparison } from './mcnemar.ts'
import {
  classPlot,
  confusionPlot,
  plottedLabelsMax,
  precisionRecallPlot,
  reliabilityPlot,
  riskPlot,
  rocPlot,
  slicePlot,
  trainingPlot,
} from './report-plots.ts'
import { drawSvg, type PlotSpec } from './report-svg.ts'
import {
  comparisonText,
  formatFigure,
  headlines,
  worstClasses,
  type Headline,
} from './report-tables.ts'

/** An example whose label a person should look at. */
export type SuspiciousLabel = {
  readonly text: string
  readonly label: string
  readonly suggested: string
}

/** What stands around the figures. */
export type ReportHeading = {
  readonly title: string
  /** Facts such as base encoder and data, shown as a list. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** Epochs of fine-tuning. */
  readonly training?: readonly EpochReport[] | undefined
  readonly comparison?: (PairedComparison & { readonly with: string }) | undefined
  /** Most suspicious first. */
  readonly suspicious?: readonly SuspiciousLabel[] | undefined
}

const confusionsShown = 20
const suspiciousShown = 30
const slicesShownMax = 60
const textCharactersMax = 200

/** The page as a string; everything from data is escaped. */
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
    await labelSection(evaluation),
    await confusionSection(evaluation),
    await sliceSection(evaluation),
    suspiciousSection(heading.suspicious),
  ]
}

/** The sections of a multi-label model. */
async function setSections(
  evaluation: MultiLabelEvaluation,
  heading: ReportHeading,
): Promise<string[]> {
  const { head, rows } = setTable(evaluation)
  const calibration = {
    ...{ temperature: 1, eceBefore: evaluation.ece, eceAfter: evaluation.ece },
    ...{ before: evaluation.reliability, after: evaluation.reliability },
  }
  const ranking = rankingSection(evaluation)
  return [
    await trainingSection(heading.training),
    section('How far to trust the probabilities', [
      `<p>${escapeHtml(cardinalityText(evaluation))}. Each label of each example is one decision.</p>`,
      await plots([
        [
          'Reliability: on the diagonal, probabilities are honest',
          reliabilityPlot({ calibration }),
        ],
      ]),
    ]),
    await ranking,
    section('Labels, worst first', [
      `<figure>${await drawSvg(classPlot(evaluation))}</figure>`,
      htmlTable(head, rows),
    ]),
  ]
}

function page(parts: {
  evaluation: TaskEvaluation
  figures: readonly Headline[]
  sections: readonly string[]
  heading: ReportHeading
}): string {
  const { evaluation, figures, sections, heading } = parts
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(heading.title)}</title>
<style>${style}</style>
<main>
<header><h1>${escapeHtml(heading.title)}</h1>
<dl>${heading.facts.map(([name, value]) => `<dt>${escapeHtml(name)}<dd>${escapeHtml(value)}`).join('\n')}</dl></header>
${scoreTiles(evaluation, figures)}
${comparisonNote(heading.comparison)}
${sections.filter((section) => section !== '').join('\n')}
</main>
</html>
`
}

const style = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif;
  --ink: light-dark(#1c2430, #e6e9ee); --muted: light-dark(#66707f, #97a1b0);
  --line: light-dark(#d9dee6, #333b47); --page: light-dark(#fff, #14181e);
  --panel: light-dark(#f5f7fa, #1c222b); --accent: light-dark(#2563eb, #6ba1ff);
  --right: light-dark(#7fb0fb, #2f65c4); --wrong: light-dark(#f2795f, #d0523a) }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink) }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .75rem; overflow-wrap: anywhere }
h2 { font-size: 1.15rem; margin: 0 0 .25rem }
h3 { font-size: .95rem; font-weight: 500; margin: 0 0 .5rem }
p { margin: 0 0 .75rem; color: var(--muted); max-width: 46rem }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1.25rem; margin: 0 0 1.5rem; font-size: .9rem }
dt { color: var(--muted) } dd { margin: 0; overflow-wrap: anywhere }
section { border-top: 1px solid var(--line); padding: 1.5rem 0 }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 0 0 1.5rem; padding: 0; list-style: none }
.tiles li { background: var(--panel); border-radius: .5rem; padding: .7rem .9rem }
.tiles strong { display: block; font-size: 1.45rem; line-height: 1.3; font-variant-numeric: tabular-nums }
.tiles span { color: var(--muted); font-size: .82rem; display: block; font-variant-numeric: tabular-nums }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1.5rem 2rem; align-items: start }
figure { margin: 0; min-width: 0; overflow-x: auto } figcaption { font-size: .9rem; margin-bottom: .4rem }
.plots svg { max-width: 100%; height: auto }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem }
th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 500 } th:first-child { text-align: left; padding-left: 0 }
thead th { color: var(--muted); font-weight: 400 }
.texts td, .texts th { text-align: left } .texts th:first-child { max-width: 40rem; overflow-wrap: anywhere; font-weight: 400 }
summary { cursor: pointer; color: var(--accent); margin: .75rem 0 }
@media print { :root { color-scheme: light } section { break-inside: avoid } }
`

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
<p>${evaluation.examples} examples. Ranges are ${100 * confidence} % bootstrap intervals of ${resamples} resamples.</p>`
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
  return section('Training', [await plots([['', trainingPlot(epochs)]])])
}

async function calibrationSection(evaluation: Evaluation): Promise<string> {
  const { calibration, abstention } = evaluation
  const { temperature, eceBefore, eceAfter } = calibration
  const scaled =
    temperature === 1
      ? `The calibration error is ${formatFigure(eceAfter, 'share')}.`
      : `Temperature ${temperature.toFixed(3)} moved the calibration error from ` +
        `${formatFigure(eceBefore, 'share')} to ${formatFigure(eceAfter, 'share')}.`
  const kept =
    abstention.coverage === null
      ? ''
      : ` At the stored threshold ${formatFigure(abstention.coverage, 'share')} of the texts keep ` +
        `their label, and ${formatFigure(abstention.risk ?? 0, 'share')} of those are wrong.`
  return section('How far to trust the probabilities', [
    `<p>${scaled}${kept}</p>`,
    await plots([
      ['Reliability: on the diagonal, confidence is honest', reliabilityPlot(evaluation)],
      [
        `Leaving out what the model is least sure of (by ${abstention.score})`,
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

async function labelSection(evaluation: Evaluation): Promise<string> {
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
    `<figure>${await drawSvg(classPlot(evaluation))}</figure>`,
    `<details${classes.length <= 12 ? ' open' : ''}><summary>All figures of ${classes.length} labels</summary>${htmlTable(head, rows)}</details>`,
  ])
}

async function confusionSection(evaluation: Evaluation): Promise<string> {
  const { mostConfused, confusion } = evaluation
  const rows = mostConfused
    .slice(0, confusionsShown)
    .map(({ truth, predicted, count }) => [truth, predicted, String(count)])
  const omitted = confusion.labels.length > plottedLabelsMax
  return section('Confusion', [
    omitted ? '<p>The matrix shows the labels with the most mistakes.</p>' : '',
    `<figure>${await drawSvg(confusionPlot(evaluation))}</figure>`,
    rows.length === 0
      ? '<p>No mistakes.</p>'
      : `<h3>Most confused pairs</h3>${htmlTable(['truth', 'taken for', 'times'], rows)}`,
  ])
}

async function sliceSection({ slices }: Evaluation): Promise<string> {
  const kinds = [...new Set(slices.map(({ by }) => by))]
  if (kinds.length === 0) return ''
  const shown = slices.slice(0, slicesShownMax)
  const drawn = kinds.flatMap((kind): [string, PlotSpec][] => {
    const own = shown.filter(({ by }) => by === kind)
    const name =
      kind === 'length' ? 'By length of the text' : `By ${kind.replace('attribute:', '')}`
    return own.length === 0 ? [] : [[`${name}, with 95 % intervals`, slicePlot(own)]]
  })
  return section('Parts of the examples', [await plots(drawn)])
}

function suspiciousSection(suspicious: ReportHeading['suspicious']): string {
  if (suspicious === undefined || suspicious.length === 0) return ''
  const rows = suspicious
    .slice(0, suspiciousShown)
    .map(({ text, label, suggested }) => [text.slice(0, textCharactersMax), label, suggested])
  return section('Labels to check', [
    '<p>Training examples whose label the model, fitted without them, finds least likely.</p>',
    htmlTable(['text', 'label', 'the model says'], rows, 'texts'),
  ])
}

function section(title: string, parts: readonly string[]): string {
  return `<section><h2>${escapeHtml(title)}</h2>\n${parts.join('\n')}</section>`
}

async function plots(captioned: readonly (readonly [string, PlotSpec])[]): Promise<string> {
  const figures: string[] = []
  for (const [caption, spec] of captioned) {
    const title = caption === '' ? '' : `<figcaption>${escapeHtml(caption)}</figcaption>`
    figures.push(`<figure>${title}${await drawSvg(spec)}</figure>`)
  }
  return `<div class="plots">${figures.join('\n')}</div>`
}

function htmlTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  className = 'figures',
): string {
  const headCells = head.map((cell) => `<th scope="col">${escapeHtml(cell)}`).join('')
  const body = rows.map(([first = '', ...rest]) => {
    const cells = rest.map((cell) => `<td>${escapeHtml(cell)}`).join('')
    return `<tr><th scope="row">${escapeHtml(first)}${cells}`
  })
  return `<div class="wide"><table class="${className}"><thead><tr>${headCells}</thead>
<tbody>${body.join('\n')}</tbody></table></div>`
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  const printable = text.replace(/\p{C}/gu, '\uFFFD')
  return printable.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}
