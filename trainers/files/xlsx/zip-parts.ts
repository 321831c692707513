// The parts of an Office file: a ZIP archive read by yauzl, with limits on what a part may unpack
// to. workbook.ts knows which parts there are.
import yauzl from 'yauzl'
import { WinnowError, errorMessage } from '../../../schemas/errors.ts'

/** The most entries of an archive; a workbook has some dozens. */
const entriesMax = 10_000

/** An open archive. */
export type ZipParts = {
  /** Whether there is such a part; letter case does not matter (ECMA-376, part 2, 6.2.2). */
  readonly has: (part: string) => boolean
  /** The bytes of a part. Throws `dataset_invalid` over `bytesMax`, and for damaged data. */
  readonly read: (part: string, options: { bytesMax: number }) => AsyncGenerator<Uint8Array>
  readonly close: () => void
}

/**
 * Opens an archive.
 *
 * @throws WinnowError `dataset_invalid` if it is none, or has too many entries. `name` is the file
 * in messages.
 */
export async function openZipParts(path: string, name: string): Promise<ZipParts> {
  const damaged = (cause: unknown): WinnowError =>
    cause instanceof WinnowError
      ? cause
      : new WinnowError('dataset_invalid', `${name}: the workbook is damaged (${reason(cause)})`, {
          cause,
        })
  const options = { autoClose: false, lazyEntries: true, validateEntrySizes: true }
  const zip = await yauzl.openPromise(path, options).catch((cause: unknown) => {
    throw damaged(cause)
  })
  const entries = new Map<string, yauzl.Entry>()
  try {
    if (zip.entryCount > entriesMax) throw new Error(`it has ${zip.entryCount} parts`)
    for await (const entry of zip.eachEntry()) entries.set(keyOf(entry.fileName), entry)
  } catch (cause) {
    zip.close()
    throw damaged(cause)
  }
  return {
    has: (part) => entries.has(keyOf(part)),
    async *read(part, { bytesMax }) {
      try {
        const entry = entries.get(keyOf(part))
        if (entry === undefined) throw new Error(`the part ${part} is missing`)
        const tooLarge = (): WinnowError => {
          const limit = `${Math.round(bytesMax / 1024 ** 2)} MiB`
          const message = `${name}: ${part} unpacks to more than ${limit}; save the sheet as CSV (UTF-8)`
          return new WinnowError('dataset_invalid', message)
        }
        if (entry.uncompressedSize > bytesMax) throw tooLarge()
        let bytes = 0
        for await (const chunk of await zip.openReadStreamPromise(entry)) {
          bytes += (chunk as Buffer).length
          // yauzl stops at the declared size, so this holds for any archive.
          if (bytes > bytesMax) throw tooLarge()
          yield chunk as Buffer
        }
      } catch (cause) {
        throw damaged(cause)
      }
    },
    close: () => zip.close(),
  }
}

function keyOf(part: string): string {
  return part.replace(/^\//, '').toLowerCase()
}

function reason(cause: unknown): string {
  return errorMessage(cause).slice(0, 200)
}
