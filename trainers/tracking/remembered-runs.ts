// Remembers the folders of runs that a long-lived process lists again and again: a folder is read
// once more only when a file that says what it holds has changed.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readRun, recordFiles } from './read-run.ts'
import type { RecordedRun } from './tracked-run.ts'

/** Reads the run in a folder, as `readRun` does. */
export type ReadRun = (dir: string) => Promise<RecordedRun>

/** The most runs that are remembered. */
const runsMax = 2_000

/** Makes a reader that remembers. A folder that cannot be read is not remembered. */
export function rememberRuns(read: ReadRun = readRun): ReadRun {
  const known = new Map<string, { readonly stamp: string; readonly run: RecordedRun }>()
  return async (dir) => {
    const stamp = await stampOf(dir)
    const kept = known.get(dir)
    if (kept?.stamp === stamp) return kept.run
    known.delete(dir)
    const run = await read(dir)
    known.set(dir, { stamp, run })
    const [oldest] = known.keys()
    if (known.size > runsMax && oldest !== undefined) known.delete(oldest)
    return run
  }
}

/** Differs when a file of the folder was written; times are in nanoseconds. */
async function stampOf(dir: string): Promise<string> {
  const stamps: string[] = []
  for (const file of recordFiles) {
    const facts = await stat(join(dir, file), { bigint: true }).catch(() => undefined)
    stamps.push(facts === undefined ? '-' : `${facts.ino}:${facts.size}:${facts.mtimeNs}`)
  }
  return stamps.join()
}
