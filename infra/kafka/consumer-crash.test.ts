// What happens to a group member when its client's calls fail, with a fake broker in this process.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { compressedBatches } from '../../tests/support/compressed-batches.ts'
import {
  openFakeBroker,
  type BrokerCall,
  type FakeBroker,
} from '../../tests/support/fake-broker.ts'
import { until } from '../../tests/support/until.ts'
import { createKafka, type KafkaClient } from './kafka.ts'
import { createModelAnnouncements } from '../sinks/model-announcements.ts'
import { readRecordsAt } from './record-lookup.ts'
import { KafkaRecordSource } from './record-source.ts'
import type { RecordSource } from '../../schemas/ports/record-source.ts'
import type { Schemas } from '../schema-registry/registry.ts'
import { readRanges } from './topic-range.ts'

const topic = 'crashing'
let broker: FakeBroker

beforeEach(async () => {
  broker = await openFakeBroker(topic)
})
afterEach(() => broker.close())

function configOf(settings: string[] = []) {
  const brokers = `kafka.brokers=${JSON.stringify([broker.address])}`
  return loadConfig({ env: {}, set: [brokers, 'kafka.sessionMsMax=300', ...settings] })
}

/** A member that accepts every chunk, with the failures, offsets and joins that it reported. */
function member(settings: string[] = []) {
  const config = configOf(settings)
  const failures: Error[] = []
  const offsets: number[] = []
  let joined = 0
  const source = new KafkaRecordSource(createKafka(config), {
    group: 'g',
    topic,
    config,
    concurrency: 1,
  })
  const start = () =>
    source.start({
      onChunk: (chunk) => {
        offsets.push(...chunk.records.map(({ offset }) => offset))
        return Promise.resolve(true)
      },
      onPassed: () => undefined,
      onAssigned: () => joined++,
      onFailure: (error) => failures.push(error),
    })
  return { source, start, failures, offsets, joined: () => joined }
}

describe('a member', () => {
  it('consumes and commits', async () => {
    const { source, start, failures, offsets, joined } = member()
    broker.append(compressedBatches()[0]!.batch)
    await start()
    await until('records', () => offsets.length === 300, 5_000)
    expect([joined(), failures]).toEqual([1, []])
    await source.commit([{ topic, partition: 0, offset: 300 }])
    expect(broker.committed()).toBe(300)
    await source.close()
  })

  /** What makes the client repeat a call. */
  const causes = {
    /** The broker answers a heartbeat with a rebalance. */
    rejoin: () => broker.failures.set('Heartbeat', 27),
    reconnect: () => broker.drop(),
    nothing: () => undefined,
  }
  const calls: [BrokerCall, keyof typeof causes][] = [
    ['Fetch', 'nothing'],
    ['Heartbeat', 'nothing'],
    ['JoinGroup', 'rejoin'],
    ['SyncGroup', 'rejoin'],
    ['OffsetFetch', 'rejoin'],
    ['ListOffsets', 'rejoin'],
    ['Metadata', 'rejoin'],
    ['ApiVersions', 'reconnect'],
  ]
  const refusals = [
    ['TOPIC_AUTHORIZATION_FAILED', 29],
    ['GROUP_AUTHORIZATION_FAILED', 30],
    ['UNSUPPORTED_VERSION', 35],
    ['SASL_AUTHENTICATION_FAILED', 58],
  ] as const
  const cases = calls
    .flatMap(([call, cause]) => refusals.map(([type, code]) => ({ call, cause, type, code })))
    // This error makes the client try other versions until none is left.
    .filter(({ call, type }) => call !== 'ApiVersions' || type !== 'UNSUPPORTED_VERSION')

  it.each(cases)(
    'ends when the broker answers $call with $type',
    async ({ call, cause, type, code }) => {
      const { source, start, failures, joined } = member()
      await start()
      await until('joining', () => joined() === 1, 5_000)
      causes[cause]()
      broker.failures.set(call, code)
      await until('the failure', () => failures.length > 0, 10_000)
      expect(failures).toMatchObject([{ code: 'broker_refused', details: { kafkaError: type } }])
      await expectEnd(source)
    },
  )

  it.each(calls)('ends when the broker answers %s with an unknown server error', async (...of) => {
    const [call, cause] = of
    const { source, start, failures, joined } = member()
    await start()
    await until('joining', () => joined() === 1, 5_000)
    causes[cause]()
    broker.failures.set(call, -1)
    await until('the failure', () => failures.length > 0, 10_000)
    expect(failures).toMatchObject([{ code: 'broker_unavailable' }])
    await expectEnd(source)
  })

  it('ends when its coordinator is refused', async () => {
    const { source, start, failures, joined } = member()
    await start()
    await until('joining', () => joined() === 1, 5_000)
    causes.rejoin()
    broker.failures.set('FindCoordinator', 30)
    await until('the failure', () => failures.length > 0, 10_000)
    expect(failures).toMatchObject([{ code: 'broker_refused' }])
    expect(failures[0]?.message).toMatch(/refuses this client Read on the consumer group/)
    await expectEnd(source)
  })

  it('ends when the broker does not support a call', async () => {
    broker.unknown.add('Heartbeat')
    const { source, start, failures } = member()
    await start()
    await until('the failure', () => failures.length > 0, 10_000)
    expect(failures).toMatchObject([{ code: 'broker_refused' }])
    await expectEnd(source)
  })

  it('ends when the broker rejects its password on reconnecting', async () => {
    const { source, start, failures, joined } = member([
      'kafka.saslMechanism=plain',
      'kafka.username=u',
      'kafka.password=p',
    ])
    await start()
    await until('joining', () => joined() === 1, 5_000)
    broker.failures.set('SaslAuthenticate', 58)
    broker.drop()
    await until('the failure', () => failures.length > 0, 10_000)
    expect(failures).toMatchObject([{ code: 'broker_refused' }])
    await expectEnd(source)
  })

  it('reports a commit that was refused for good', async () => {
    const { source, start, joined } = member()
    await start()
    await until('joining', () => joined() === 1, 5_000)
    broker.failures.set('OffsetCommit', 30)
    const commit = source.commit([{ topic, partition: 0, offset: 1 }])
    await expect(commit).rejects.toMatchObject({ code: 'broker_refused' })
    await expectEnd(source)
  })

  it.each(calls)('continues after a transient error at %s', async (...of) => {
    const [call, cause] = of
    const { source, start, failures, joined, offsets } = member()
    await start()
    await until('joining', () => joined() === 1, 5_000)
    causes[cause]()
    const before = broker.counts.get(call) ?? 0
    // LEADER_NOT_AVAILABLE: kafkajs retries such errors, then restarts the consumer.
    broker.failures.set(call, 5)
    await until('the call', () => (broker.counts.get(call) ?? 0) > before, 10_000)
    broker.failures.clear()
    broker.append(compressedBatches()[0]!.batch)
    await until('records', () => offsets.length === 300, 20_000)
    expect(failures).toEqual([])
    await source.close()
  })
})

/** Pausing and closing neither throw nor hang, whatever failed before. */
async function expectEnd(source: RecordSource): Promise<void> {
  source.pause()
  const startMs = performance.now()
  await source.close()
  expect(performance.now() - startMs).toBeLessThan(5_000)
}

describe('other readers', () => {
  it.each([
    ['the follower of winnow.models', follow],
    ['a range', range],
    ['a lookup', lookup],
  ])('%s throws the refusal', async (_name, read) => {
    broker.append(compressedBatches()[0]!.batch)
    broker.failures.set('Fetch', 29)
    const config = configOf()
    await expect(read(createKafka(config))).rejects.toMatchObject({
      code: 'broker_refused',
      details: { kafkaError: 'TOPIC_AUTHORIZATION_FAILED' },
    })
  })

  async function follow(kafka: KafkaClient): Promise<void> {
    const { signal } = new AbortController()
    const handlers = { onCaughtUp: () => undefined, onAnnouncement: () => undefined }
    await createModelAnnouncements({ kafka, schemas: {} as Schemas }, topic).follow(
      handlers,
      signal,
    )
  }

  async function range(kafka: KafkaClient): Promise<void> {
    const ranges = [{ partition: 0, from: 0, to: 300 }]
    for await (const chunk of readRanges(kafka, { topic, ranges })) expect(chunk).toBeUndefined()
  }

  function lookup(kafka: KafkaClient): Promise<void> {
    const places = [{ partition: 0, offset: 7 }]
    return readRecordsAt(kafka, { topic, places, take: () => Promise.resolve() })
  }
})
