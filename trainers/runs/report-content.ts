// What the report of a run shows besides its scores: report.json in the run's folder, from which
// `winnow report` makes the page again.
import { join } from 'node:path'
import { readIfThere, writeWhole } from '../../models/runtime/whole-file.ts'
import type { ReportContent } from '../report/report-html.ts'

const fileName = 'report.json'

/** Writes `report.json` into a run's folder. */
export async function writeReportContent(dir: string, content: ReportContent): Promise<void> {
  await writeWhole(join(dir, fileName), `${JSON.stringify({ formatVersion: 1, ...content })}\n`)
}

/** The content in a run's folder; undefined for runs of releases that did not keep it. */
export async function readReportContent(dir: string): Promise<ReportContent | undefined> {
  const text = await readIfThere(join(dir, fileName))
  // Written whole by writeReportContent.
  return text === undefined ? undefined : (JSON.parse(text) as ReportContent)
}
