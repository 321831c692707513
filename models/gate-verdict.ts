// What the gate said of a version the last time, kept in the version's folder: a version that was let through may
// be promoted later, and one that was refused meets the refusal again. The file is hidden, so that it is neither
// uploaded nor downloaded. The rules are trainers/publish-gate.ts.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const verdictSchema = z.object({ passed: z.boolean(), because: z.string() })

/** Whether the gate let a version through, or a person overruled it, and why. */
export type GateVerdict = z.output<typeof verdictSchema>

const fileName = '.gate.json'

/**
 * Keeps what the gate said of the version in `dir`, in place of what it said before. Where the store is mounted
 * read-only nothing is kept, and the gate judges the version each time.
 */
export async function keepVerdict(dir: string, verdict: GateVerdict): Promise<void> {
  try {
    await writeFile(join(dir, fileName), `${JSON.stringify(verdict)}\n`, { flush: true })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!['EROFS', 'EACCES', 'EPERM'].includes(code)) throw error
  }
}

/** What the gate said of the version in `dir` the last time; undefined when it was not asked here. */
export async function readVerdict(dir: string): Promise<GateVerdict | undefined> {
  let text: string
  try {
    text = await readFile(join(dir, fileName), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return verdictSchema.parse(JSON.parse(text))
}
