// Patches two places of kafkajs 2.2.4 that lose sight of offsets without records. Compaction leaves batches
// without their last records, or without any: kafkajs then stays at such a batch, or passes it one offset
// a request. And it tells aborted transactions apart only while they do not overlap. Reporting the offsets
// that were passed is passed-offsets.ts.
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
  /** kafkajs counts such a message for its offset only and hands it to nobody. */
  isControlRecord: boolean
  /** Absent in the record format before Kafka 0.11. */
  readonly batchContext?: BatchContext
}

type RecordBatch = BatchContext & { records: Message[] }
type Decode = (decoder: unknown) => Promise<RecordBatch>

/** One partition of a fetch response. */
export type FetchedPartition = {
  abortedTransactions?: { readonly producerId: string; readonly firstOffset: string }[] | null
  readonly messages: Message[]
}

type FetchResponse = { responses: { partitions: FetchedPartition[] }[] }
type Fetch = (this: unknown, request: unknown) => Promise<FetchResponse>

/** Applies both patches; safe to call again. Must run before the first consumer of the process fetches. */
export function patchFetch(): void {
  const require = createRequire(import.meta.url)
  const decoderPath = require.resolve('kafkajs/src/protocol/recordBatch/v0/decoder.js')
  const decode = require(decoderPath) as Decode
  assert.equal(typeof decode, 'function')
  if (decode.name !== 'decodeWithLastOffset') {
    const decodeWithLastOffset: Decode = async (decoder) => withLastOffset(await decode(decoder))
    require.cache[decoderPath]!.exports = decodeWithLastOffset
  }
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

/** Puts a control record at the last offset of a batch where compaction removed the record. */
export function withLastOffset(batch: RecordBatch): RecordBatch {
  const { records, ...batchContext } = batch
  const lastOffset = String(BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta))
  if (records.at(-1)?.offset === lastOffset) return batch
  const placeholder = {
    ...{ magicByte: 2, attributes: 0, timestamp: '0', headers: {}, batchContext },
    ...{ offset: lastOffset, key: null, value: null, isControlRecord: true },
  }
  records.push(placeholder)
  return batch
}

/**
 * Marks the records of aborted transactions as control records, as the reference client finds them
 * (CompletedFetch of Kafka's Java client): the broker lists aborted transactions by their ends, and a
 * producer is aborted from the first offset of one of its own on up to its next abort marker.
 */
export function hideAborted(partition: FetchedPartition): void {
  const waiting = (partition.abortedTransactions ?? [])
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: Number(firstOffset) }))
    .sort((a, b) => a.firstOffset - b.firstOffset)
  // kafkajs's own filter finds nothing left to do.
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

/** The key of a control record is its version and its type, int16 each; type 0 is an abort. */
function isAbortMarker({ key }: Message): boolean {
  return key !== null && key.length >= 4 && key.readInt16BE(2) === 0
}
