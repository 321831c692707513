// What the commands that read labelled texts share: the options that say how, and reading them cleaned
// as the stream cleans. Formats and their rules are the trainers'.
import type { Command } from 'commander'
import type { Config } from '../configs/schema.ts'
import { cleanText } from '../models/clean-text.ts'
import { parseDatasetSource, type RemoteReaders } from '../trainers/dataset-source.ts'
import { readDataset, type Dataset } from '../trainers/dataset.ts'

/** The parsed options of `addColumnOptions`. */
export type ColumnOptions = { textColumn?: string; labelColumn?: string }

/** What SRC may be, for help texts. */
export const sourceHelp = 'FILE.jsonl, .csv, .tsv (each also .gz) or .parquet'

/** Adds the options that name the columns of a table or the fields of an object. */
export function addColumnOptions(command: Command): Command {
  return command
    .option('--text-column <name>', 'column or field that holds the text (default: text)')
    .option('--label-column <name>', 'column or field that holds the label (default: label)')
}

/** Reads labelled texts and cleans them as the stream does. */
export function readCleaned(
  source: string,
  options: {
    config: Config
    columns: ColumnOptions
    readers?: RemoteReaders | undefined
    signal: AbortSignal
  },
): Promise<Dataset> {
  const { config, readers, signal } = options
  const { textColumn, labelColumn } = options.columns
  return readDataset(parseDatasetSource(source), {
    clean: (text) => cleanText(text, config.cleaning.steps),
    columns: {
      ...(textColumn === undefined ? {} : { text: textColumn }),
      ...(labelColumn === undefined ? {} : { label: labelColumn }),
    },
    readers,
    signal,
  })
}
