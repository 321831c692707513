// Fills the table of a replay, each row once, and reads how far an interrupted replay came. The
// table is fenced like the stream's: after a write whose end is unknown the missing rows are looked
// up, and a second replay into the same table ends the first.
import { createHash } from 'node:crypto'
import { classificationColumns, classificationRow } from '../infra/sinks/classification-rows.ts'
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import { storedResult } from '../infra/sinks/stored-form.ts'
import { readForgotten } from '../infra/erasure/forgotten-events.ts'
import { raiseFence } from '../infra/sinks/partition-fence.ts'
import { rangeText, type PartitionRange } from '../infra/kafka/topic-range.ts'
import type { Classification } from '../schemas/classification.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { Fence } from '../schemas/fence.ts'
import type { Sink } from '../schemas/ports/sink.ts'
import type { ReplayBlock } from '../streams/replay.ts'
import { storeBlock } from '../streams/delivery/store-block.ts'
import { patientAnalytics, type Patience } from './patience.ts'

/** The table whose columns and storage the table of a replay has. */
const origin = 'classifications'

/** A range of a partition, and the offset after the last row that the table has. */
export type ResumedRange = PartitionRange & { resumedAt: number }

/** A table and its source. */
export type ReplayTable = {
  readonly into: string
  readonly topic: string
  readonly model: string
  readonly ranges: readonly PartitionRange[]
  /** Whether texts are stored. */
  readonly storeText: boolean
}

/**
 * Creates the table if it is missing, becomes its only writer and reads how far it is filled.
 * `write` stores the results of consecutive records of one partition, forgotten events left out.
 * Throws usage for a table that holds something else.
 */
export async function openReplayTable(
  analytics: Analytics,
  table: ReplayTable,
  patience: Patience,
): Promise<{
  resumed: ResumedRange[]
  write: (block: ReplayBlock<Classification>) => Promise<void>
}> {
  const { topic, model, ranges } = table
  const patient = patientAnalytics(analytics, patience)
  await prepareTable(patient, table)
  const sink = replaySink(analytics, table)
  const fence = await patience(() => sink.fence(ranges.map(({ partition }) => partition)))
  // Blocks of several partitions are written at the same time, so each partition has its own fence,
  // derived from this one.
  const fences = new Map<number, Fence>(
    ranges.map(({ partition }) => [partition, { ...fence, partitions: [partition] }]),
  )
  const isForgotten = await patience(() => readForgotten(analytics, topic))
  const resumed = await resumePoints(patient, table)
  return {
    resumed,
    async write({ partition, from, through, outcomes }) {
      const token = createHash('sha256').update(`${topic}/${partition}/${from}-${through}`)
      const outputs = outcomes.flatMap(({ outcome, ...one }) =>
        outcome.kind === 'ok' && !isForgotten(outcome.value)
          ? [{ ...one, value: outcome.value }]
          : [],
      )
      if (outputs.length === 0) return
      await storeBlock(
        { token: `${token.digest('hex')}-${model}`, outputs, deadLetters: [] },
        {
          sink,
          fence: fences.get(partition)!,
          patiently: patience,
          onFence: (raised) => fences.set(partition, raised),
        },
      )
    },
  }
}

/**
 * Creates the table, or refuses one that another replay made: its rows say nothing about how far
 * this replay came.
 */
async function prepareTable(
  analytics: Analytics,
  { into, topic, model, ranges }: ReplayTable,
): Promise<void> {
  requireTableName(into)
  const made = `replay of ${topic} by ${model} from ${rangeText(ranges).from}`
  await analytics.createLike({ name: into, like: origin, comment: made })
  const [table] = await analytics.rows<{ comment: string }>(
    'SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = {into: String}',
    { into },
  )
  if (table?.comment === made) return
  const holds = table?.comment === '' ? 'was not made by a replay' : `holds the ${table?.comment}`
  throw new WinnowError(
    'usage',
    `The table ${into} ${holds}, so it cannot take the ${made}. Name another table with --into.`,
  )
}

/** Throws usage for a name that a table cannot have. */
export function requireTableName(into: string): void {
  if (/^[A-Za-z_]\w{0,126}$/.test(into)) return
  const rule = 'a table name has letters, digits and _ only, and does not begin with a digit'
  throw new WinnowError('usage', `--into ${into}: ${rule}.`)
}

/** The offset after the last row of each partition; correct once a fence was raised. */
async function resumePoints(
  analytics: Analytics,
  { into, ranges }: ReplayTable,
): Promise<ResumedRange[]> {
  const { table, settings } = analytics.everywhere
  const rows = await analytics.rows<{ partition: number; last: number }>(
    `SELECT partition, max(offset) AS last FROM ${table(into, origin)} GROUP BY partition${settings}`,
  )
  const lasts = new Map(rows.map(({ partition, last }) => [partition, last]))
  return ranges.map((range) => {
    const next = (lasts.get(range.partition) ?? -1) + 1
    return { ...range, resumedAt: Math.min(Math.max(next, range.from), range.to) }
  })
}

/** Offsets read back at a time. */
const pageRows = 10_000

/** The table as a sink. */
function replaySink(
  analytics: Analytics,
  { into, topic, ...retention }: ReplayTable,
): Sink<Classification> {
  const { table, settings } = analytics.everywhere
  return {
    fence: (partitions, after) =>
      raiseFence(analytics, { group: `replay/${into}`, topic, partitions }, after),

    recover: () => Promise.resolve(),

    async storedFrom(_topic, partition, fromOffset) {
      const rows = await analytics.rows<{ at: number; ms: number }>(
        `SELECT offset AS at, toUnixTimestamp64Milli(max(record_time)) AS ms
         FROM ${table(into, origin)}
         WHERE partition = {partition: UInt32} AND offset >= {fromOffset: UInt64}
         GROUP BY at ORDER BY at LIMIT ${pageRows}${settings}`,
        { partition, fromOffset },
      )
      return {
        recordTimeMsByOffset: new Map(rows.map(({ at, ms }) => [at, ms])),
        through: rows.length < pageRows ? Infinity : rows.at(-1)!.at,
      }
    },

    // A range leaves out events that were sent again, so every event is a first attempt.
    storedAttempts: (_topic, _partition, origins) => Promise.resolve(origins.map(() => -1)),

    write: ({ token, outputs }, fence) =>
      analytics.insert(into, {
        columns: classificationColumns,
        values: outputs.map(({ value }) => classificationRow(storedResult(retention, value))),
        token,
        fence,
      }),
  }
}
