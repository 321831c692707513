// The sources of labelled texts, and the port through which each kind is read: a reader yields rows
// unchecked and afterwards describes what it read. dataset.ts checks the rows of all kinds. Files
// are read in this folder; the readers of topics and ClickHouse need network clients, so they are
// passed in.
import { WinnowError } from '../../schemas/errors.ts'

/** A source as described by its address; nothing has been opened. */
export type DatasetSource =
  | {
      /** Files by path, folder, glob or S3 address; file-set.ts finds them. */
      readonly kind: 'file'
      readonly paths: readonly string[]
    }
  | {
      readonly kind: 'topic'
      readonly topic: string
      /** The ends of the range as written; undefined means that this side has no limit. */
      readonly from?: string | undefined
      readonly to?: string | undefined
    }
  | { readonly kind: 'clickhouse'; readonly query: string }

/** The kinds of source whose reader is passed in. */
export type RemoteKind = 'topic' | 'clickhouse'

/** One unchecked row of a source. */
export type SourceRow = {
  /** The start of an error message about this row: `mails.csv:17`, `winnow.events/0@42`. */
  readonly place: string
  /** The number of the line, row or item, from 1, in sources that have an order. */
  readonly number?: number | undefined
  /** The file of the row, in a source of several files or behind a folder or a glob. */
  readonly file?: string | undefined
  readonly text: unknown
  readonly label: unknown
  /** In place of `label`: all labels that apply, as an array, or as a string separated by `|`. */
  readonly labels?: unknown
  readonly id?: unknown
  /** Where the text comes from, for events. */
  readonly source?: unknown
  /** A map of strings, for slices of an evaluation. */
  readonly attributes?: unknown
  /** RFC 3339 or epoch milliseconds. */
  readonly time?: unknown
  /** The whole object, for JSON sources. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
}

/** The identity of the content that was read, as JSON: a file's hash, offsets or a query. */
export type SourceFacts = Readonly<Record<string, unknown>> & {
  /** For labels given by people: the examples of each label with no other origin. */
  readonly labelsOnlyPeopleUsed?: Readonly<Record<string, number>>
  /**
   * `name@version` of the earlier version that does not have these labels; null if there is none.
   */
  readonly labelsComparedWith?: string | null
}

/** An open source. Leaving the iteration early closes the source. */
export type DatasetRows = {
  /** A short name, equal on all machines: a file name without folder, or a topic with its range. */
  readonly name: string
  readonly rows: AsyncIterable<SourceRow>
  /** Called once, after the last row. */
  readonly facts: () => SourceFacts
}

/** Opens a source of one kind. The call and `rows` may throw WinnowErrors. */
export type DatasetReader<Kind extends DatasetSource['kind']> = (
  source: Extract<DatasetSource, { kind: Kind }>,
  options: { readonly signal?: AbortSignal | undefined },
) => DatasetRows

/** The readers that the caller passes in. */
export type RemoteReaders = { readonly [Kind in RemoteKind]?: DatasetReader<Kind> | undefined }

/** The address of a source, or those of several files. */
export type SourceAddress = string | readonly string[]

/**
 * Parses the SRC argument of the commands: files, `topic:NAME@FROM..TO` or `clickhouse:SELECT …`.
 * file-rows.ts detects the format of a file.
 *
 * @throws WinnowError `usage` for an invalid address, and for several that are not all files.
 *
 * @example
 * parseDatasetSource('mails.csv.gz') // { kind: 'file', paths: ['mails.csv.gz'] }
 */
export function parseDatasetSource(address: SourceAddress): DatasetSource {
  if (typeof address === 'string') return parseSource(address)
  const sources = address.map((one) => parseSource(one))
  const [first, ...others] = sources
  if (first !== undefined && others.length === 0) return first
  const paths = sources.flatMap((source) => (source.kind === 'file' ? source.paths : []))
  if (paths.length === address.length && first !== undefined) return { kind: 'file', paths }
  throw new WinnowError(
    'usage',
    'Several sources must all be files; give a topic or a query as the only one.',
  )
}

/** The address as one line for people. */
export function addressText(address: SourceAddress): string {
  return [address]
    .flat()
    .map((one) => (one === '-' ? 'stdin' : one))
    .join(', ')
}

function parseSource(address: string): DatasetSource {
  if (address.trim() === '')
    throw new WinnowError(
      'usage',
      'The data source is empty; give a file, topic:NAME or clickhouse:QUERY.',
    )
  if (address.startsWith('topic:')) return parseTopicSource(address)
  if (address.startsWith('clickhouse:')) {
    const query = address.slice('clickhouse:'.length).trim()
    if (query !== '') return { kind: 'clickhouse', query }
    throw new WinnowError(
      'usage',
      'clickhouse: must be followed by a query, such as clickhouse:SELECT text, label FROM t.',
    )
  }
  return { kind: 'file', paths: [address] }
}

function parseTopicSource(address: string): DatasetSource {
  const match = /^topic:([\w.-]+)(?:@(.*?)\.\.(.*))?$/.exec(address)
  if (match === null) {
    const message = `${address} is not a topic with a range; write it like topic:winnow.events@0..1000.`
    throw new WinnowError('usage', message)
  }
  const [, topic = '', from = '', to = ''] = match
  return {
    kind: 'topic',
    topic,
    from: from === '' ? undefined : from,
    to: to === '' ? undefined : to,
  }
}
