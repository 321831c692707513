// The file of requests with an Idempotency-Key: one JSON line per entry, appended and synced.
// Entries that are too old, or too many, are left out when the file is opened and when it grows
// too large.
import { mkdir, open, readFile, rename, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { JournalEntry, RequestJournal } from '../../schemas/ports/request-journal.ts'

/** How long and how many entries are kept, and how large the file may grow in between. */
export type JournalLimits = {
  readonly keptMsMax: number
  readonly entriesMax: number
  readonly fileBytesMax: number
}

const defaults: JournalLimits = {
  keptMsMax: 3_600_000,
  entriesMax: 10_000,
  fileBytesMax: 16_777_216,
}

/** An open journal; the caller closes it. */
export type OpenJournal = RequestJournal & { close(): Promise<void> }

/** Opens the journal in a file, which need not exist. Several writes share one sync of the file. */
export async function openRequestJournal(
  path: string,
  limits: JournalLimits = defaults,
): Promise<OpenJournal> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const kept = recent(await entriesOf(path), limits)
  let { file, bytes } = await rewritten(path, [...kept.values()])
  let waiting: { line: string; settle: (error?: Error) => void }[] = []
  let writing: Promise<void> | undefined
  const flush = async () => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        if (bytes > limits.fileBytesMax) {
          await file.close()
          ;({ file, bytes } = await rewritten(path, [...recent(kept.values(), limits).values()]))
        }
        const lines = batch.map(({ line }) => line).join('')
        await file.write(lines)
        await file.datasync()
        bytes += Buffer.byteLength(lines)
        for (const { settle } of batch) settle()
      } catch (error) {
        for (const { settle } of batch) settle(error as Error)
      }
    }
    writing = undefined
  }
  return {
    entries: [...kept.values()],
    write: (entry) =>
      new Promise((resolve, reject) => {
        kept.delete(entry.key)
        kept.set(entry.key, entry)
        const [oldest] = kept.keys()
        if (kept.size > limits.entriesMax) kept.delete(oldest!)
        waiting.push({
          line: `${JSON.stringify(entry)}\n`,
          settle: (error) => {
            if (error === undefined) resolve()
            else reject(error)
          },
        })
        writing ??= flush()
      }),
    async close() {
      await writing
      await file.close()
    },
  }
}

/** The entries of a file in their order; a line that a crash cut off is left out. */
async function entriesOf(path: string): Promise<JournalEntry[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JournalEntry]
    } catch {
      return []
    }
  })
}

/** The last entry of each key that is neither too old nor one too many. */
function recent(
  entries: Iterable<JournalEntry>,
  { keptMsMax, entriesMax }: JournalLimits,
): Map<string, JournalEntry> {
  const byKey = new Map<string, JournalEntry>()
  for (const entry of entries) {
    byKey.delete(entry.key)
    if (entry.atMs > Date.now() - keptMsMax) byKey.set(entry.key, entry)
  }
  return new Map([...byKey].slice(-entriesMax))
}

/** Replaces the file as a whole, so that a crash leaves the old one or the new one. */
async function rewritten(
  path: string,
  entries: readonly JournalEntry[],
): Promise<{ file: FileHandle; bytes: number }> {
  const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
  const next = `${path}.next`
  const file = await open(next, 'w', 0o600)
  await file.write(text)
  await file.datasync()
  await rename(next, path)
  return { file, bytes: Buffer.byteLength(text) }
}
