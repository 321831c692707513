// The Kafka client against the real broker: the patched request queue, and compressed records.
import { spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { createKafka, openProducer, type KafkaClient } from '../../infra/kafka/kafka.ts'
import { KafkaRecordSource } from '../../infra/kafka/record-source.ts'
import { createTopics } from '../../infra/kafka/topics.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import { uniqueName } from '../support/backends.ts'
import { batchValues, compressedBatches } from '../support/compressed-batches.ts'
import { produceRaw } from '../support/raw-produce.ts'
import { until } from '../support/until.ts'

const root = new URL('../../', import.meta.url)
const { brokers } = inject('stack')
const config = loadConfig({ env: { WINNOW_KAFKA_BROKERS: brokers.join(',') } })
let kafka: KafkaClient

beforeAll(() => {
  kafka = createKafka(config)
})

async function createTopic(configEntries: { name: string; value: string }[] = []): Promise<string> {
  const topic = uniqueName()
  const admin = kafka.admin()
  await admin.connect()
  await createTopics(admin, [{ topic, numPartitions: 1, configEntries }])
  await admin.disconnect()
  return topic
}

/** Runs module code in a process of its own, with `client` defined; returns its stderr. */
async function inProcess(
  client: string,
  work: string,
): Promise<{ status: number; stderr: string }> {
  const child = spawn(
    process.execPath,
    ['--trace-warnings', '--input-type=module', '-e', `${client}\n${work}`],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [status] = (await once(child, 'close')) as [number]
  return { status, stderr }
}

const patched = `
  import { createKafka } from './infra/kafka/kafka.ts'
  const kafka = createKafka(${JSON.stringify(config)})`
const unmended = `
  import kafkajs from 'kafkajs'
  const kafka = new kafkajs.Kafka({ brokers: ${JSON.stringify(brokers)}, logLevel: 0 })`

function produceAndConsume(topic: string): string {
  return `
    const producer = kafka.producer({ maxInFlightRequests: 1, createPartitioner: () => () => 0 })
    const consumer = kafka.consumer({ groupId: '${topic}-' + process.pid })
    await producer.connect()
    for (let at = 0; at < 5; at++) {
      await Promise.all([1, 2, 3].map((n) =>
        producer.send({ topic: '${topic}', messages: [{ value: 'x' + n }] })))
    }
    await consumer.connect()
    await consumer.subscribe({ topic: '${topic}', fromBeginning: true })
    let seen = 0
    await new Promise((resolve) => consumer.run({
      eachMessage: async () => { if (++seen === 15) resolve() },
    }))
    await consumer.disconnect()
    await producer.disconnect()`
}

describe('the request queue', () => {
  it('of kafkajs sets timers with a negative delay, which Node warns of', async () => {
    const work = produceAndConsume(await createTopic())
    const { status, stderr } = await inProcess(unmended, work)
    expect(status).toBe(0)
    expect(stderr).toMatch(/TimeoutNegativeWarning/)
  })

  it('is patched: producing and consuming write nothing to stderr', async () => {
    const work = produceAndConsume(await createTopic())
    expect(await inProcess(patched, work)).toEqual({ status: 0, stderr: '' })
  })
})

/** What a member of a new group receives of a topic, and its failure, if any. */
async function consume(topic: string) {
  const records: KafkaRecord[] = []
  const failures: Error[] = []
  const lines: string[] = []
  const client = createKafka(config, (line) => lines.push(line))
  const source = new KafkaRecordSource(client, {
    group: uniqueName(),
    topic,
    config,
    concurrency: 1,
  })
  await source.start({
    onChunk: (chunk) => {
      records.push(...chunk.records)
      return Promise.resolve(true)
    },
    onPassed: () => undefined,
    onAssigned: () => undefined,
    onFailure: (error) => failures.push(error),
  })
  return { source, records, failures, lines }
}

describe('compressed records', () => {
  it('of three producers in four codecs are all read', async () => {
    const topic = await createTopic()
    const batches = compressedBatches()
    for (const { batch } of batches) expect(await produceRaw(brokers[0]!, topic, batch)).toBe(0)
    const values = batches.flatMap(batchValues)
    const { source, records, failures } = await consume(topic)
    await until('all records', () => records.length >= values.length || failures.length > 0)
    await source.close()
    expect(failures).toEqual([])
    expect(records.map((record) => record.value?.toString())).toEqual(values)
    expect(records.map((record) => record.offset)).toEqual([...values.keys()])
  })
})

describe('a producer', () => {
  it('tells a record that is refused for good from a topic that may yet be made', async () => {
    const producer = await openProducer(kafka)
    try {
      const value = Buffer.alloc(2_000)
      const topic = await createTopic([{ name: 'max.message.bytes', value: '1000' }])
      await expect(producer.send(topic, [{ key: null, value }])).rejects.toMatchObject({
        code: 'broker_refused',
        details: { kafkaError: 'MESSAGE_TOO_LARGE' },
      })
      const missing = uniqueName()
      await expect(producer.send(missing, [{ key: null, value }])).rejects.toMatchObject({
        code: 'broker_unavailable',
        message: expect.stringContaining(missing) as string,
      })
      await producer.send(topic, [{ key: null, value: 'x' }])
    } finally {
      await producer.close()
    }
  })
})

/** Collects the sockets that this process opens from here on. */
function watchSockets() {
  const sockets: Socket[] = []
  const note = (message: unknown) => void sockets.push((message as { socket: Socket }).socket)
  subscribe('net.client.socket', note)
  return {
    open: () => sockets.filter((socket) => !socket.destroyed),
    close: () => unsubscribe('net.client.socket', note),
  }
}

describe('a consumer whose connections were closed by the broker', () => {
  it('goes on, and leaves no connection behind when it is closed', async () => {
    const topic = await createTopic()
    const watch = watchSockets()
    try {
      const { source, records, failures } = await consume(topic)
      const producer = await openProducer(kafka)
      await producer.send(topic, [{ key: null, value: 'before' }])
      await until('the first record', () => records.length === 1)
      await producer.close()
      const before = watch.open()
      expect(before.length).toBeGreaterThan(0)
      // What a socket does when the other side has closed the connection.
      for (const socket of before) socket.push(null)
      const again = await openProducer(kafka)
      await again.send(topic, [{ key: null, value: 'after' }])
      await until('the second record', () => records.length === 2)
      // The client calls the coordinator that it knew before once more, over another connection.
      await source.commit([{ topic, partition: 0, offset: 2 }])
      await again.close()
      await source.close()
      await until('the end of all connections', () => watch.open().length === 0, 5_000)
      expect(failures).toEqual([])
    } finally {
      watch.close()
    }
  })
})
