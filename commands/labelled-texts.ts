// The options of commands that read labelled texts, and their checks before anything is read.
// library/read-texts.ts reads; the file formats and data rules are in trainers/.
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Config } from '../configs/schema.ts'
import {
  columnsOf,
  readCleaned as readTexts,
  readManifestFile,
  type ReadingProgress,
} from '../library/read-texts.ts'
import { WinnowError } from '../schemas/errors.ts'
import { defaultDataRules } from '../trainers/data/data-rules.ts'
import { fileReading } from '../trainers/files/file-reading.ts'
import { parseDatasetSource, type SourceAddress } from '../trainers/files/dataset-source.ts'
import type { Dataset } from '../trainers/data/dataset.ts'
import { requireManifests } from '../trainers/data/repeated-run.ts'
import type { DataRules } from '../trainers/data/rule-findings.ts'
import { addFileOptions, filesHelp, type FileOptions } from './file-options.ts'
import { checkReadable, checkSource } from './option-checks.ts'
import { wholeNumber } from './shared-options.ts'
import { countText, logLine } from './terminal.ts'

/** The parsed options of `addColumnOptions`. */
export type ColumnOptions = FileOptions & { textColumn?: string; labelColumn?: string }

/** The parsed options of `addRuleOptions`. */
export type RuleOptions = {
  duplicates: DataRules['duplicates']
  nearDuplicates: number | 'off'
  minExamples: number
  dataManifest?: string
}

/** The possible values of SRC, for help texts. */
export const sourceHelp = `${filesHelp}; topic:NAME@FROM..TO or clickhouse:SELECT …`

/** Adds the options that say how a file is read and which columns or fields matter. */
export function addColumnOptions(command: Command): Command {
  return addFileOptions(
    command
      .option('--text-column <name>', 'column or field that holds the text (default: text)')
      .option('--label-column <name>', 'column or field that holds the label (default: label)'),
  )
}

/** Adds the options that set the data rules, and the run that the data must match. */
export function addRuleOptions(command: Command): Command {
  return addRules(command).option(
    '--data-manifest <file>',
    'run.json of an earlier run that the data must match',
  )
}

/** Adds the options that set the data rules. */
export function addRules(command: Command): Command {
  const { duplicates, nearDuplicates, minExamples } = defaultDataRules
  return command
    .addOption(
      new Option(
        '--duplicates <rule>',
        'equal texts: drop all but one, or keep them in the same part of a split',
      )
        .choices(['drop', 'keep'])
        .default(duplicates),
    )
    .option(
      '--near-duplicates <share>',
      'similarity above which texts stay in the same part of a split, or off',
      resemblance,
      nearDuplicates ?? 'off',
    )
    .option(
      '--min-examples <number>',
      'leave out labels with fewer examples',
      wholeNumber(1),
      minExamples,
    )
}

function resemblance(text: string): number | 'off' {
  if (text === 'off') return text
  const share = Number(text)
  if (text.trim() !== '' && share >= 0.5 && share <= 1) return share
  throw new InvalidArgumentError('Give a number from 0.5 to 1, or off.')
}

/**
 * Checks the sources of labelled texts and their options before any source is read.
 *
 * @throws WinnowError `usage`, `dataset_invalid`.
 */
export async function checkTexts(
  sources: Readonly<Record<string, SourceAddress | undefined>>,
  options: ColumnOptions & { dataManifest?: string },
): Promise<void> {
  const { dataManifest } = options
  const { text, label } = columnsOf(options)
  if (text === label) {
    const message = `--text-column and --label-column are both ${JSON.stringify(text)}; they must differ.`
    throw new WinnowError('usage', message)
  }
  const kinds = new Set<string>()
  for (const [option, source] of Object.entries(sources)) {
    if (source === undefined) continue
    await checkSource(source, option)
    kinds.add(parseDatasetSource(source).kind)
  }
  const flags = { '--text-column': options.textColumn, '--label-column': options.labelColumn }
  const { format, encoding, quotes, sheet } = fileReading(options)
  const files = {
    '--fields': options.fields,
    '--format': format,
    '--encoding': encoding,
    '--quotes': quotes,
    '--sheet': sheet,
  }
  const given = { ...flags, ...files }
  const [unused] = Object.entries(given).filter(([, value]) => value !== undefined)
  if (unused !== undefined && !kinds.has('file')) {
    const message = `${unused[0]} is for files only; leave it out. Queries name their columns with AS.`
    throw new WinnowError('usage', message)
  }
  if (dataManifest !== undefined) {
    await checkReadable(dataManifest, '--data-manifest')
    requireManifests(await readManifestFile(dataManifest), dataManifest)
  }
}

/** Reads labelled texts as the library does, and says on stderr how a file was read. */
export async function readCleaned(
  source: SourceAddress,
  options: {
    config: Config
    columns: ColumnOptions
    /** Whether examples say in which row they stand. Default: no. */
    numbered?: boolean
    signal: AbortSignal
  },
): Promise<Dataset> {
  const { config, columns, numbered, signal } = options
  return readTexts(source, { ...columns, context: { config, note: logLine }, numbered, signal })
}

/** The progress line of a topic that is read. */
export function readingText({ topic, records, recordsTotal }: ReadingProgress): string {
  return `reading ${topic}: ${countText(records)} of ${countText(recordsTotal)} records`
}
