// Profiles a data set without training on it: rows, labels, lengths, problems, and what training
// would do with them. The command `data check` calls the same function; trainers/data/ checks.
import { readFile } from 'node:fs/promises'
import { openBase } from '../models/bases/base-store.ts'
import { cleanText } from '../models/cleaning/clean-text.ts'
import { loadLanguageDetector } from '../models/language/detect-language.ts'
import { loadTokenizer } from '../models/tokenizers/tokenizer.ts'
import { WinnowError } from '../schemas/errors.ts'
import {
  checkData as checkRows,
  type CheckedSource,
  type CheckProgress,
  type DataCheck,
  type TokenCounter,
} from '../trainers/data/data-check.ts'
import { openSource } from '../trainers/data/dataset.ts'
import {
  addressText,
  parseDatasetSource,
  type DatasetRows,
  type SourceAddress,
  type SourceFacts,
} from '../trainers/files/dataset-source.ts'
import { fileReading } from '../trainers/files/file-reading.ts'
import { noteText } from '../trainers/files/file-rows.ts'
import { resolveContext, type Context, type LongWork, type WinnowOptions } from './context.ts'
import { fileAccess } from './file-access.ts'
import {
  columnsOf,
  readersOf,
  rulesOf,
  type ColumnOptions,
  type ReadingProgress,
  type RuleOptions,
} from './read-texts.ts'
import { methodDefaults } from './training/training-options.ts'

/** What is checked, and by which rules. */
export type DataCheckOptions = ColumnOptions &
  Omit<RuleOptions, 'dataManifest'> &
  LongWork<ReadingProgress | CheckProgress> & {
    /** The address of the texts, as for `train`. */
    readonly data: SourceAddress
    /** The address of test texts, which training texts must not repeat. */
    readonly test?: SourceAddress | undefined
    /**
     * The base encoder by whose tokens lengths are counted. Default: that of `train`, if it is in
     * the model store.
     */
    readonly base?: string | undefined
  }

/** The options of {@link checkData}. */
export type CheckDataOptions = WinnowOptions & DataCheckOptions

/** The check of a data set, and what was read. */
export type DataReport = DataCheck & {
  readonly data: SourceAddress
  readonly test?: SourceAddress | undefined
  /** The hash and size of a file, offsets of a topic, or a query. */
  readonly from: SourceFacts
}

/**
 * Profiles labelled texts and says what training would do with them. Wrong rows are counted, and
 * are no error.
 *
 * @throws WinnowError `dataset_invalid` for a source that cannot be read at all, `base_not_found`,
 * `usage`, `cancelled`.
 *
 * @example
 * const { labels, problems } = await checkData({ data: 'tickets.csv', test: 'test.csv' })
 * for (const { rows, meaning, places } of problems) console.log(rows, meaning, places)
 */
export async function checkData(options: CheckDataOptions): Promise<DataReport> {
  return checkDataIn(await resolveContext(options), options)
}

/** `checkData` in a context. */
export async function checkDataIn(
  context: Context,
  options: DataCheckOptions,
): Promise<DataReport> {
  const { config, paths } = context
  const { data, test, signal, onProgress } = options
  const sources = {
    data: await checkedSource(data, { options, context }),
    test: test === undefined ? undefined : await checkedSource(test, { options, context }),
  }
  const check = await checkRows(sources.data, {
    test: sources.test,
    columns: columnsOf(options),
    rules: rulesOf(options),
    clean: (text) => cleanText(text, config.cleaning.steps),
    textBytesMax: config.limits.textBytesMax,
    counter: await tokenCounter(options.base, paths.store),
    languageOf: await loadLanguageDetector(),
    onProgress,
  })
  if (signal?.aborted === true) throw new WinnowError('cancelled', 'The check was cancelled.')
  return { data, test, from: sources.data.facts(), ...check }
}

type OpenedSource = CheckedSource & { readonly facts: () => SourceFacts }

async function checkedSource(
  address: SourceAddress,
  { options, context }: { options: DataCheckOptions; context: Context },
): Promise<OpenedSource> {
  const { config, note } = context
  const { signal, onProgress } = options
  const source = parseDatasetSource(address)
  const readers = await readersOf(source, {
    config,
    log: note,
    onProgress: (progress) => onProgress?.({ kind: 'reading', ...progress }),
  })
  let opened: DatasetRows | undefined
  return {
    name: addressText(address),
    open(onWrongRow) {
      opened = openSource(source, {
        columns: columnsOf(options),
        need: 'text',
        otherwise: 'text',
        ...fileReading(options),
        access: fileAccess(config),
        onNote: (one) => note(noteText(one)),
        onWrongRow,
        readers,
        signal,
      })
      return opened.rows
    },
    facts: () => opened?.facts() ?? {},
  }
}

/** A text with more tokens than this is not counted to its end. */
const countedTokensMax = 65_536

/** Counts by the tokens of a base; without a name, by the default one if it is here. */
async function tokenCounter(
  name: string | undefined,
  storeDir: string,
): Promise<TokenCounter | undefined> {
  const base = await openBase({ name: name ?? methodDefaults.base, storeDir }).catch(
    (error: unknown) => {
      if (name === undefined && error instanceof WinnowError) return undefined
      throw error
    },
  )
  if (base === undefined) return undefined
  const tokenizer = loadTokenizer({ json: await readFile(base.tokenizerPath) })
  const count = (text: string): number =>
    tokenizer.encode(text, { maxTokens: countedTokensMax }).ids.length
  return { base: base.name, maxTokens: base.maxTokens, count }
}
