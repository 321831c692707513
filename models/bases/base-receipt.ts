// What was last verified of the files of a folder, so that 90 MB need not be hashed at each start
// (0.1 to 0.5 s). Which hashes are right is models/bases/base-store.ts.
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { sha256OfFile } from '../runtime/file-hash.ts'
import { isReadOnlyStore } from '../store/read-only-store.ts'

const receiptSchema = z.object({
  format: z.literal(1),
  files: z.record(
    z.string(),
    z.object({ bytes: z.number(), mtimeMs: z.number(), sha256: z.string() }),
  ),
})
type Receipt = z.infer<typeof receiptSchema>

/**
 * SHA-256 of each of `files` in `dir`, or undefined when one is missing or empty. A file whose size
 * and time are those of the receipt is not hashed again; the receipt is brought up to date.
 */
export async function hashesOf(
  dir: string,
  files: readonly string[],
): Promise<Record<string, string> | undefined> {
  const receipt = await readReceipt(dir)
  const verified: Receipt['files'] = {}
  let changed = false
  for (const file of files) {
    const path = join(dir, file)
    const { bytes, mtimeMs } = await fileSize(path)
    if (bytes === 0) return undefined
    const known = receipt?.files[file]
    const unchanged = known?.bytes === bytes && known.mtimeMs === mtimeMs
    changed ||= !unchanged
    verified[file] = { bytes, mtimeMs, sha256: unchanged ? known.sha256 : await sha256OfFile(path) }
  }
  if (changed) await writeReceipt(dir, { format: 1, files: verified })
  return Object.fromEntries(files.map((file) => [file, verified[file]!.sha256]))
}

/** Drops the receipt: files about to be replaced may get the size and time of those before them. */
export async function forgetReceipt(dir: string): Promise<void> {
  await rm(join(dir, 'receipt.json'), { force: true })
}

/** Size in bytes and modification time; 0 bytes for what is no file. */
export async function fileSize(path: string): Promise<{ bytes: number; mtimeMs: number }> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? { bytes: found.size, mtimeMs: found.mtimeMs } : { bytes: 0, mtimeMs: 0 }
}

async function readReceipt(dir: string): Promise<Receipt | undefined> {
  const text = await readFile(join(dir, 'receipt.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return receiptSchema.safeParse(JSON.parse(text)).data
  } catch {
    // An unreadable receipt only costs hashing the files again.
    return undefined
  }
}

async function writeReceipt(dir: string, receipt: Receipt): Promise<void> {
  const path = join(dir, 'receipt.json')
  const temporary = `${path}.${process.pid}`
  try {
    await writeFile(temporary, `${JSON.stringify(receipt, null, 2)}\n`)
    await rename(temporary, path)
  } catch (error) {
    // A store mounted read-only works without a receipt: the files are hashed at each start.
    if (!isReadOnlyStore(error)) throw error
  }
}
