// Figures that a gateway under test answers with, and the windows that it was asked for.
import type { StreamAnalytics, SummaryWindow } from '../../schemas/ports/stream-analytics.ts'

const quantiles = { p50: 1.5, p95: 2, p99: 3 }

/** A reader whose every window has one event; it adds the windows to `asked`. */
export function sampleAnalytics(asked: SummaryWindow[] = []): StreamAnalytics {
  return {
    summary(window) {
      asked.push(window)
      return Promise.resolve({
        events: 1,
        labels: [{ label: 'ham', events: 1 }],
        sources: [{ source: '', events: 1 }],
        models: [
          { model: 'mail@3', role: 'champion', events: 1 },
          { model: 'mail@4', role: 'shadow', events: 1 },
        ],
        latencyMs: { queue: quantiles, infer: quantiles, total: null },
        batches: {
          batches: 1,
          texts: 1,
          tokens: 7,
          paddedTokens: 8,
          textsPerBatch: 1,
          waitMs: quantiles,
          runMs: quantiles,
        },
        workers: [{ worker: 0, model: 'mail@3', use: 0.25 }],
        cache: { hits: 3, misses: 1 },
        deadLetters: { total: 1, open: 1, codes: [{ code: 'text_empty', events: 1 }] },
        series: [
          {
            timeMs: window.sinceMs,
            events: 1,
            labels: { ham: 1 },
            totalMs: null,
            deadLetters: 1,
          },
        ],
      })
    },
    lag: () =>
      Promise.resolve([
        {
          group: 'winnow.validate..infer',
          stage: 'validate..infer',
          topic: 'winnow.events',
          lag: 2,
          partitions: [
            { partition: 0, lag: 2, committed: 40, end: 42 },
            { partition: 1, lag: 0, committed: null, end: 0 },
          ],
        },
      ]),
    balance: () =>
      Promise.resolve([
        {
          topic: 'winnow.events',
          records: 42,
          replays: 0,
          rows: 38,
          openDeadLetters: 2,
          filtered: 0,
          waiting: 2,
          difference: 0,
        },
      ]),
  }
}
