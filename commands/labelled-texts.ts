// Reads labelled texts for commands and cleans them as the stream does; adds the options for it.
// The file formats and data rules are in trainers/.
import { readFile } from 'node:fs/promises'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { fileProblem } from '../configs/file-problem.ts'
import type { Config } from '../configs/schema.ts'
import { cleanText } from '../models/cleaning/clean-text.ts'
import { WinnowError } from '../schemas/errors.ts'
import { applyDataRules, defaultDataRules, type DataParts } from '../trainers/data/data-rules.ts'
import { parseDatasetSource } from '../trainers/files/dataset-source.ts'
import { readDataset, type Dataset } from '../trainers/data/dataset.ts'
import type { EarlierVersion } from '../trainers/data/label-origins.ts'
import { checkRepeated, requireManifests } from '../trainers/data/repeated-run.ts'
import type { DataRules } from '../trainers/data/rule-findings.ts'
import { addFileOptions, sayFileNote, type FileOptions } from './file-options.ts'
import { checkReadable, checkSource } from './option-checks.ts'
import { wholeNumber } from './shared-options.ts'
import { countText } from './terminal.ts'

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
export const sourceHelp =
  'FILE.jsonl, .json, .csv, .tsv (each also .gz), .parquet, topic:NAME@FROM..TO or clickhouse:SELECT …'

/** Adds the options that say how a file is read and which columns or fields matter. */
export function addColumnOptions(command: Command): Command {
  return addFileOptions(
    command
      .option('--text-column <name>', 'column or field that holds the text (default: text)')
      .option('--label-column <name>', 'column or field that holds the label (default: label)'),
  )
}

/** Adds the options that set the data rules. */
export function addRuleOptions(command: Command): Command {
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
    .option('--data-manifest <file>', 'run.json of an earlier run that the data must match')
}

function resemblance(text: string): number | 'off' {
  if (text === 'off') return text
  const share = Number(text)
  if (text.trim() !== '' && share >= 0.5 && share <= 1) return share
  throw new InvalidArgumentError('Give a number from 0.5 to 1, or off.')
}

/**
 * Compares the data with the manifest of an earlier run, if one is given, and applies the data
 * rules.
 *
 * @throws WinnowError `dataset_invalid`, `usage`.
 */
export async function ruledParts(parts: DataParts, options: RuleOptions): Promise<DataParts> {
  const { duplicates, nearDuplicates, minExamples, dataManifest: file } = options
  const rules: DataRules = {
    duplicates,
    minExamples,
    nearDuplicates: nearDuplicates === 'off' ? undefined : nearDuplicates,
  }
  if (file !== undefined) {
    const { train, validation, test } = parts
    const given = {
      train: train.manifest,
      validation: validation?.manifest,
      test: test?.manifest,
    }
    checkRepeated(await readManifest(file), given, { file, rules })
  }
  return applyDataRules(parts, rules)
}

async function readManifest(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'this is not JSON' : fileProblem(cause)
    throw new WinnowError('usage', `--data-manifest ${file}: ${why}; give the run.json of a run.`, {
      cause,
    })
  }
}

/**
 * Checks the sources of labelled texts and their options before any source is read.
 *
 * @throws WinnowError `usage`, `dataset_invalid`.
 */
export async function checkTexts(
  sources: Readonly<Record<string, string | undefined>>,
  options: ColumnOptions & { dataManifest?: string },
): Promise<void> {
  const { textColumn = 'text', labelColumn = 'label', dataManifest } = options
  if (textColumn === labelColumn) {
    const message =
      `--text-column and --label-column are both ${JSON.stringify(textColumn)}; they must ` +
      'differ.'
    throw new WinnowError('usage', message)
  }
  const kinds = new Set<string>()
  for (const [option, source] of Object.entries(sources)) {
    if (source === undefined) continue
    await checkSource(source, option)
    kinds.add(parseDatasetSource(source).kind)
  }
  const flags = { '--text-column': options.textColumn, '--label-column': options.labelColumn }
  const given = { ...flags, '--format': options.format, '--quotes': options.quotes }
  const [unused] = Object.entries(given).filter(([, value]) => value !== undefined)
  if (unused !== undefined && !kinds.has('file')) {
    const message = `${unused[0]} is for files only; leave it out. Queries name their columns with AS.`
    throw new WinnowError('usage', message)
  }
  if (dataManifest !== undefined) {
    await checkReadable(dataManifest, '--data-manifest')
    requireManifests(await readManifest(dataManifest), dataManifest)
  }
}

/** Reads labelled texts and cleans them as the stream does. */
export async function readCleaned(
  source: string,
  options: {
    config: Config
    columns: ColumnOptions
    /** The version that the new one follows; its labels count as known. */
    earlier?: EarlierVersion | undefined
    /** Whether examples say in which row they stand. Default: no. */
    numbered?: boolean
    onProgress?: (text: string) => void
    signal: AbortSignal
  },
): Promise<Dataset> {
  const { config, earlier, numbered, signal, onProgress } = options
  const { textColumn, labelColumn, format, quotes } = options.columns
  const parsed = parseDatasetSource(source)
  // Files need no network clients.
  const remote = parsed.kind === 'topic' || parsed.kind === 'clickhouse'
  const readers = remote
    ? (await import('./remote-sources.ts')).remoteReaders({
        config,
        earlier,
        onProgress: ({ topic, records, recordsTotal }) =>
          onProgress?.(
            `reading ${topic}: ${countText(records)} of ${countText(recordsTotal)} records`,
          ),
      })
    : undefined
  return readDataset(parsed, {
    clean: (text) => cleanText(text, config.cleaning.steps),
    columns: {
      ...(textColumn === undefined ? {} : { text: textColumn }),
      ...(labelColumn === undefined ? {} : { label: labelColumn }),
    },
    format,
    quotes,
    onNote: sayFileNote,
    readers,
    numbered,
    signal,
  })
}
