// Reads the report in the folder of a run or a version. Names come from callers of the gateway, so
// the folder is found by listing, and a link is never followed.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'

/** The largest report that is served. */
export const reportBytesMax = 33_554_432

/**
 * The bytes of a report in a folder of the store; undefined if there is none, or if it is a link.
 * Throws `body_too_large` beyond `bytesMax`.
 */
export async function readReport(
  dir: string,
  { file, bytesMax = reportBytesMax }: { file: string; bytesMax?: number },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const handle = await open(join(dir, file), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && missing.has(String(error.code))) return
      throw error
    },
  )
  if (handle === undefined) return undefined
  try {
    const status = await handle.stat()
    if (!status.isFile()) return undefined
    if (status.size > bytesMax) {
      throw new WinnowError('body_too_large', `The report has more than ${bytesMax} bytes`)
    }
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

const missing = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR'])
