// The report of a run of any kind, and where it is written.
import { join } from 'node:path'
import { isReadOnlyStore } from '../../models/store/read-only-store.ts'
import { writeWhole } from '../../models/runtime/whole-file.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { readRun } from '../tracking/read-run.ts'
import type { RecordedRun } from '../tracking/tracked-run.ts'
import { cvPage } from './cv-page.ts'
import { trainPage } from './train-page.ts'
import { tunePage } from './tune-page.ts'

/**
 * The page of a run.
 *
 * @throws WinnowError `usage` for a training that is not finished, `not_found` for a run that was
 * deleted since it was listed.
 */
export async function runPage(storeDir: string, run: RecordedRun): Promise<string> {
  if (run.kind === 'tune') return tunePage(storeDir, run)
  if (run.kind === 'cv') return cvPage(storeDir, run)
  if (run.state === 'finished') return trainPage(storeDir, run)
  throw new WinnowError(
    'usage',
    `The run ${run.run} is not finished, so it has no scores yet. ` +
      `Continue it with: winnow train --resume ${run.run}`,
  )
}

/**
 * Writes the report of the run in a folder, `report.html`, and gives its path.
 *
 * @throws WinnowError as `runPage` and `writePage`.
 */
export async function writeRunReport(storeDir: string, dir: string): Promise<string> {
  const html = await runPage(storeDir, await readRun(dir))
  return writePage(dir, { file: reportFile, html })
}

/** The report in a run's folder. */
export const reportFile = 'report.html'

/**
 * Writes a page into a run's folder and gives its path.
 *
 * @throws WinnowError `store_refused` for a read-only store.
 */
export async function writePage(
  dir: string,
  { file, html }: { file: string; html: string },
): Promise<string> {
  const path = join(dir, file)
  try {
    await writeWhole(path, html)
  } catch (error) {
    if (!isReadOnlyStore(error)) throw error
    throw new WinnowError(
      'store_refused',
      `${dir} is read-only for this process, so the report was not written. Add --out FILE.`,
      { cause: error, details: { dir } },
    )
  }
  return path
}
