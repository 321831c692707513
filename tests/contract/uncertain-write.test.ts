// A write of which nobody knows how it ended, on the real engine: what the table holds decides, and not
// what the server remembers of tokens, which need not agree after it was killed.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openProducer, type RecordProducer } from '../../infra/kafka.ts'
import { openSchemas, type Schemas } from '../../infra/registry.ts'
import { createResultSink } from '../../infra/result-sink.ts'
import { topicOf } from '../../infra/topics.ts'
import type { Classification } from '../../schemas/classification.ts'
import type { Origin } from '../../schemas/validated.ts'
import { undelivered } from '../../streams/undelivered.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { recordOf, sampleClassification, sampleDeadLetter } from '../support/sample-records.ts'

let backends: Backends
let producer: RecordProducer
let schemas: Schemas

beforeAll(async () => {
  backends = await openBackends(inject('stack'))
  producer = await openProducer(backends.kafka)
  schemas = await openSchemas(backends.config.registry, backends.config.topics.prefix)
})

afterAll(async () => {
  await producer.close()
  await backends.close()
})

function originOf({ topic, partition, offset, recordTimeMs }: Classification): Origin {
  return { topic, partition, offset, recordTimeMs }
}

describe('undelivered', () => {
  const topic = 'contract.uncertain'
  /** As when the server was killed after it took note of the block, or before it did. */
  it.each([
    ['nothing of it', 'DELETE FROM classifications WHERE offset >= 0'],
    ['half of it, as of a block over two months', 'DELETE FROM classifications WHERE offset >= 2'],
    ['all of it', undefined],
  ])('leaves what the table lacks, whatever the server says of tokens: %s', async (_, loss) => {
    const { analytics, config } = backends
    const topics = { deadLetters: topicOf(config.topics, 'dead-letters'), classified: undefined }
    const sink = createResultSink(
      { analytics, producer, schemas },
      { model: 'mail', topics, owner: { group: 'contract', topic } },
    )
    const fence = await sink.fence([3])
    const rows = [0, 1, 2, 3].map((offset) =>
      sampleClassification({ topic, source: topic, partition: 3, offset }),
    )
    const block = {
      token: 'uncertain',
      outputs: rows.map((value) => ({
        ...{ record: recordOf(value), origin: originOf(value), attempt: 0, value },
      })),
      deadLetters: [sampleDeadLetter({ topic, partition: 3, offset: 4 })],
    }
    await sink.write(block, fence)
    if (loss !== undefined) await analytics.run(`${loss} AND topic = {topic: String}`, { topic })
    const after = await sink.fence(fence.partitions, fence)
    const missing = await undelivered(block, sink)
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
