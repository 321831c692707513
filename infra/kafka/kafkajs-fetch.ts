// Patches how kafkajs 2.2.4 hides the records of aborted transactions: kafkajs gets them wrong when
// transactions overlap. Decoding is infra/record-batch/; reporting skipped offsets is
// passed-offsets.ts.
import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'

type BatchContext = {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly producerId: string
  readonly inTransaction: boolean
}

type Message = {
  readonly offset: string
  readonly key: Buffer | null
  /** kafkajs counts the offset of such a message but does not hand it out. */
  isControlRecord: boolean
  /** Absent in the record format before Kafka 0.11. */
  readonly batchContext?: BatchContext
}

/** One partition of a fetch response. */
export type FetchedPartition = {
  abortedTransactions?: { readonly producerId: string; readonly firstOffset: string }[] | null
  readonly messages: Message[]
}

type FetchResponse = { responses: { partitions: FetchedPartition[] }[] }
type Fetch = (this: unknown, request: unknown) => Promise<FetchResponse>

/** Applies the patch; safe to call again. */
export function patchFetch(): void {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/broker/index.js') as { prototype: { fetch: Fetch } }
  const { fetch } = prototype
  assert.equal(typeof fetch, 'function')
  if (fetch.name === 'fetchWithoutAborted') return
  prototype.fetch = async function fetchWithoutAborted(request) {
    const response = await fetch.call(this, request)
    for (const { partitions } of response.responses) partitions.forEach(hideAborted)
    return response
  }
}

/**
 * Marks the records of aborted transactions as control records, as Kafka's Java client does
 * (CompletedFetch). The broker lists aborted transactions by their last offset. A producer counts
 * as aborted from the first offset of such a transaction up to its next abort marker.
 */
export function hideAborted(partition: FetchedPartition): void {
  const waiting = (partition.abortedTransactions ?? [])
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: Number(firstOffset) }))
    .sort((a, b) => a.firstOffset - b.firstOffset)
  // Leaves nothing for kafkajs's own filter.
  partition.abortedTransactions = []
  const aborted = new Set<string>()
  for (const message of partition.messages) {
    const { batchContext } = message
    if (batchContext === undefined) continue
    const { producerId, firstOffset, lastOffsetDelta, inTransaction } = batchContext
    const batchEnd = Number(firstOffset) + lastOffsetDelta
    while (waiting.length > 0 && waiting[0]!.firstOffset <= batchEnd) {
      aborted.add(waiting.shift()!.producerId)
    }
    if (message.isControlRecord) {
      if (isAbortMarker(message)) aborted.delete(producerId)
    } else if (inTransaction && aborted.has(producerId)) message.isControlRecord = true
  }
}

/** The key of a control record is a version and a type, int16 each; type 0 is an abort. */
function isAbortMarker({ key }: Message): boolean {
  return key !== null && key.length >= 4 && key.readInt16BE(2) === 0
}
