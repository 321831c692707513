// What the gate said of a version the last time, kept in the version's folder: a version that was
// let through may be promoted later, and one that was refused meets the refusal again. The file is
// hidden, so that it is neither uploaded nor downloaded. The rules are
// trainers/runs/publish-gate.ts.
import { join } from 'node:path'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { readIfThere, writeWhole } from '../runtime/whole-file.ts'
import { isReadOnlyStore } from './read-only-store.ts'

const verdictSchema = z.object({ passed: z.boolean(), because: z.string() })

/** Whether the gate let a version through, or a person overruled it, and why. */
export type GateVerdict = z.output<typeof verdictSchema>

const fileName = '.gate.json'

/**
 * Keeps what the gate said of the version in `dir`, in place of what it said before. Where the
 * store is mounted read-only nothing is kept, and the gate judges the version each time.
 */
export async function keepVerdict(dir: string, verdict: GateVerdict): Promise<void> {
  const path = join(dir, fileName)
  try {
    await writeWhole(path, `${JSON.stringify(verdict)}\n`)
  } catch (error) {
    if (!isReadOnlyStore(error)) throw error
  }
}

/**
 * What the gate said of the version in `dir` the last time; undefined when it was not asked here.
 * Throws WinnowError 'model_corrupt' for a file that cannot be read.
 */
export async function readVerdict(dir: string): Promise<GateVerdict | undefined> {
  const path = join(dir, fileName)
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  try {
    return verdictSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new WinnowError(
      'model_corrupt',
      `${path} is damaged: it does not say whether the version passed the gate. ` +
        'Delete the file; the gate then judges the version again.',
      { cause, details: { path } },
    )
  }
}
