// Texts that take long to clean, on the real broker: cleaning one chunk of them takes longer than
// the consumer's session, but it must keep its partitions.
import { CompressionTypes } from 'kafkajs'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { topicOf } from '../../infra/kafka/topics.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { startWinnow } from '../support/cli.ts'
import { until } from '../support/until.ts'

let backends: Backends

beforeAll(async () => {
  backends = await openBackends(inject('stack'), {
    WINNOW_CLEANING_STEPS: 'unicode,markup,whitespace',
    WINNOW_KAFKA_SESSION_MS_MAX: '6000',
  })
})

afterAll(() => backends.close())

const records = 24

it(
  'keeps its partition while a chunk takes longer than its session',
  { timeout: 120_000 },
  async () => {
    const topic = topicOf(backends.config.topics, 'events')
    const stream = await startWinnow(['stream', '--stages', 'validate'], { env: backends.env })
    const groupId = String(stream.document['group'])
    const producer = backends.kafka.producer()
    const admin = backends.kafka.admin()
    try {
      await Promise.all([producer.connect(), admin.connect()])
      const text = `slow${'<titlx>'.repeat(990)}${'</title>'.repeat(124_000)}`
      const messages = Array.from({ length: records }, (_, at) => ({
        value: JSON.stringify({ id: `slow-${at}`, text }),
        partition: 0,
      }))
      // Compressed, so that they arrive in one batch.
      await producer.send({ topic, messages, compression: CompressionTypes.GZIP })
      const members = new Set<string>()
      await until('all texts are committed', async () => {
        const { groups } = await admin.describeGroups([groupId])
        for (const { memberId } of groups[0]?.members ?? []) members.add(memberId)
        const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
        return offsets?.partitions.some(({ offset }) => Number(offset) >= records)
      })
      // A consumer that loses its session returns as another member. Measured: 13 s on a busy
      // machine.
      expect(members.size).toBe(1)
      expect(stream.output().stderr).not.toMatch(/again|anew/)
      expect(await stream.stop()).toBe(0)
    } finally {
      await Promise.all([producer.disconnect(), admin.disconnect()])
      await stream.stop()
    }
  },
)
