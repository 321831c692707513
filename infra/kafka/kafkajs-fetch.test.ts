// Hiding the records of aborted transactions, including transactions that overlap.
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { hideAborted, patchFetch, type FetchedPartition } from './kafkajs-fetch.ts'

const require = createRequire(import.meta.url)

/** A batch as kafkajs decodes it: offsets `first` to `last`, with records at `offsets` only. */
function batchOf(first: number, last: number, offsets: readonly number[], producerId = '7') {
  const context = {
    firstOffset: String(first),
    lastOffsetDelta: last - first,
    producerId,
    inTransaction: true,
  }
  const record = (offset: number) => ({
    offset: String(offset),
    key: null as Buffer | null,
    isControlRecord: false,
    batchContext: context,
  })
  return { ...context, records: offsets.map(record) }
}

function marker(offset: number, producerId: string, kind: 'abort' | 'commit') {
  const [message] = batchOf(offset, offset, [offset], producerId).records
  const key = Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1])
  return { ...message!, key, isControlRecord: true }
}

describe('hideAborted', () => {
  const left = (partition: FetchedPartition) => {
    hideAborted(partition)
    expect(partition.abortedTransactions).toEqual([])
    return partition.messages
      .filter(({ isControlRecord }) => !isControlRecord)
      .map(({ offset }) => Number(offset))
  }

  it('separates transactions that overlap, in any order that the broker lists them', () => {
    const messages = [
      ...batchOf(0, 0, [0], 'a').records,
      ...batchOf(1, 1, [1], 'b').records,
      ...batchOf(2, 2, [2], 'c').records,
      marker(3, 'b', 'abort'),
      ...batchOf(4, 4, [4], 'b').records,
      marker(5, 'a', 'abort'),
      marker(6, 'b', 'commit'),
      marker(7, 'c', 'commit'),
    ]
    // In the order of their ends: b's marker came first.
    const abortedTransactions = [
      { producerId: 'b', firstOffset: '1' },
      { producerId: 'a', firstOffset: '0' },
    ]
    expect(left({ messages, abortedTransactions })).toEqual([2, 4])
  })

  it('hides transactions that began before the first fetched record', () => {
    const messages = [...batchOf(5, 5, [5], 'b').records, ...batchOf(6, 6, [6], 'a').records]
    const abortedTransactions = [
      { producerId: 'a', firstOffset: '1' },
      { producerId: 'b', firstOffset: '2' },
    ]
    expect(left({ messages, abortedTransactions })).toEqual([])
  })

  it('does not take a record for a marker because of its key', () => {
    const messages = batchOf(0, 1, [0, 1], 'a').records
    messages[0]!.key = Buffer.from([0, 0, 0, 0])
    expect(
      left({ messages, abortedTransactions: [{ producerId: 'a', firstOffset: '0' }] }),
    ).toEqual([])
  })

  it('ignores records outside transactions and the record format of old brokers', () => {
    const plain = batchOf(0, 0, [0], 'a').records.map((record) => ({
      ...record,
      batchContext: { ...record.batchContext, inTransaction: false },
    }))
    const old = { offset: '1', key: null, isControlRecord: false }
    const abortedTransactions = [{ producerId: 'a', firstOffset: '0' }]
    expect(left({ messages: [...plain, old], abortedTransactions })).toEqual([0, 1])
    expect(left({ messages: [old], abortedTransactions: null })).toEqual([1])
  })
})

describe('patchFetch', () => {
  it('applies the patch once, however often it is called', () => {
    type Brokers = { prototype: { fetch: unknown } }
    const { prototype } = require('kafkajs/src/broker/index.js') as Brokers
    patchFetch()
    const once = prototype.fetch
    patchFetch()
    expect(prototype.fetch).toBe(once)
  })
})
