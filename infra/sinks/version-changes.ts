// Derives the rows of model_releases that note at which offset of each partition the champion
// changed, exactly as the result rows have it. A note is written after its rows. If a crash
// prevented that, the note is derived from the stored rows before more are written.
import type { Classification } from '../../schemas/classification.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { seconds } from './classification-rows.ts'

export const versionChangeColumns = [
  'at',
  'kind',
  'model',
  'version',
  'by',
  'reason',
  'topic',
  'partition',
  'offset',
] as const satisfies readonly [string, ...string[]]

type Change = {
  readonly atMs: number
  readonly version: string
  readonly from: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * Stored rows that are searched for a missing note: more than one block holds. A crash can only
 * lose the notes of one block.
 */
const missingRowsMax = 10_000

/** The champion of the last row of each partition, from the table or from rows written since. */
export class VersionChanges {
  readonly #analytics: Analytics
  readonly #model: string
  readonly #by: string
  #latest = new Map<string, string>()

  /** `by` names this process in the rows. */
  constructor(analytics: Analytics, options: { model: string; by: string }) {
    this.#analytics = analytics
    this.#model = options.model
    this.#by = options.by
  }

  /** Forgets the cached state, because other writers may have written since. */
  reset(): void {
    this.#latest = new Map()
  }

  /** The rows of model_releases for results, in the order of each partition. Changes no state. */
  async rowsFor(results: readonly Classification[]): Promise<unknown[][]> {
    const latest = new Map(this.#latest)
    const changes: Change[] = []
    for (const result of results) {
      if (result.role !== 'champion') continue
      const { classifiedAtMs: atMs, version, topic, partition, offset } = result
      const from = latest.get(keyOf(result)) ?? (await this.#stored(result))
      latest.set(keyOf(result), version)
      if (from !== '' && from !== version) {
        changes.push({ atMs, version, from, topic, partition, offset })
      }
    }
    return changes.map((change) => this.#rowOf(change))
  }

  /** The rows that model_releases lacks for the stored results of a partition. */
  async missing(topic: string, partition: number): Promise<unknown[][]> {
    const { table, settings } = this.#analytics.everywhere
    const changes = await this.#analytics.rows<
      Pick<Change, 'atMs' | 'version' | 'from' | 'offset'>
    >(
      `SELECT toUnixTimestamp64Milli(classified_at) AS atMs, version, before AS from, offset
       FROM (
         SELECT offset, version, classified_at, lagInFrame(version) OVER (ORDER BY offset) AS before
         FROM (
           SELECT offset, version, classified_at FROM ${table('classifications')}
           WHERE ${championRows}
           ORDER BY offset DESC LIMIT ${missingRowsMax}
         )
       )
       WHERE before != '' AND before != version AND offset NOT IN (
         SELECT offset FROM ${table('model_releases')}
         WHERE kind = 'swap' AND model = {model: String}
           AND topic = {topic: String} AND partition = {partition: UInt32}
       )
       ORDER BY offset${settings}`,
      { topic, partition, model: this.#model },
    )
    return changes.map((change) => this.#rowOf({ ...change, topic, partition }))
  }

  #rowOf({ atMs, version, from, topic, partition, offset }: Change): unknown[] {
    const because = `from version ${from}`
    return [
      seconds(atMs),
      'swap',
      this.#model,
      version,
      this.#by,
      because,
      topic,
      partition,
      offset,
    ]
  }

  /** Records that these results are stored. */
  stored(results: readonly Classification[]): void {
    for (const result of results) {
      if (result.role === 'champion') this.#latest.set(keyOf(result), result.version)
    }
  }

  /**
   * The version of the last stored row before a result, '' if the result is the first of its
   * partition.
   */
  async #stored({ topic, partition, offset }: Classification): Promise<string> {
    const { table, settings } = this.#analytics.everywhere
    const [row] = await this.#analytics.rows<{ version: string }>(
      `SELECT version FROM ${table('classifications')}
       WHERE ${championRows} AND offset < {offset: UInt64}
       ORDER BY offset DESC LIMIT 1${settings}`,
      { topic, partition, offset, model: this.#model },
    )
    return row?.version ?? ''
  }
}

/** A replayed event has an early offset but the current version, so replays are left out. */
const championRows = `topic = {topic: String} AND partition = {partition: UInt32}
  AND model = {model: String} AND role = 'champion' AND attempt = 0`

function keyOf({ topic, partition }: Classification): string {
  return `${topic}/${partition}`
}
