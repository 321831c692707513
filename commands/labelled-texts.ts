// What the commands that read labelled texts share: the options that say how, and reading them cleaned
// as the stream cleans. Formats and their rules are the trainers'.
import type { Command } from 'commander'
import type { Config } from '../configs/schema.ts'
import { cleanText } from '../models/clean-text.ts'
import { parseDatasetSource } from '../trainers/dataset-source.ts'
import { readDataset, type Dataset } from '../trainers/dataset.ts'
import { countText } from './terminal.ts'

/** The parsed options of `addColumnOptions`. */
export type ColumnOptions = { textColumn?: string; labelColumn?: string }

/** What SRC may be, for help texts. */
export const sourceHelp =
  'FILE.jsonl, .csv, .tsv (each also .gz), .parquet, topic:NAME@FROM..TO or clickhouse:SELECT …'

/** Adds the options that name the columns of a table or the fields of an object. */
export function addColumnOptions(command: Command): Command {
  return command
    .option('--text-column <name>', 'column or field that holds the text (default: text)')
    .option('--label-column <name>', 'column or field that holds the label (default: label)')
}

/** Reads labelled texts and cleans them as the stream does. */
export async function readCleaned(
  source: string,
  options: {
    config: Config
    columns: ColumnOptions
    onProgress?: (text: string) => void
    signal: AbortSignal
  },
): Promise<Dataset> {
  const { config, signal, onProgress } = options
  const { textColumn, labelColumn } = options.columns
  const parsed = parseDatasetSource(source)
  // Files need no network clients.
  const remote = parsed.kind === 'topic' || parsed.kind === 'clickhouse'
  const readers = remote
    ? (await import('./remote-sources.ts')).remoteReaders({
        config,
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
    readers,
    signal,
  })
}
