// How people say that a file is to be read, where its content does not: format, encoding, quoting,
// sheet. All readers and commands take the same settings.
import type { FileFormat } from './file-format.ts'
import type { QuoteRule } from './table-header.ts'

/** The settings of a file, or of all files of a source. */
export type FileReading = {
  /** The format. Default: detected by content and name. */
  readonly format?: FileFormat | undefined
  /** The encoding of text, such as `windows-1252`. Default: UTF-8. */
  readonly encoding?: string | undefined
  /** `none`: quotes in a table are ordinary characters. Default `csv`. */
  readonly quotes?: QuoteRule | undefined
  /** The sheet of a workbook: its name, or its number from 1. Default: the first visible one. */
  readonly sheet?: string | undefined
}

/** The settings among other options. */
export function fileReading({ format, encoding, quotes, sheet }: FileReading): FileReading {
  return { format, encoding, quotes, sheet }
}
