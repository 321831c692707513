// Notes in model_releases at which offset the champion of a model changed in each partition, exactly as
// the rows have it: it looks at the rows themselves, on their way into the table.
import type { Classification } from '../schemas/classification.ts'
import type { Analytics } from './clickhouse.ts'
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

type Change = { readonly result: Classification; readonly from: string }

/** The champion of the last row of each partition, from the table or from what was written since. */
export class VersionChanges {
  readonly #analytics: Analytics
  readonly #model: string
  readonly #by: string
  #latest = new Map<string, string>()

  /** `by` names this process in the record. */
  constructor(analytics: Analytics, options: { model: string; by: string }) {
    this.#analytics = analytics
    this.#model = options.model
    this.#by = options.by
  }

  /** Forgets what it knows: other writers may have been at work. */
  reset(): void {
    this.#latest = new Map()
  }

  /** The rows of model_releases for results in the order of each partition. Changes nothing here. */
  async rowsFor(results: readonly Classification[]): Promise<unknown[][]> {
    const latest = new Map(this.#latest)
    const changes: Change[] = []
    for (const result of results) {
      if (result.role !== 'champion') continue
      const key = keyOf(result)
      const before = latest.get(key) ?? (await this.#stored(result))
      latest.set(key, result.version)
      if (before !== '' && before !== result.version) changes.push({ result, from: before })
    }
    return changes.map(({ result, from }) => [
      seconds(result.classifiedAtMs),
      'swap',
      this.#model,
      result.version,
      this.#by,
      `from version ${from}`,
      result.topic,
      result.partition,
      result.offset,
    ])
  }

  /** Takes note that these results are stored. */
  stored(results: readonly Classification[]): void {
    for (const result of results) {
      if (result.role === 'champion') this.#latest.set(keyOf(result), result.version)
    }
  }

  /** The version of the last stored row before a result, '' when it is the first of its partition. */
  async #stored({ topic, partition, offset }: Classification): Promise<string> {
    const [row] = await this.#analytics.rows<{ version: string }>(
      `SELECT argMax(version, offset) AS version FROM classifications
       WHERE topic = {topic: String} AND partition = {partition: UInt32}
         AND offset < {offset: UInt64} AND model = {model: String} AND role = 'champion'`,
      { topic, partition, offset, model: this.#model },
    )
    return row?.version ?? ''
  }
}

function keyOf({ topic, partition }: Classification): string {
  return `${topic}/${partition}`
}
