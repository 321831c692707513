// Reads rows from JSON: one object per line, or one array of objects. It parses lines and items;
// text-lines.ts and json-items.ts split the text, and source-row.ts checks the rows.
import { parseExactJson } from '../../schemas/exact-json.ts'
import type { SourceRow } from './dataset-source.ts'
import { jsonItems } from './json-items.ts'
import type { ByteSource } from './plain-bytes.ts'
import type { RowColumns } from './row-columns.ts'
import { objectRow, rowMapping } from './row-mapping.ts'
import { lineError, readTextLines, tolerated, type LineOptions } from './text-lines.ts'

type JsonOptions = LineOptions & { readonly columns: RowColumns }

/**
 * Reads lines with `{text, label or labels, id?, attributes?, time?}`; `columns` names the fields
 * of text and label.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line; `cancelled`.
 */
export async function* jsonlRows(
  source: ByteSource,
  options: JsonOptions,
): AsyncGenerator<SourceRow, void, undefined> {
  const mapping = rowMapping(options.columns)
  for await (const { number, text } of readTextLines(source, options)) {
    const fields = tolerated(options, () => parseJsonObject(text, { source, number }))
    if (fields === undefined) continue
    const place = `${source.name}:${number}`
    yield objectRow(fields, { place, number, mapping })
  }
}

/**
 * Reads the objects of one JSON array, as `jsonlRows` reads lines.
 *
 * @throws WinnowError `dataset_invalid`, which names file, line and item; `cancelled`.
 */
export async function* jsonArrayRows(
  source: ByteSource,
  options: JsonOptions,
): AsyncGenerator<SourceRow, void, undefined> {
  const mapping = rowMapping(options.columns)
  for await (const { number, line, text } of jsonItems(source, options)) {
    const at = { source, number: line, what: `item ${number}` }
    const fields = tolerated(options, () => parseJsonObject(text, at))
    if (fields === undefined) continue
    const place = `${source.name}:${line}: item ${number}`
    yield objectRow(fields, { place, number, mapping })
  }
}

type Place = { readonly source: ByteSource; readonly number: number; readonly what?: string }

/** Parses a JSON object; throws `dataset_invalid`, which names the place, for anything else. */
export function parseJsonObject(text: string, place: Place): Readonly<Record<string, unknown>> {
  const what = place.what ?? 'the line'
  let parsed: unknown
  try {
    parsed = parseExactJson(text)
  } catch (cause) {
    throw lineError(place, `${what} is not valid JSON (${jsonProblem(text, cause as SyntaxError)})`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    const found = Array.isArray(parsed)
      ? 'an array'
      : parsed === null
        ? 'null'
        : `a ${typeof parsed}`
    throw lineError(place, `${what} is JSON, but not an object: it is ${found}`)
  }
  return parsed as Record<string, unknown>
}

function jsonProblem(text: string, { message }: SyntaxError): string {
  const start = text.trim()
  if (/^\{\s*(?:"(?:[^"\\]|\\.)*"\s*:?\s*[[{]?)?$/.test(start)) {
    return 'each object must be on one line; `jq -c .` writes it so'
  }
  if (!/^[[{"]/.test(start)) return `one JSON object per line is expected: ${message}`
  return message
}
