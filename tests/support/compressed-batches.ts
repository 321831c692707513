// Record batches as the Java client, librdkafka and kafka-python wrote them, in each codec,
// recorded by tests/fixtures/make-compressed-batches.py. All hold the same records.
import { readFileSync } from 'node:fs'
import type { Codec } from '../../infra/record-batch/codec.ts'

/** The record batch as it is in the log: header, then the compressed records. */
export type CompressedBatch = {
  readonly producer: string
  readonly codec: Codec
  readonly batch: Buffer
}

/** Bytes of the header of a batch, before its records. */
export const batchHeadBytes = 61

/** The recorded batches. */
export function compressedBatches(): CompressedBatch[] {
  const file = new URL('../fixtures/compressed-batches.json', import.meta.url)
  const recorded = JSON.parse(readFileSync(file, 'utf8')) as {
    producer: string
    codec: Codec
    base64: string
  }[]
  return recorded.map(({ producer, codec, base64 }) => ({
    producer,
    codec,
    batch: Buffer.from(base64, 'base64'),
  }))
}

/** The values in each of the batches; the key of number n is `k-n`. */
export function batchValues(): string[] {
  const text = 'The parcel came late and the box was open. '
  return Array.from({ length: 300 }, (_, at) =>
    JSON.stringify({ id: `e-${at}`, text: text.repeat((at % 10) + 2) + String(at * at) }),
  )
}
