// What a file of texts holds, and the events that it becomes: JSON lines, CSV or one text per line.
import type { Event } from '../../client/client.ts'
import { csvRows } from '../format/csv.ts'

/** How a file is read. */
export type FileFormat = 'jsonl' | 'csv' | 'lines'

/** A file that was read. */
export type ReadFile = {
  readonly format: FileFormat
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** Names of the columns that hold text, that of the text first. */
  readonly columns: readonly string[]
}

/** A browser holds a file of this size easily. */
export const fileBytesMax = 64 * 1_024 * 1_024
/** Events of one request, well below gateway.batchEventsMax. */
export const batchEvents = 250

const textNames = ['text', 'body', 'message', 'content', 'mail', 'title']

/** Reads a file by its name and its first character. Throws with a sentence if it cannot. */
export function readUpload(name: string, content: string): ReadFile {
  const format = formatOf(name, content)
  const rows = rowsOf(content, format)
  if (rows.length === 0) throw new Error('The file holds no text')
  const names = [...new Set(rows.slice(0, 100).flatMap((row) => Object.keys(row)))]
  const ofText = names.filter((column) => typeof rows[0]?.[column] === 'string')
  if (ofText.length === 0) throw new Error('No column of the file holds text')
  const rank = (column: string) => {
    const at = textNames.indexOf(column.toLowerCase())
    return at < 0 ? textNames.length : at
  }
  return { format, rows, columns: [...ofText].sort((a, b) => rank(a) - rank(b)) }
}

function formatOf(name: string, content: string): FileFormat {
  if (/\.(csv|tsv)$/i.test(name)) return 'csv'
  if (/\.(jsonl|ndjson|json)$/i.test(name)) return 'jsonl'
  return content.trimStart().startsWith('{') ? 'jsonl' : 'lines'
}

function rowsOf(content: string, format: FileFormat): Record<string, unknown>[] {
  if (format === 'csv') return csvRows(content)
  const lines = content.split(/\r?\n/).filter((line) => line.trim() !== '')
  if (format === 'lines') return lines.map((text) => ({ text }))
  if (content.trimStart().startsWith('[')) return (JSON.parse(content) as unknown[]).map(asRow)
  return lines.map((line, at) => {
    try {
      return asRow(JSON.parse(line), at)
    } catch {
      throw new Error(`Line ${at + 1} is not a JSON object`)
    }
  })
}

function asRow(value: unknown, at: number): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new Error(`Item ${at + 1} is not a JSON object`)
}

/** The events of a file, in batches. Rows without text are left out and counted. */
export function eventBatches(
  file: ReadFile,
  { column, source }: { column: string; source: string },
): { batches: Event[][]; empty: number } {
  const texts = file.rows.map((row) => row[column])
  const events = texts.flatMap((text): Event[] =>
    typeof text === 'string' && text.trim() !== '' ? [{ text, source }] : [],
  )
  const batches: Event[][] = []
  for (let at = 0; at < events.length; at += batchEvents) {
    batches.push(events.slice(at, at + batchEvents))
  }
  return { batches, empty: texts.length - events.length }
}
