// Checks what must hold after every run, whatever happened in it: each event is one row or one dead
// letter of each model, rollups agree, and every label is that of a clean run. It reads only Kafka and
// ClickHouse.
import { topicOf, readLag } from '../../../infra/kafka/topics.ts'
import type { Backends } from '../../support/backends.ts'
import { until } from '../../support/until.ts'
import type { Sent } from './load.ts'

export type Counts = {
  events: number
  rows: number
  letters: number
  labels: number
  /** Events that a filter leaves out. */
  filtered: number
}

/** Records on topics, by their offsets. */
async function recordsOf({ kafka }: Backends, topics: readonly string[]): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const ends = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)))
    return ends.flat().reduce((sum, { high }) => sum + Number(high), 0)
  } finally {
    await admin.disconnect()
  }
}

/** The topics on which events enter. */
function entriesOf({ topics, inputs }: Backends['config']): string[] {
  return [topicOf(topics, 'events'), ...inputs.map(({ topic }) => topic)]
}

/** Rows, dead letters and notes of filtered events so far. */
export async function countsOf({ analytics }: Backends): Promise<Omit<Counts, 'events'>> {
  const [row] = await analytics.rows<Omit<Counts, 'events'>>(
    `SELECT (SELECT count() FROM classifications) AS rows, (SELECT count() FROM dead_letters) AS letters,
            (SELECT count() FROM labels WHERE topic != '') AS labels,
            (SELECT uniqExact(topic, partition, offset) FROM filtered_events) AS filtered`,
  )
  return row!
}

/**
 * Waits until every record has an outcome and is committed, then returns a sentence per problem.
 * `clean` names the database of the clean run.
 */
export async function audit(
  backends: Backends,
  options: { sent: Sent; clean: string; settledMsMax?: number },
): Promise<{ counts: Counts; problems: string[] }> {
  const { sent, clean, settledMsMax = 120_000 } = options
  const { config } = backends
  const models = config.inference.models.length
  const events = await recordsOf(backends, entriesOf(config))
  const labels = await recordsOf(backends, [topicOf(config.topics, 'labels')])
  const problems: string[] = []
  const note = (error: unknown) => problems.push(error instanceof Error ? error.message : 'failed')
  await until(
    `${events * models} rows and dead letters, ${labels} labels`,
    async () => {
      const now = await countsOf(backends)
      const outcomes = now.rows + now.letters + now.filtered * models
      return outcomes >= events * models && now.labels >= labels
    },
    settledMsMax,
  ).catch(note)
  await until('no lag', async () => (await lagOf(backends)) === 0, 60_000).catch(note)
  const counts = { events, ...(await countsOf(backends)) }
  const { rows, letters, filtered } = counts
  if (rows + letters + filtered * models !== events * models) {
    problems.push(
      `${events} events gave ${rows} rows and ${letters} dead letters of ${models} models, and ` +
        `${filtered} filtered`,
    )
  }
  const certain = [...sent.filtered.values()].filter((one) => one.certain).length
  if (filtered < certain || filtered > sent.filtered.size) {
    problems.push(`${certain} to ${sent.filtered.size} filtered events gave ${filtered}`)
  }
  if (counts.labels !== labels) problems.push(`${labels} labels gave ${counts.labels} rows`)
  problems.push(...(await sqlProblems(backends, clean)), ...(await idProblems(backends, sent)))
  return { counts, problems }
}

async function lagOf({ kafka, config }: Backends): Promise<number> {
  const lags = await readLag(kafka, {
    groupPrefix: config.stream.group,
    topics: [...entriesOf(config), topicOf(config.topics, 'labels')],
  })
  return lags.reduce((sum, { lag }) => sum + lag, 0)
}

/** Each query counts what should not exist. */
async function sqlProblems({ analytics }: Backends, clean: string): Promise<string[]> {
  const problems: string[] = []
  for (const [what, sql] of Object.entries(checks(clean))) {
    const [row] = await analytics.rows<{ n: number }>(sql)
    if (row!.n !== 0) problems.push(`${row!.n} ${what}`)
  }
  return problems
}

function checks(clean: string): Record<string, string> {
  const origins = `SELECT topic, partition, offset, model FROM classifications
    UNION ALL SELECT topic, partition, offset, model FROM dead_letters`
  return {
    'origins with more than one row or dead letter of a model': `SELECT count() AS n FROM (
      SELECT topic, partition, offset, model FROM (${origins}) GROUP BY ALL HAVING count() != 1)`,
    'partitions with a gap': `SELECT count() AS n FROM (
      SELECT topic, partition
      FROM (${origins} UNION ALL SELECT topic, partition, offset, model FROM filtered_events)
      GROUP BY topic, partition
      HAVING min(offset) != 0 OR max(offset) + 1 != uniqExact(offset))`,
    // Counts rows one by one, not by the rollup, which would give the same answer.
    'labels whose rollup has another count': `SELECT count() AS n FROM (
      SELECT label, sum(1 + ignore(offset)) AS rows FROM classifications GROUP BY label) AS r
      FULL JOIN (SELECT label, toUInt64(sum(events)) AS events FROM label_counts GROUP BY label) AS c
      ON r.label = c.label WHERE rows != events`,
    'events more or less in the latency rollup': `SELECT abs(
      toInt64((SELECT sum(1 + ignore(offset)) FROM classifications))
      - toInt64((SELECT sum(events) FROM latency))) AS n`,
    'rows that differ from the clean run': `SELECT count() AS n FROM classifications AS c
      LEFT JOIN ${clean}.classifications AS k ON k.text = c.text
      WHERE k.text = '' OR c.label != k.label OR c.score != k.score OR c.tokens != k.tokens
         OR c.probabilities != k.probabilities`,
    'rows whose version no recorded swap explains': `SELECT count() AS n FROM classifications AS c
      ASOF LEFT JOIN (SELECT model, topic, partition, offset, version FROM model_releases
                      WHERE kind = 'swap' AND topic != '') AS s
        ON c.model = s.model AND c.topic = s.topic AND c.partition = s.partition
          AND c.offset >= s.offset
      LEFT JOIN (SELECT model, topic, partition, argMin(version, offset) AS version
                 FROM classifications GROUP BY model, topic, partition) AS f
        ON f.model = c.model AND f.topic = c.topic AND f.partition = c.partition
      WHERE c.version != if(s.version = '', f.version, s.version)`,
    'labels of a person stored more than once': `SELECT count() AS n FROM (
      SELECT partition, offset FROM labels WHERE topic != ''
      GROUP BY partition, offset HAVING count() != 1)`,
  }
}

/**
 * Checks that everything acknowledged is stored under the right code, and nothing that was not
 * sent.
 */
async function idProblems({ analytics, config }: Backends, sent: Sent): Promise<string[]> {
  const models = config.inference.models.length
  const problems: string[] = []
  const rows = await analytics.rows<{ id: string; n: number }>(
    'SELECT event_id AS id, count() AS n FROM classifications GROUP BY id',
  )
  const letters = await analytics.rows<{ key: string; code: string; n: number }>(
    'SELECT key, code, count() AS n FROM dead_letters GROUP BY key, code',
  )
  const known = await analytics.rows<{ id: string; n: number }>(
    `SELECT event_id AS id, uniqExact(label) AS n FROM labels WHERE labelled_by = 'producer' GROUP BY id`,
  )
  const rowIds = new Map(rows.map(({ id, n }) => [id, n]))
  const knownIds = new Map(known.map(({ id, n }) => [id, n]))
  for (const [id, { certain, labelled }] of sent.good) {
    const found = rowIds.get(id)
    if ((found ?? models) !== models) problems.push(`${id} has ${found} rows`)
    if (found === undefined && certain) problems.push(`${id} is lost`)
    if (found !== undefined && labelled && knownIds.get(id) !== 1) {
      problems.push(`the label of ${id} is lost`)
    }
  }
  for (const { key, code, n } of letters) {
    const bad = sent.bad.get(key)
    if (bad?.code !== code || n !== models) problems.push(`${n} dead letters ${code} for ${key}`)
  }
  const letterKeys = new Set(letters.map(({ key }) => key))
  for (const [key, { certain }] of sent.bad) {
    if (certain && !letterKeys.has(key)) problems.push(`the dead letter of ${key} is lost`)
  }
  for (const id of rowIds.keys()) if (!sent.good.has(id)) problems.push(`${id} was never sent`)
  return problems.slice(0, 10)
}
