// The texts of a file or of standard input, for what labels or explains them: each as it was given
// and cleaned, with its id. trainers/files/ reads the formats.
import { eventErrors } from '../../schemas/errors.ts'
import type { FileReading } from '../files/file-reading.ts'
import { fileSetRows, type FileNote } from '../files/file-rows.ts'
import type { FileAccess } from '../files/file-set.ts'
import { defaultColumns, type RowColumns } from '../files/row-columns.ts'
import { idOfRow, isEmptyText, textOfRow } from '../files/source-row.ts'

/** How texts are read. */
export type TextRowsOptions = FileReading & {
  /** Addresses of files; see `openFileSet`. */
  readonly files: readonly string[]
  readonly access: FileAccess
  /** Default: the columns or fields with the names of the fields. */
  readonly columns?: RowColumns | undefined
  /** Called with the detected format, and with warnings about the input. */
  readonly onNote?: ((note: FileNote) => void) | undefined
  /** Cleans each text. Default: no cleaning. */
  readonly clean?: ((text: string) => string) | undefined
  readonly signal?: AbortSignal | undefined
}

/** A text of a file. */
export type TextRow = {
  /**
   * The record's own id, or else the number of its line, row or item, as `FILE:NUMBER` if there are
   * several files.
   */
  readonly id: string
  /** File and line, for messages. */
  readonly place: string
  /** As it stands in the file. */
  readonly given: string
  /** After cleaning. */
  readonly text: string
  readonly isEmpty: boolean
}

/** The output line of an empty text, which has no label. */
export type EmptyLine = {
  readonly id: string
  readonly error: { readonly code: 'text_empty'; readonly message: string }
}

/**
 * Reads the texts in order.
 *
 * @throws WinnowError `dataset_invalid`, which names file and line; `cancelled`.
 */
export async function* textRows(options: TextRowsOptions): AsyncGenerator<TextRow, void> {
  const { files, clean, columns = defaultColumns } = options
  const { rows } = fileSetRows(files, { ...options, columns, need: 'text', otherwise: 'text' })
  for await (const row of rows) {
    const given = textOfRow(row, columns)
    const text = clean?.(given) ?? given
    const number = row.file === undefined ? String(row.number) : `${row.file}:${row.number}`
    const id = idOfRow(row) ?? number
    yield { id, place: row.place, given, text, isEmpty: isEmptyText(text) }
  }
}

/** The output line of a text that is empty after cleaning. */
export function emptyLine(id: string): EmptyLine {
  return { id, error: { code: 'text_empty', message: eventErrors.text_empty } }
}
