// Stores the gate's last verdict on a version in the version's folder, so that an accepted version
// can be promoted later and a refused one stays refused. The file is hidden, so that it is neither
// uploaded nor downloaded. trainers/runs/publish-gate.ts has the rules.
import { join } from 'node:path'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import { readIfThere, writeWhole } from '../runtime/whole-file.ts'
import { isReadOnlyStore } from './read-only-store.ts'

const verdictSchema = z.object({ passed: z.boolean(), because: z.string() })

/** Whether a version passed the gate or a person overruled it, and why. */
export type GateVerdict = z.output<typeof verdictSchema>

const fileName = '.gate.json'

/**
 * Stores the gate's verdict on the version in `dir` and replaces the earlier one. In a read-only
 * store nothing is stored, and the gate checks the version each time.
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
 * The gate's last verdict on the version in `dir`; undefined if there is none in this store. Throws
 * WinnowError 'model_corrupt' if the file cannot be read.
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
        'Delete the file; the gate then checks the version again.',
      { cause, details: { path } },
    )
  }
}
