// What the migrations become on a cluster, on the real engine: every statement parses, and those of
// a sharded cluster run, as far as they need no Keeper. Every reader gives the same on the tables
// of the cluster as on those of one server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { migrate, planMigrations, wholePlan } from '../../infra/clickhouse/migrations.ts'
import { readAudit } from '../../infra/readers/audit-reader.ts'
import { countOutcomes, countReplays } from '../../infra/readers/balance-reader.ts'
import {
  countLetters,
  listLetters,
  openEvents,
  readBalance,
  readKept,
  readLetter,
} from '../../infra/readers/dead-letter-reader.ts'
import { createEventOutcomes } from '../../infra/readers/event-outcomes.ts'
import { readGuardFigures } from '../../infra/readers/guard-figures.ts'
import { createLabellingReader } from '../../infra/readers/labelling-reader.ts'
import { readReleases } from '../../infra/readers/model-releases.ts'
import { createResultLog } from '../../infra/readers/result-log-reader.ts'
import { createResultReader } from '../../infra/readers/result-reader.ts'
import { readRowsAt } from '../../infra/readers/stored-row.ts'
import { readSummary } from '../../infra/readers/summary-reader.ts'
import { compareVersions } from '../../infra/readers/version-comparison.ts'
import {
  classificationColumns,
  classificationRow,
  deadLetterColumns,
  deadLetterRow,
  labelColumns,
  seconds,
} from '../../infra/sinks/classification-rows.ts'
import { openClusterEngine, type ClusterEngine } from '../support/cluster-engine.ts'
import { sampleClassification, sampleDeadLetter, sampleTimeMs } from '../support/sample-records.ts'

let cluster: ClusterEngine
/** The same rows in the tables of one server. */
let single: Analytics

beforeAll(async () => {
  cluster = await openClusterEngine()
  const config = { ...cluster.config, database: 'plain', cluster: undefined, sharded: false }
  await migrate(config)
  single = createAnalytics(config)
  for (const analytics of [cluster.analytics, single]) await fill(analytics)
})

afterAll(async () => {
  await single.close()
  await cluster.close()
})

/** Rows of two versions of which one is a shadow, dead letters of which one is settled, labels. */
async function fill(analytics: Analytics): Promise<void> {
  const rows = Array.from({ length: 40 }, (_, offset) => {
    const label = offset % 3 === 0 ? 'spam' : 'ham'
    // Each differs, so that an order by probability has no ties.
    const score = 0.55 + offset / 100
    const probabilities = { [label]: score, other: 1 - score }
    const answer = { label, labels: [label], score, probabilities }
    return sampleClassification({ partition: offset % 4, offset, ...answer })
  })
  const shadows = rows.map((row) => {
    const label = row.offset % 6 === 0 ? 'ham' : row.label
    return { ...row, version: '2', role: 'shadow' as const, label, labels: [label] }
  })
  const totals = [...classificationColumns, 'total_ms'] as const
  await analytics.insert('classifications', {
    columns: totals,
    values: [...rows, ...shadows].map((row) => [...classificationRow(row), 50 + row.offset]),
    token: 'rows',
  })
  const again = sampleClassification({ offset: 101, recordTimeMs: sampleTimeMs + 101 })
  await analytics.insert('classifications', {
    columns: totals,
    values: [[...classificationRow(again, 1), 60]],
    token: 'again',
  })
  const letters = [100, 101, 102].map((offset) =>
    sampleDeadLetter({ offset, key: Buffer.from(`k${offset}`), model: 'mail', stage: 'infer' }),
  )
  await analytics.insert('dead_letters', {
    columns: deadLetterColumns,
    values: letters.map(deadLetterRow),
    token: 'letters',
  })
  const labelled = rows.filter(({ offset }) => offset % 5 === 0)
  await analytics.insert('labels', {
    columns: labelColumns,
    values: labelled.flatMap(({ eventId, label }) => [
      [eventId, 'ham', seconds(sampleTimeMs), 'ann'],
      [eventId, label, seconds(sampleTimeMs), 'bob'],
    ]),
    token: 'labels',
  })
  await analytics.run(
    `INSERT INTO inference_batches (at, size, tokens, padded_tokens, wait_ms, run_ms, worker, model, version)
     SELECT toDateTime64({at: String}, 3, 'UTC'), number + 1, 10, 12, 1, 2, 0, 'mail', '1' FROM numbers(5)`,
    { at: seconds(sampleTimeMs) },
  )
}

describe('the statements of a cluster', () => {
  it.each([false, true])('are valid SQL (sharded: %s)', async (sharded) => {
    const { first, missing } = await wholePlan({ ...cluster.config, sharded })
    const statements = [...first, ...missing.flatMap((one) => one.statements)]
    expect(statements.length).toBeGreaterThan(60)
    for (const statement of statements) {
      expect(await cluster.analytics.text(`EXPLAIN AST ${statement}`, 'JSON')).toContain(
        'Identifier',
      )
    }
    const wrong = cluster.analytics.text(`EXPLAIN AST ${statements[2]} ORDER`, 'JSON')
    await expect(wrong).rejects.toMatchObject({ details: { clickhouseCode: 62 } })
  })
})

const window = { sinceMs: sampleTimeMs - 60_000, untilMs: sampleTimeMs + 600_000, bucketMs: 60_000 }
const candidates = { model: 'mail', exclude: [], limit: 20 }
const topic = 'sample.events'

const reads: Record<string, (analytics: Analytics) => Promise<unknown>> = {
  'a window of minutes': (a) => readSummary(a, window),
  'a window of seconds': (a) =>
    readSummary(a, { ...window, sinceMs: window.sinceMs + 1, bucketMs: 66_000 }),
  'the results of one event': (a) => createResultReader(a).byId('event-3'),
  'a list of results': (a) => createResultReader(a).list({ label: 'spam', text: 'TEXT', limit: 7 }),
  'the outcomes of events': (a) => createEventOutcomes(a).newestResults(['event-1', 'event-6']),
  'the dead letters of events': (a) => createEventOutcomes(a).deadLetters(['k100'], 0),
  'open dead letters': (a) => listLetters(a, { state: 'open' }, 10),
  'all dead letters': (a) => listLetters(a, { state: 'all' }, 10),
  'one dead letter': (a) => readLetter(a, { topic, partition: 0, offset: 101 }),
  'dead letters by code': (a) => countLetters(a, { state: 'all' }),
  'open events': async (a) => Array.fromAsync(openEvents(a, {})),
  'kept values': (a) =>
    readKept(a, [{ topic, partition: 0, offset: 100, recordTimeMs: sampleTimeMs + 100 }] as never),
  'the balance': (a) => readBalance(a, topic),
  'the outcomes of a topic': (a) =>
    countOutcomes(a, {
      topic,
      table: 'classifications',
      offsets: [{ partition: 0, low: 0, end: 200 }],
    }),
  'figures of a guard': (a) =>
    readGuardFigures(
      a,
      { name: 'mail', version: '1', before: '2', promotedAtMs: sampleTimeMs },
      600_000,
    ),
  'two versions': (a) => compareVersions(a, { model: 'mail', a: '1', b: '2' }, { flipsMax: 10 }),
  'uncertain events': (a) => createLabellingReader(a).candidates('uncertain', candidates),
  'events out of scope': (a) => createLabellingReader(a).candidates('out-of-scope', candidates),
  'events on which versions disagree': (a) =>
    createLabellingReader(a).candidates('disagreement', { ...candidates, version: '1' }),
  'similar events': (a) => createLabellingReader(a).similar('event-3', 5),
  'agreement of people': (a) => createLabellingReader(a).agreement(),
  'suspicious labels': (a) =>
    createLabellingReader(a).suspicious({ model: 'mail', version: '1', scoreMin: 0.5, limit: 10 }),
  'the rows at a place': (a) => readRowsAt(a, { topic, partition: 3, offset: 3 } as never),
  'changes of models': (a) => readReleases(a, { model: 'mail', limit: 10 }),
  'the audit log': (a) => readAudit(a, { limit: 10 } as never),
  ...Object.fromEntries(
    [
      ...['label_counts', 'label_set_counts', 'latency', 'event_labels', 'open_dead_letters'],
      ...[
        'version_pairs',
        'version_disagreement',
        'version_flips',
        'version_mcnemar',
        'version_accuracy',
      ],
    ].map((view) => [
      `the view ${view}`,
      (a: Analytics) => a.rows(`SELECT * FROM ${view} ORDER BY ALL`),
    ]),
  ),
}

/** What can be empty with the rows above. */
const empty = ['changes of models', 'the audit log']

describe('on a sharded cluster', () => {
  it.each(Object.keys(reads))('%s: the same as on one server', async (name) => {
    const there = await reads[name]!(cluster.analytics)
    expect(there).toEqual(await reads[name]!(single))
    if (!empty.includes(name)) expect(there).not.toEqual([])
  })

  it('refuses live results, which need the order of one server', async () => {
    const log = createResultLog(cluster.analytics)
    await expect(log.end()).rejects.toMatchObject({ code: 'analytics_unsupported' })
    expect((await createResultLog(single).end()).block).toBeGreaterThan(0)
  })

  it('refuses a configuration that does not fit the tables or the server', async () => {
    const { config } = cluster
    const noted = `INSERT INTO ${config.database}.migrations SELECT '0001_tables.sql', '', now64(3)`
    await cluster.analytics.run(noted)
    const refusal = (changed: Partial<typeof config>) =>
      planMigrations({ ...config, ...changed }).catch((error: unknown) => (error as Error).message)
    expect(await refusal({ cluster: undefined, sharded: false })).toMatch(
      /are sharded \(Distributed\), but the configuration says that they are on one server/,
    )
    expect(await refusal({ sharded: false })).toMatch(/but the configuration says .* replicated/)
    expect(await refusal({ cluster: 'two' })).toMatch(/knows no cluster two .* it knows one\./)
    expect(await refusal({ cluster: undefined, sharded: false, cloud: true })).toMatch(
      /clickhouse.cloud is true, but the server is not/,
    )
    expect(await refusal({ database: 'plain' })).toMatch(/are on one server \(MergeTree\), but/)
  })
})
