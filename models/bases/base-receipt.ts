// Caches the verified hashes of a folder's files in a receipt, so that 90 MB are not hashed at each
// start (0.1 to 0.5 s). models/bases/base-store.ts compares the hashes.
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
 * The SHA-256 of each of `files` in `dir`, or undefined if one is missing or empty. A file with the
 * size and time of the receipt is not hashed again; the receipt is updated.
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

/** Deletes the receipt, because new files may have the size and time of the replaced ones. */
export async function forgetReceipt(dir: string): Promise<void> {
  await rm(join(dir, 'receipt.json'), { force: true })
}

/** The size and modification time of a file; 0 bytes if it is not a file. */
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
    // Without a readable receipt, the files are hashed again.
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
    // A read-only store has no receipt, so the files are hashed at each start.
    if (!isReadOnlyStore(error)) throw error
  }
}
