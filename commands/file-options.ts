// The options that say how to read a file of texts, and the line on stderr that says how it was
// read. trainers/files/ reads the files.
import { InvalidArgumentError, Option, type Command } from 'commander'
import { WinnowError } from '../schemas/errors.ts'
import { checkEncoding } from '../trainers/files/decoded-bytes.ts'
import { fileFormats, type FileFormat } from '../trainers/files/file-format.ts'
import { noteText, type FileNote } from '../trainers/files/file-rows.ts'
import type { SourceAddress } from '../trainers/files/dataset-source.ts'
import { isLocalFile, localFiles } from '../trainers/files/file-set.ts'
import { quoteRules, type QuoteRule } from '../trainers/files/table-header.ts'
import { logLine } from './terminal.ts'

/** The parsed options of `addFileOptions`. */
export type FileOptions = {
  format?: FileFormat
  encoding?: string
  quotes?: QuoteRule
  sheet?: string
  fields?: Readonly<Record<string, string>>
}

/** Adds the options that say how a file is read. */
export function addFileOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--format <format>',
        'format of the file (default: detected from content and name)',
      ).choices(fileFormats),
    )
    .option(
      '--encoding <name>',
      'encoding of text, such as windows-1252 or utf-16le (default: utf-8)',
      knownEncoding,
    )
    .addOption(
      new Option(
        '--quotes <rule>',
        'none: quotes in a table are ordinary characters (default: csv)',
      ).choices(quoteRules),
    )
    .option(
      '--fields <field=source>',
      'where fields are: text={title}: {body},label=queue.name; repeatable',
      collectFields,
    )
    .option(
      '--sheet <sheet>',
      'name or number of the sheet of a workbook (default: the first visible one)',
    )
}

/** The files that commands read, for help texts. */
export const filesHelp =
  '.jsonl, .json, .csv, .tsv, .parquet, .xlsx (each also .gz or .zst), a folder, a pattern, ' +
  's3://BUCKET/KEY; repeatable'

function knownEncoding(name: string): string {
  checkEncoding(name)
  return name
}

/** A comma before the next field, and not one within a template. */
const nextField = /,(?=\s*(?:text|labels?|id|time|source|attributes\.[^=,{}]+)=)/

/** Collects `field=source` pairs. `\n` and `\t` in a template are the characters. */
export function collectFields(
  value: string,
  previous: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const fields = value.split(nextField).map((pair): [string, string] => {
    const at = pair.indexOf('=')
    if (at <= 0 || at === pair.length - 1) {
      throw new InvalidArgumentError('Write it like text=body or label=queue.name.')
    }
    const source = pair
      .slice(at + 1)
      .replace(/\\n/g, '\n')
      .replace(/\\t/g, '\t')
    return [pair.slice(0, at).trim(), source]
  })
  return { ...previous, ...Object.fromEntries(fields) }
}

/** Collects the values of an option that can be repeated; one value stays a string. */
export function collectSources(value: string, previous: SourceAddress | undefined): SourceAddress {
  return previous === undefined ? value : [previous, value].flat()
}

/** Says on stderr how a file is read, and warns if it may have been read wrongly. */
export function sayFileNote(note: FileNote): void {
  logLine(noteText(note))
}

/** The addresses of files, which are standard input for none. Says so if it is a terminal. */
export function filesOf(given: SourceAddress | undefined): readonly string[] {
  const files = [given ?? '-'].flat()
  if (files.includes('-') && process.stdin.isTTY) {
    logLine('Reading from the terminal; Ctrl-D ends the input.')
  }
  return files
}

/**
 * Checks that files on this machine are there and readable. Throws dataset_invalid; the message
 * starts with the option.
 */
export async function checkFiles(files: readonly string[], option: string): Promise<void> {
  for (const file of files.filter(isLocalFile)) {
    await localFiles(file).catch((error: unknown) => {
      if (!(error instanceof WinnowError)) throw error
      const { code, details, cause } = error
      throw new WinnowError(code, `${option} ${error.message}`, { details, cause })
    })
  }
}
