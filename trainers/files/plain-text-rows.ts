// Reads rows from plain text: each non-blank line is one text.
import type { SourceRow } from './dataset-source.ts'
import type { ByteSource } from './plain-bytes.ts'
import { readTextLines } from './text-lines.ts'

/**
 * Reads one text per line.
 *
 * @throws WinnowError the errors of `readTextLines`.
 */
export async function* plainTextRows(
  source: ByteSource,
  options: { signal?: AbortSignal | undefined },
): AsyncGenerator<SourceRow, void, undefined> {
  for await (const { number, text } of readTextLines(source, options)) {
    yield { place: `${source.name}:${number}`, number, text, label: undefined }
  }
}
