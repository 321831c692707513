// The options that say how to read a file of texts, and the line on stderr that says how it was
// read. trainers/files/ reads the files.
import { Option, type Command } from 'commander'
import { fileFormats, type FileFormat } from '../trainers/files/file-format.ts'
import { noteText, type FileInput, type FileNote } from '../trainers/files/file-rows.ts'
import { fileSource } from '../trainers/files/plain-bytes.ts'
import { quoteRules, type QuoteRule } from '../trainers/files/table-header.ts'
import { logLine } from './terminal.ts'

/** The parsed options of `addFileOptions`. */
export type FileOptions = { format?: FileFormat; quotes?: QuoteRule }

/** Adds the options that say how a file is read. */
export function addFileOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--format <format>',
        'format of the file (default: detected from content and name)',
      ).choices(fileFormats),
    )
    .addOption(
      new Option(
        '--quotes <rule>',
        'none: quotes in a table are ordinary characters (default: csv)',
      ).choices(quoteRules),
    )
}

/** Says on stderr how a file is read, and warns if it may have been read wrongly. */
export function sayFileNote(note: FileNote): void {
  logLine(noteText(note))
}

/** The file at a path, or stdin for "-" or no path. */
export function inputOf(path: string | undefined): FileInput {
  if (path !== undefined && path !== '-') return { ...fileSource(path), path }
  if (process.stdin.isTTY) logLine('Reading from the terminal; Ctrl-D ends the input.')
  return { name: 'stdin', bytes: process.stdin }
}
