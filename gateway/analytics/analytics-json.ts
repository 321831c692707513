// The JSON of GET /v1/analytics/…: schemas with examples.
import { z } from 'zod'

const quantiles = z
  .strictObject({ p50: z.number(), p95: z.number(), p99: z.number() })
  .nullable()
  .describe('Milliseconds; null without events.')

const count = z.int().min(0)

/** The figures of a window. */
export const summaryJson = z
  .strictObject({
    since: z.iso.datetime().describe('Start of the first bucket.'),
    until: z.iso.datetime().describe('End of the last bucket.'),
    bucketSeconds: z.int().min(1),
    events: count.describe('Events classified in the window, by each model; without shadows.'),
    eventsPerSecond: z.number(),
    labels: z.array(z.strictObject({ label: z.string(), events: count })),
    sources: z.array(z.strictObject({ source: z.string(), events: count })),
    models: z.array(
      z.strictObject({
        model: z.string().describe('NAME@VERSION.'),
        role: z.enum(['champion', 'challenger', 'shadow']),
        events: count,
      }),
    ),
    latencyMs: z
      .strictObject({ queue: quantiles, infer: quantiles, total: quantiles })
      .describe('Of first attempts: waiting for a batch, its run, and all since the broker.'),
    batches: z
      .strictObject({
        batches: count,
        texts: count,
        tokens: count,
        paddedTokens: count,
        textsPerBatch: z.number(),
        waitMs: quantiles,
        runMs: quantiles,
      })
      .describe('Batches of all sources and labels.'),
    workers: z.array(
      z.strictObject({
        worker: z.int(),
        model: z.string().describe('NAME@VERSION.'),
        use: z.number().min(0).max(1).describe('Share of the window in which it ran.'),
      }),
    ),
    cache: z
      .strictObject({ hits: count, misses: count })
      .nullable()
      .describe('Texts by whether the row of an equal text answered them without another run.'),
    deadLetters: z
      .strictObject({
        total: count.describe('Rejected in the window.'),
        open: count.describe('Of these, still without a later outcome.'),
        codes: z.array(z.strictObject({ code: z.string(), events: count })),
      })
      .describe('Of all sources and labels.'),
    series: z.array(
      z.strictObject({
        time: z.iso.datetime().describe('Start of the bucket.'),
        events: count,
        labels: z
          .record(z.string(), count)
          .describe('The 20 most frequent labels of the window; one without events is left out.'),
        totalMs: quantiles,
        deadLetters: count,
      }),
    ),
  })
  .meta({
    examples: [
      {
        since: '2025-01-31T12:00:00.000Z',
        until: '2025-01-31T12:01:00.000Z',
        bucketSeconds: 60,
        events: 3,
        eventsPerSecond: 0.05,
        labels: [
          { label: 'ham', events: 2 },
          { label: 'spam', events: 1 },
        ],
        sources: [{ source: 'support-mail', events: 3 }],
        models: [{ model: 'mail@3', role: 'champion', events: 3 }],
        latencyMs: {
          queue: { p50: 4, p95: 5, p99: 5 },
          infer: { p50: 12, p95: 14, p99: 14 },
          total: { p50: 110, p95: 130, p99: 130 },
        },
        batches: {
          batches: 2,
          texts: 3,
          tokens: 36,
          paddedTokens: 40,
          textsPerBatch: 1.5,
          waitMs: { p50: 4, p95: 5, p99: 5 },
          runMs: { p50: 12, p95: 14, p99: 14 },
        },
        workers: [{ worker: 0, model: 'mail@3', use: 0.0004 }],
        cache: { hits: 1, misses: 2 },
        deadLetters: { total: 1, open: 1, codes: [{ code: 'text_empty', events: 1 }] },
        series: [
          {
            time: '2025-01-31T12:00:00.000Z',
            events: 3,
            labels: { ham: 2, spam: 1 },
            totalMs: { p50: 110, p95: 130, p99: 130 },
            deadLetters: 1,
          },
        ],
      },
    ],
  })

/** The lag of all groups. */
export const lagJson = z
  .strictObject({
    consumers: z.array(
      z.strictObject({
        group: z.string(),
        stage: z.string().describe('The stages that the group runs, such as validate..infer.'),
        topic: z.string(),
        lag: count.describe('Records that it has not committed yet.'),
        partitions: z.array(
          z.strictObject({
            partition: z.int(),
            lag: count,
            committed: count.nullable().describe('The next offset; null before the first commit.'),
            end: count.describe('The offset after the last record.'),
          }),
        ),
      }),
    ),
  })
  .meta({
    examples: [
      {
        consumers: [
          {
            group: 'winnow.validate..infer',
            stage: 'validate..infer',
            topic: 'winnow.events',
            lag: 2,
            partitions: [{ partition: 0, lag: 2, committed: 40, end: 42 }],
          },
        ],
      },
    ],
  })

/** The balance of all input topics. */
export const balanceJson = z
  .strictObject({
    topics: z.array(
      z.strictObject({
        topic: z.string(),
        records: count.describe('On the topic, replays of dead letters aside.'),
        replays: count.describe('Records that are replays of dead letters.'),
        rows: count.describe('Events with a row of any model.'),
        openDeadLetters: count.describe('Events with an open dead letter and no row.'),
        filtered: count.describe('Events that the filter of their input leaves out.'),
        waiting: count.describe('Records that no outcome is committed for yet.'),
        difference: z
          .int()
          .describe('What is left of the records: 0 when nothing is lost and nothing in flight.'),
      }),
    ),
  })
  .meta({
    examples: [
      {
        topics: [
          {
            topic: 'winnow.events',
            records: 42,
            replays: 1,
            rows: 38,
            openDeadLetters: 2,
            filtered: 0,
            waiting: 2,
            difference: 0,
          },
        ],
      },
    ],
  })
