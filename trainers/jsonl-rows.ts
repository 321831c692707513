// Rows from lines of JSON objects. It owns what a line must be; bytes and lines are text-lines.ts,
// what a row must hold is dataset.ts.
import { basename } from 'node:path'
import type { DatasetRows, SourceRow } from './dataset-source.ts'
import { hashedBytes } from './file-facts.ts'
import { labelsColumn, type RowColumns } from './row-columns.ts'
import { lineError, readTextLines, type ByteSource } from './text-lines.ts'

/**
 * Reads `{text, label or labels, id?, attributes?, time?}` lines; `columns` names the fields of text and label.
 *
 * @throws WinnowError `dataset_invalid` naming file and line, `cancelled`.
 */
export function jsonlRows(
  source: ByteSource,
  options: { columns: RowColumns; signal?: AbortSignal | undefined },
): DatasetRows {
  const hashed = hashedBytes(source)
  const { columns } = options
  const rows = async function* (): AsyncGenerator<SourceRow> {
    for await (const line of readTextLines(hashed.source, options)) {
      const fields = parseJsonObject(line.text, { source, number: line.number })
      yield {
        place: `${source.name}:${line.number}`,
        text: fields[columns.text],
        label: fields[columns.label],
        labels: fields[labelsColumn],
        id: fields['id'],
        attributes: fields['attributes'],
        time: fields['time'],
      }
    }
  }
  return { name: basename(source.name), rows: rows(), facts: hashed.facts }
}

/** The object on a JSON line; `dataset_invalid` with the place for anything else. */
export function parseJsonObject(
  text: string,
  place: { source: ByteSource; number: number },
): Readonly<Record<string, unknown>> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw lineError(place, `the line is not valid JSON (${(cause as SyntaxError).message})`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw lineError(place, 'the line is JSON, but not an object')
  }
  return parsed as Record<string, unknown>
}
