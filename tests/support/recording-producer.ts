// The producer port in memory: what was sent, and a way to fail.
import type { RecordProducer } from '../../infra/kafka/kafka.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'

export type RecordingProducer = RecordProducer & {
  readonly sent: { readonly topic: string; readonly records: readonly OutgoingRecord[] }[]
  /** Each of the next sends fails with one of these. */
  readonly failures: Error[]
}

/** Makes one that has sent nothing. */
export function createRecordingProducer(): RecordingProducer {
  const sent: RecordingProducer['sent'] = []
  const failures: Error[] = []
  return {
    sent,
    failures,
    send(topic, records) {
      const failure = failures.shift()
      if (failure !== undefined) return Promise.reject(failure)
      sent.push({ topic, records })
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}
