// A run of cross-validation on disk, beside the runs of `train`: cv.json in a folder of its own.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere, writeWhole } from '../../models/runtime/whole-file.ts'
import type { CrossValidated } from './cross-validate.ts'

/** Everything that is kept about a run. */
export type CvRecord = Omit<CrossValidated, 'runDir'> & {
  readonly formatVersion: 1
  readonly kind: 'cv'
  /** RFC 3339, UTC. */
  readonly started: string
}

const fileName = 'cv.json'

/** Writes `<storeDir>/runs/<run>/cv.json` whole, and gives the folder. */
export async function writeCvRecord(storeDir: string, record: CvRecord): Promise<string> {
  const dir = join(storeDir, 'runs', record.run)
  await mkdir(dir, { recursive: true })
  await writeWhole(join(dir, fileName), `${JSON.stringify(record, null, 2)}\n`)
  return dir
}

/** The record of a run; undefined where the store has none. */
export async function readCvRecord(storeDir: string, run: string): Promise<CvRecord | undefined> {
  const text = await readIfThere(join(storeDir, 'runs', run, fileName))
  // Written whole by writeCvRecord.
  return text === undefined ? undefined : (JSON.parse(text) as CvRecord)
}
