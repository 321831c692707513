// The sections of a page about one evaluation: how far to trust it, ranking, labels, confusions and
// slices. report-plots.ts has the plots, and report-page.ts the frame.
import { counted } from '../../schemas/counted.ts'
import type { ConfusedText, ConfusedTexts } from '../evaluation/confused-texts.ts'
import type { Evaluation } from '../evaluation/evaluation.ts'
import {
  isOfSets,
  type MultiLabelEvaluation,
  type TaskEvaluation,
} from '../evaluation/multi-label-evaluation.ts'
import { explanationLegend, markedText } from './explanation-html.ts'
import { cardinalityText, setTable } from './multi-label-report.ts'
import {
  barList,
  confusionTable,
  details,
  escapedProse,
  escapeHtml,
  htmlTable,
  paragraph,
  section,
  type Section,
} from './report-markup.ts'
import { precisionRecallPlot, reliabilityPlot, riskPlot, rocPlot } from './report-plots.ts'
import { drawPlots } from './report-svg.ts'
import { formatFigure, worstClasses } from './report-tables.ts'

/** With more labels, the matrix and the bars show only the labels with the most mistakes. */
const plottedLabelsMax = 100
const plottedOfMany = 60
/** With more labels than this, a matrix of the most confused ones comes first. */
const readableLabelsMax = 30
const readableOfMany = 16
const openBarsOfMany = 20
const confusionsShown = 20
const slicesShownMax = 60
const openTableLabelsMax = 12

/** The sections about an evaluation, in the order of the page. */
export async function evaluationSections(
  evaluation: TaskEvaluation,
  { confused = [] }: { readonly confused?: readonly ConfusedTexts[] | undefined } = {},
): Promise<(Section | undefined)[]> {
  if (isOfSets(evaluation)) return setSections(evaluation)
  return [
    await calibrationSection(evaluation),
    await rankingSection(evaluation),
    labelSection(evaluation),
    confusionSection(evaluation, confused),
    sliceSection(evaluation),
  ]
}

async function setSections(evaluation: MultiLabelEvaluation): Promise<(Section | undefined)[]> {
  const { head, rows } = setTable(evaluation)
  const calibration = {
    temperature: 1,
    eceBefore: evaluation.ece,
    eceAfter: evaluation.ece,
    before: evaluation.reliability,
    after: evaluation.reliability,
  }
  return [
    section('How far to trust the probabilities', [
      paragraph(`${cardinalityText(evaluation)}. Each label of each example is one decision.`),
      await drawPlots([reliabilityPlot({ calibration })]),
    ]),
    await rankingSection(evaluation),
    section('Labels, worst first', [
      labelBars(evaluation),
      htmlTable({ name: 'Figures of each label', head, rows }),
    ]),
  ]
}

async function calibrationSection(evaluation: Evaluation): Promise<Section | undefined> {
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
    paragraph(scaled + kept),
    await drawPlots([reliabilityPlot(evaluation), riskPlot(evaluation)]),
  ])
}

async function rankingSection(
  evaluation: Pick<Evaluation, 'rocAuc' | 'averagePrecision' | 'curves'>,
): Promise<Section | undefined> {
  if (evaluation.rocAuc.macro === null) return undefined
  return section('Ranking', [
    await drawPlots([precisionRecallPlot(evaluation), rocPlot(evaluation)]),
  ])
}

function labelSection(evaluation: Evaluation): Section | undefined {
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
    details(
      `All figures of ${counted(classes.length, 'label')}`,
      htmlTable({ name: 'Figures of each label', head, rows }),
      classes.length <= openTableLabelsMax ? 'open' : 'closed',
    ),
  ])
}

/** Bars with the F1 of each label, lowest first; of many labels, the best ones open on request. */
function labelBars(evaluation: Pick<Evaluation, 'perClass'>): string {
  const classes = worstClasses(evaluation)
  const bars = classes
    .slice(0, plottedLabelsMax)
    .map(({ label, f1, precision, recall, support }) => ({
      name: label,
      share: f1,
      text: `${formatFigure(f1, 'share')} of ${counted(support, 'text')}`,
      described: `${label}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`,
    }))
  const [first, others] =
    bars.length > readableLabelsMax
      ? [bars.slice(0, openBarsOfMany), bars.slice(openBarsOfMany)]
      : [bars, []]
  const omitted = classes.length - bars.length
  const note =
    omitted === 0 ? '' : ` The ${counted(omitted, 'label')} with a higher F1 are left out.`
  const more =
    others.length === 0
      ? ''
      : details(`${counted(others.length, 'label')} with a higher F1`, barList(others), 'closed')
  return paragraph(`F1 of each label.${note}`) + barList(first) + more
}

/** The indices of the labels with the most mistakes, ascending; all if there are at most `most`. */
function confusedLabels({ matrix }: Evaluation['confusion'], most: number): number[] {
  const all = matrix.map((_, index) => index)
  if (all.length <= most) return all
  const mistakes = all.map((index) =>
    all.reduce(
      (sum, other) => sum + (other === index ? 0 : matrix[index]![other]! + matrix[other]![index]!),
      0,
    ),
  )
  return all
    .sort((a, b) => mistakes[b]! - mistakes[a]! || a - b)
    .slice(0, most)
    .sort((a, b) => a - b)
}

function confusionSection(
  { mostConfused, confusion }: Evaluation,
  confused: readonly ConfusedTexts[],
): Section | undefined {
  const count = confusion.labels.length
  const parts = matrixParts(confusion, count)
  if (mostConfused.length === 0) return section('Confusion', [...parts, '<p>No mistakes.</p>'])
  const pairs = mostConfused.slice(0, confusionsShown)
  return section('Confusion', [
    ...parts,
    '<h3>Most confused pairs</h3>',
    confused.length === 0
      ? htmlTable({
          name: 'Most confused pairs',
          head: ['truth', 'predicted', 'times'],
          rows: pairs.map((pair) => [pair.truth, pair.predicted, String(pair.count)]),
          kind: 'names',
        })
      : pairList(pairs, confused),
  ])
}

/** The matrix; of many labels first the part with the most mistakes. */
function matrixParts(confusion: Evaluation['confusion'], count: number): string[] {
  if (count <= readableLabelsMax) {
    return [confusionTable({ ...confusion, shown: confusedLabels(confusion, count) })]
  }
  const [whole, of] =
    count > plottedLabelsMax
      ? [plottedOfMany, `The ${plottedOfMany} labels with the most mistakes`]
      : [count, `All ${count} labels`]
  return [
    `<h3>The ${readableOfMany} labels with the most mistakes</h3>`,
    confusionTable({ ...confusion, shown: confusedLabels(confusion, readableOfMany) }),
    `<h3>${of}; the diagonal is right</h3>`,
    confusionTable({ ...confusion, shown: confusedLabels(confusion, whole) }),
  ]
}

/** Each pair with the texts that have the highest scores. */
function pairList(pairs: Evaluation['mostConfused'], confused: readonly ConfusedTexts[]): string {
  const textsOf = new Map(
    confused.map(({ truth, predicted, texts }) => {
      return [JSON.stringify([truth, predicted]), texts]
    }),
  )
  const entries = pairs.map(({ truth, predicted, count }) => {
    const texts = textsOf.get(JSON.stringify([truth, predicted])) ?? []
    const list = texts.length === 0 ? '' : `<ul>${texts.map(confusedText).join('\n')}</ul>`
    return (
      `<li><p><b>${escapeHtml(truth)}</b> predicted as <b>${escapeHtml(predicted)}</b>, ` +
      `${counted(count, 'time')}</p>${list}</li>`
    )
  })
  return (
    paragraph('With each text, the probability that the model gave to the wrong label.') +
    explanationNote(confused) +
    `<ol class="pairs">${entries.join('\n')}</ol>`
  )
}

/** What the marks of explained texts mean; empty if no text is explained. */
function explanationNote(confused: readonly ConfusedTexts[]): string {
  const shown = confused.flatMap(({ texts }) => texts.filter((text) => text.explained))
  const [first] = shown
  if (first?.explained === undefined) return ''
  const why = `Marked words say why, by ${first.explained.method.replaceAll('-', ' ')}.`
  const differing = shown.some(isExplainedAtAnother)
    ? ' “As explained” is the probability by the final model for the text as it stands here. It ' +
      'differs where the text was shortened, or where the final model was trained on the text.'
    : ''
  return paragraph(why + differing) + explanationLegend('the wrong label')
}

/** A smaller difference between the two probabilities of a text is not shown. */
const shownDifference = 0.01

function isExplainedAtAnother({ confidence, explained }: ConfusedText): boolean {
  return explained !== undefined && Math.abs(explained.score - confidence) >= shownDifference
}

function confusedText(shown: ConfusedText): string {
  const { text, confidence, explained } = shown
  const figure = formatFigure(confidence, 'share')
  if (explained === undefined) {
    return `<li><q dir="auto">${escapeHtml(text)}</q> <span>${figure}</span></li>`
  }
  const { score, words } = explained
  const another = isExplainedAtAnother(shown)
  const figures = another ? `${figure}, as explained ${formatFigure(score, 'share')}` : figure
  return `<li><q dir="auto">${markedText(text, words)}</q> <span>${figures}</span></li>`
}

function sliceSection({ slices }: Evaluation): Section | undefined {
  const kinds = [...new Set(slices.map(({ by }) => by))]
  const shown = slices.slice(0, slicesShownMax)
  const parts = kinds.flatMap((kind): string[] => {
    const own = shown.filter(({ by }) => by === kind)
    if (own.length === 0) return []
    const name = kind === 'length' ? 'length of the text' : kind.replace('attribute:', '')
    const bars = own.map(({ value, accuracy, examples, interval }) => ({
      name: value,
      share: accuracy,
      interval,
      text: `${formatFigure(accuracy, 'share')} of ${counted(examples, 'text')}`,
    }))
    return [`<h3>${escapedProse(`Accuracy by ${name}, with 95 % intervals`)}</h3>${barList(bars)}`]
  })
  return section('Slices of the examples', parts)
}
