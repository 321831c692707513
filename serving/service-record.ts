// Records where a long-running command of this folder listens, for `status`. The record has the
// pid; that of a process which has ended is ignored.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeStateDir } from '../infra/local/services/stack-state.ts'

const noteSchema = z.object({ name: z.string(), url: z.string(), pid: z.int() })

export type ServiceNote = z.infer<typeof noteSchema>

/** Writes the record; the returned function removes it. */
export async function recordService(
  stateDir: string,
  service: { name: string; url: string },
): Promise<() => Promise<void>> {
  await makeStateDir(stateDir)
  const path = notePath(stateDir, service.name)
  await writeFile(path, JSON.stringify({ ...service, pid: process.pid }))
  return () => rm(path, { force: true })
}

/** The record of a service whose process is alive; else undefined. */
export async function readService(
  stateDir: string,
  name: string,
): Promise<ServiceNote | undefined> {
  try {
    const note = noteSchema.parse(JSON.parse(await readFile(notePath(stateDir, name), 'utf8')))
    process.kill(note.pid, 0)
    return note
  } catch {
    return undefined // No note, a damaged one, or its process is gone: nothing is listening.
  }
}

function notePath(stateDir: string, name: string): string {
  return join(stateDir, `${name}.service.json`)
}
