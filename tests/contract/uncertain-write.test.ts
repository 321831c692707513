// A write with an unknown outcome, on the real engine: the rows in the table decide. The server's
// memory of tokens may disagree with them after the server was killed.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { missingRows } from '../../streams/delivery/missing-rows.ts'
import { outputOf, sampleClassification, sampleDeadLetter } from '../support/sample-records.ts'
import { openSinkBackends, type SinkBackends } from '../support/sink-clients.ts'

let real: SinkBackends

beforeAll(async () => {
  real = await openSinkBackends(inject('stack'))
})

afterAll(async () => {
  await real.close()
})

describe('missingRows', () => {
  const topic = 'contract.uncertain'
  /** As if the server was killed just after, or just before, it stored the token of the block. */
  it.each([
    ['nothing of it', 'DELETE FROM classifications WHERE offset >= 0'],
    ['half of it, as of a block over two months', 'DELETE FROM classifications WHERE offset >= 2'],
    ['all of it', undefined],
  ])('leaves what the table lacks, whatever the server says of tokens: %s', async (_, loss) => {
    const { analytics } = real.backends
    const sink = real.resultSink({ owner: { group: 'contract', topic } })
    const fence = await sink.fence([3])
    const rows = [0, 1, 2, 3].map((offset) =>
      sampleClassification({ topic, source: topic, partition: 3, offset }),
    )
    const block = {
      token: 'uncertain',
      outputs: rows.map((value) => outputOf(value)),
      deadLetters: [sampleDeadLetter({ topic, partition: 3, offset: 4 })],
    }
    await sink.write(block, fence)
    if (loss !== undefined) await analytics.run(`${loss} AND topic = {topic: String}`, { topic })
    const after = await sink.fence(fence.partitions, fence)
    const missing = await missingRows(block, sink)
    expect(missing.deadLetters).toEqual([])
    await sink.write(missing, after)
    const [counts] = await analytics.rows<object>(
      `SELECT (SELECT count() FROM classifications WHERE topic = {topic: String}) AS rows,
              (SELECT count() FROM dead_letters WHERE topic = {topic: String}) AS letters,
              (SELECT toUInt32(sum(events)) FROM label_counts WHERE source = {topic: String}) AS counted`,
      { topic },
    )
    expect(counts).toEqual({ rows: 4, letters: 1, counted: 4 })
    await analytics.run('DELETE FROM classifications WHERE topic = {topic: String}', { topic })
    await analytics.run('DELETE FROM dead_letters WHERE topic = {topic: String}', { topic })
  })
})
