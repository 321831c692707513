// The chain from winnow.labels to the table labels: decode and check, nothing else.
import type { LabelRecord } from '../schemas/label.ts'
import { lineageOf } from '../schemas/record.ts'
import type { AvroReader } from './stages/decode-event.ts'
import { decodeLabel, type EventLabel } from './stages/decode-label.ts'
import type { TimeRules } from './stages/event-time.ts'
import type { Outcome } from '../schemas/outcome.ts'
import type { StageChain } from './stages/record-outcome.ts'

/** Makes the chain; `nowMs` is epoch milliseconds. */
export function createLabelChain(options: {
  limits: TimeRules['limits']
  readAvro: AvroReader<LabelRecord>
  nowMs: () => number
}): StageChain<EventLabel> {
  const { limits, readAvro, nowMs } = options
  return {
    name: 'label',
    startsAtOrigin: true,
    begin: () => ({
      apply: (records) =>
        Promise.all(
          records.map(async (record) => {
            const { origin, attempt } = lineageOf(record)
            const { recordTimeMs } = origin
            const rules = { limits, nowMs: nowMs() }
            const outcome: Outcome<EventLabel> =
              record.unreadable === undefined
                ? await decodeLabel({ ...record, recordTimeMs }, readAvro, rules)
                : { kind: 'rejected', error: record.unreadable }
            return { record, origin, attempt, stage: 'label', outcome }
          }),
        ),
      end: () => undefined,
    }),
  }
}
