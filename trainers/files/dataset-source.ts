// Where labelled texts come from, and the port through which each kind of source is read: a reader
// gives rows as it finds them and says afterwards what it read. What a row must hold is decided in
// dataset.ts, once for all kinds. Files are read here in trainers/; topics and ClickHouse need
// network clients, so that their readers are passed in.
import { WinnowError } from '../../schemas/errors.ts'

/** A source as its address names it; nothing has been opened. */
export type DatasetSource =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'topic'
      readonly topic: string
      /** The two ends of the range as they were written; undefined is all there is on that side. */
      readonly from?: string | undefined
      readonly to?: string | undefined
    }
  | { readonly kind: 'clickhouse'; readonly query: string }

/** The kinds of source that need a reader from outside. */
export type RemoteKind = 'topic' | 'clickhouse'

/** One row as the source has it, before any check. */
export type SourceRow = {
  /** Begins the message of an error about this row: `mails.csv:17`, `winnow.events/0@42`. */
  readonly place: string
  /** Line, row or item, counted from 1, in sources that have an order. */
  readonly number?: number | undefined
  readonly text: unknown
  readonly label: unknown
  /** Instead of `label`: all labels that apply, as an array or a string with `|` between them. */
  readonly labels?: unknown
  readonly id?: unknown
  /** A map of strings, for slices of an evaluation. */
  readonly attributes?: unknown
  /** RFC 3339 or epoch milliseconds. */
  readonly time?: unknown
  /** The whole object, of JSON. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined
}

/** What identifies the content that was read, as JSON: a file's hash, offsets, a query. */
export type SourceFacts = Readonly<Record<string, unknown>> & {
  /**
   * Of a source with labels by people: examples of each label that has no other origin
   * (label-origins.ts).
   */
  readonly labelsOnlyPeopleUsed?: Readonly<Record<string, number>>
  /**
   * `name@version` of the earlier version that does not have these labels either; null without one.
   */
  readonly labelsComparedWith?: string | null
}

/** A source that is being read. Leaving the iteration early closes what it had opened. */
export type DatasetRows = {
  /**
   * Short and the same on every machine: a file name without its folder, a topic with its range.
   */
  readonly name: string
  readonly rows: AsyncIterable<SourceRow>
  /** Asked once, after the last row. */
  readonly facts: () => SourceFacts
}

/** Opens one kind of source; it throws, or `rows` throws, WinnowErrors. */
export type DatasetReader<Kind extends DatasetSource['kind']> = (
  source: Extract<DatasetSource, { kind: Kind }>,
  options: { readonly signal?: AbortSignal | undefined },
) => DatasetRows

/** The readers that a caller passes in. */
export type RemoteReaders = { readonly [Kind in RemoteKind]?: DatasetReader<Kind> | undefined }

/**
 * Understands the SRC of the commands: a file, whose format file-rows.ts finds out;
 * `topic:NAME@FROM..TO`; `clickhouse:SELECT …`.
 *
 * @throws WinnowError `usage` for an address that names nothing.
 *
 * @example
 * parseDatasetSource('mails.csv.gz') // { kind: 'file', path: 'mails.csv.gz' }
 */
export function parseDatasetSource(address: string): DatasetSource {
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
  return { kind: 'file', path: address }
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
