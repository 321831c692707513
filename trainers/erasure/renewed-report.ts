// Makes the page of a run or of a version again from the record of its run, after texts were taken
// out of it.
import { basename, dirname, join } from 'node:path'
import { readManifest } from '../../models/store/version-files.ts'
import { reportFile, runPage } from '../run-reports/run-page.ts'
import { readRun } from '../tracking/read-run.ts'

/**
 * The page; undefined where it cannot be made again: for a comparison of two runs, or if the run is
 * not in the store.
 */
export async function renewedReport(storeDir: string, path: string): Promise<string | undefined> {
  if (basename(path) !== reportFile) return undefined
  const dir = dirname(path)
  const runsDir = join(storeDir, 'runs')
  try {
    if (dirname(dir) === runsDir) return await runPage(storeDir, await readRun(dir))
    const { trainingRun } = await readManifest(dir)
    if (trainingRun === null) return undefined
    return await runPage(storeDir, await readRun(join(runsDir, trainingRun)))
  } catch {
    // Whatever is wrong with the run: the caller removes the page instead.
    return undefined
  }
}
