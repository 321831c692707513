// The report of a cross-validation: the scores of each fold with their means, how the recipe does
// against another one, and what the out-of-fold predictions say together.
import { counted } from '../../schemas/counted.ts'
import {
  comparisonRows,
  cvTitles,
  foldRows,
  scoreRows,
  type Rows,
} from '../cross-validation/cv-report.ts'
import { readCvRecord, type CvRecord } from '../cross-validation/cv-record.ts'
import { readSuspicious } from '../labels/suspicious-labels.ts'
import { dataSection, suspiciousSection } from '../report/data-sections.ts'
import { evaluationSections } from '../report/evaluation-sections.ts'
import { htmlTable, paragraph, section, type Section } from '../report/report-markup.ts'
import { figureTiles, reportPage } from '../report/report-page.ts'
import { drawPlots } from '../report/report-svg.ts'
import { verdictOf } from '../report/report-verdict.ts'
import { readReportContent } from '../runs/report-content.ts'
import { settingsText } from '../tracking/run-words.ts'
import type { RecordedRun } from '../tracking/tracked-run.ts'
import { foldPlots } from './fold-plots.ts'
import { unreadable } from './unreadable-run.ts'

/** The page of a cross-validation. */
export async function cvPage(storeDir: string, run: RecordedRun): Promise<string> {
  const record = await readCvRecord(storeDir, run.run)
  if (record === undefined) throw unreadable(run)
  const content = await readReportContent(run.dir)
  const { metrics, dataManifest } = record
  return reportPage({
    title: `${run.name}: cross-validation`,
    made: record.started,
    verdict: verdictOf({ ...metrics, measuredOn: metrics.measuredOn }),
    facts: factsOf(record),
    lead: meanTiles(record),
    sections: [
      await foldSection(record),
      comparisonSection(record),
      ...(await evaluationSections(metrics, { confused: content?.confused })),
      suspiciousSection(await readSuspicious(run.dir)),
      await dataSection({ profile: content?.profile, manifest: dataManifest.train }),
    ],
  })
}

function factsOf(record: CvRecord): [string, string][] {
  const { run, method, parameters, foldPlan, dataManifest } = record
  const { source, sha256 } = dataManifest.train
  const { folds, repeats, seed, group, byTime } = foldPlan
  const times = repeats > 1 ? `, repeated ${counted(repeats, 'time')}` : ''
  const kept = group === null ? '' : `, each ${group} in one fold`
  return [
    ['Run', run],
    ['Method', `${method}: ${settingsText(parameters)}`],
    ['Data', `${source}, ${counted(record.examples, 'example')}, SHA-256 ${sha256}`],
    ['Folds', `${folds}${times}, seed ${seed}${kept}${byTime ? ', in order of time' : ''}`],
  ]
}

function meanTiles(record: CvRecord): string {
  const { mean, intervals, intervalMethod, folds } = record
  const tiles = Object.entries(cvTitles(record)).flatMap(([name, title]) => {
    const value = mean[name]
    return value === undefined ? [] : [{ ...title, value, interval: intervals[name] ?? null }]
  })
  const note =
    `Means over ${counted(folds.length, 'fold')}. Ranges are ${100 * intervalMethod.confidence} % intervals ` +
    'of the mean, corrected for folds that share training texts (Nadeau and Bengio 2003).'
  return figureTiles(tiles, note)
}

async function foldSection(record: CvRecord): Promise<Section | undefined> {
  return section('Folds', [
    await drawPlots(foldPlots(record, cvTitles(record))),
    tableOf('Scores over the folds', scoreRows(record)),
    tableOf('Scores of each fold', foldRows(record)),
  ])
}

function comparisonSection(record: CvRecord): Section | undefined {
  const { comparison } = record
  if (comparison === undefined) return undefined
  return section(`Against ${comparison.with}`, [
    paragraph(
      'This recipe less the other one on the same folds, with the corrected paired t test: ' +
        '"may be chance" stands where p is 0.05 or more.',
    ),
    tableOf('Differences from the other recipe', comparisonRows(comparison, cvTitles(record))),
  ])
}

/** A table whose first row is the head. */
export function tableOf(name: string, [head = [], ...rows]: Rows): string {
  return htmlTable({ name, head, rows })
}
