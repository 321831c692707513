// Rows for all tables that are read, and every reader of the project over them: for tests of tables
// that lie in another way, and of the rights to read them.
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { readAudit } from '../../infra/readers/audit-reader.ts'
import { countOutcomes } from '../../infra/readers/balance-reader.ts'
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
import { collect } from './collect.ts'
import { sampleClassification, sampleDeadLetter, sampleTimeMs } from './sample-records.ts'

/** Rows of a champion and its shadow, dead letters with a settled one among them, labels. */
export async function fillTables(analytics: Analytics): Promise<void> {
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

const window = { sinceMs: sampleTimeMs - 60_000, untilMs: sampleTimeMs + 600_000, bucketMs: 60_000 }
const candidates = { model: 'mail', exclude: [], limit: 20 }
const topic = 'sample.events'

/** Every reader and every view, each as a call. */
export const reads: Record<string, (analytics: Analytics) => Promise<unknown>> = {
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
  'open events': (a) => collect(openEvents(a, {})),
  'kept values': async (a) => readKept(a, await collect(openEvents(a, {}))),
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
  'the rows at a place': (a) => readRowsAt(a, { topic, partition: 3, offset: 3 }),
  'changes of models': (a) => readReleases(a, { model: 'mail', limit: 10 }),
  'the audit log': (a) => readAudit(a, { limit: 10 }),
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
