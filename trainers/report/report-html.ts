// Renders the evaluation of one model as an HTML page: which sections it has, and their order.
// evaluation-sections.ts and data-sections.ts have the sections, report-page.ts the frame.
import type { LabelWords } from '../../models/explain/label-words.ts'
import type { DataProfile } from '../data/data-profile.ts'
import type { DataManifest } from '../data/dataset.ts'
import type { ConfusedTexts } from '../evaluation/confused-texts.ts'
import type { ModelComparison } from '../evaluation/evaluate-version.ts'
import { isOfSets, type TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import type { SizeCurve } from '../evaluation/size-curve.ts'
import {
  dataSection,
  sizeSection,
  suspiciousSection,
  type SuspiciousLabel,
} from './data-sections.ts'
import { evaluationSections } from './evaluation-sections.ts'
import { labelWordsSection } from './explanation-html.ts'
import { setHeadlines } from './multi-label-report.ts'
import { htmlTable, paragraph, section, type Section } from './report-markup.ts'
import { bootstrapNote, figureTiles, reportPage } from './report-page.ts'
import { drawPlots } from './report-svg.ts'
import { comparisonText, headlines, type Headline } from './report-tables.ts'
import { verdictOf } from './report-verdict.ts'
import { learningPlots, type LearningCurves } from './training-plots.ts'

/** What a page shows besides the scores; all of it can be stored as JSON. */
export type ReportContent = {
  /** The texts that the scores were measured on. */
  readonly measuredOn?: string | undefined
  /** Facts such as base encoder and data, shown as a list. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** The learning curves of fine-tuning. */
  readonly training?: LearningCurves | undefined
  readonly comparison?: ModelComparison | undefined
  /** Texts of the most frequent mistakes. */
  readonly confused?: readonly ConfusedTexts[] | undefined
  readonly sizeCurve?: SizeCurve | undefined
  /** Of the training texts. */
  readonly profile?: DataProfile | undefined
}

/** Everything on the page besides the scores. */
export type ReportHeading = ReportContent & {
  /** The title, which names the version. */
  readonly title: string
  /** When the report was made, RFC 3339; the title shows the day. */
  readonly made?: string | undefined
  /** The manifest of the training texts. */
  readonly trained?: DataManifest | undefined
  /** The most suspicious label first. */
  readonly suspicious?: readonly SuspiciousLabel[] | undefined
  /** The words that push each label, of texts that were explained. */
  readonly labelWords?: readonly LabelWords[] | undefined
}

/** The page as a string; all text from data is escaped. */
export async function renderReportHtml(
  evaluation: TaskEvaluation,
  heading: ReportHeading,
): Promise<string> {
  const { title, made, facts, comparison, measuredOn, profile, trained } = heading
  return reportPage({
    title,
    made,
    facts,
    verdict: verdictOf({ ...evaluation, comparison, measuredOn }),
    lead: evaluationTiles(evaluation),
    sections: [
      championSection(comparison),
      await trainingSection(heading.training),
      ...(await evaluationSections(evaluation, heading)),
      await sizeSection(heading.sizeCurve),
      labelWordsSection(heading.labelWords ?? []),
      suspiciousSection(heading.suspicious),
      await dataSection({ profile, manifest: trained }),
    ],
  })
}

/** The headline scores of an evaluation as tiles. */
export function evaluationTiles(evaluation: TaskEvaluation): string {
  return figureTiles(headlinesOf(evaluation), bootstrapNote(evaluation))
}

function headlinesOf(evaluation: TaskEvaluation): Headline[] {
  return isOfSets(evaluation) ? setHeadlines(evaluation) : headlines(evaluation)
}

function championSection(comparison: ModelComparison | undefined): Section | undefined {
  if (comparison === undefined) return undefined
  return section(`Against ${comparison.with}`, [
    paragraph(`This model: ${comparisonText(comparison)}.`),
    htmlTable({
      name: `Texts that this model and ${comparison.with} have right`,
      head: ['on the same examples', 'this model right', 'this model wrong'],
      rows: [
        ['the other right', String(comparison.bothRight), String(comparison.onlySecondRight)],
        ['the other wrong', String(comparison.onlyFirstRight), String(comparison.bothWrong)],
      ],
    }),
  ])
}

async function trainingSection(training: LearningCurves | undefined): Promise<Section | undefined> {
  if (training === undefined || training.epochs.length === 0) return undefined
  return section('Learning curves', [await drawPlots(learningPlots(training))])
}
