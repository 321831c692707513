// The report of a training, made again from the record of its run.
import { readReportContent } from '../runs/report-content.ts'
import { readRunRecord, type RunRecord } from '../runs/run-record.ts'
import { readSuspicious } from '../labels/suspicious-labels.ts'
import { renderReportHtml, type ReportContent } from '../report/report-html.ts'
import type { RecordedRun } from '../tracking/tracked-run.ts'
import { settingsText } from '../tracking/run-words.ts'
import { unreadable } from './unreadable-run.ts'

/**
 * The page of a finished training.
 *
 * @throws WinnowError `usage` if the run was deleted since it was listed.
 */
export async function trainPage(storeDir: string, run: RecordedRun): Promise<string> {
  const record = await readRunRecord(storeDir, run.run)
  if (record === undefined) throw unreadable(run)
  const content = (await readReportContent(run.dir)) ?? contentOf(record)
  return renderReportHtml(record.evaluation, {
    ...content,
    title: `${record.model}: evaluation`,
    made: record.started,
    trained: record.dataManifest.train,
    suspicious: await readSuspicious(run.dir),
  })
}

/** What a record of an earlier release says besides the scores. */
function contentOf({
  base,
  method,
  measuredOn,
  dataManifest,
  ...record
}: RunRecord): ReportContent {
  const { source, examples, sha256 } = dataManifest.train
  return {
    measuredOn,
    facts: [
      ['Base encoder', base],
      ['Method', method],
      ['Trained on', `${source}, ${examples} examples, SHA-256 ${sha256}`],
      ['Measured on', measuredOn],
      ['Settings', settingsText(record.parameters)],
    ],
  }
}
