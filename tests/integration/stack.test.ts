// The life of the embedded stack: starting twice at once, next to taken ports, after crashes of
// services and of the starter, and stopping. Each test runs real services in a folder of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { SchemaType } from '@kafkajs/confluent-schema-registry'
import kafkajs from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { cacheDir } from '../../configs/paths.ts'
import { identityOf } from '../../infra/local/services/pid-file.ts'
import { connectionsOf } from '../../infra/local/services/stack-state.ts'
import type { StackConnections, StackState } from '../../infra/local/services/stack-state.ts'
import { stackStatus } from '../../infra/local/stack-status.ts'
import { startStack, stopStack } from '../../infra/local/supervisor.ts'
import { createTopics } from '../../infra/kafka/topics.ts'
import { clickhouseClient } from '../support/clickhouse-client.ts'
import { registryClient } from '../support/registry-client.ts'

let stateDir: string
const anyPorts = { kafka: 0, registry: 0, analytics: 0 }

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'winnow-stack-'))
})

afterEach(async () => {
  await stopStack({ stateDir })
  await rm(stateDir, { recursive: true, force: true })
})

function start(options: Partial<Parameters<typeof startStack>[0]> = {}): Promise<StackState> {
  return startStack({ stateDir, cacheDir: cacheDir(), ports: anyPorts, ...options })
}

async function pids(): Promise<number[]> {
  const services = await stackStatus({ stateDir })
  return services.map((service) => service.pid ?? 0)
}

/** Writes one record, one schema and one row; resolves with the schema's id. */
async function fill(connections: StackConnections): Promise<number> {
  const kafka = new kafkajs.Kafka({
    brokers: connections.brokers,
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const admin = kafka.admin()
  await admin.connect()
  await createTopics(admin, [{ topic: 'kept', numPartitions: 2 }])
  await admin.disconnect()
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await producer.connect()
  const value = Buffer.alloc(20 * 2 ** 20, 'x')
  await producer.send({ topic: 'kept', messages: [{ partition: 0, value }] })
  await producer.disconnect()
  const client = clickhouseClient(connections)
  await client.command({ query: 'CREATE DATABASE kept' })
  await client.command({ query: 'CREATE TABLE kept.t (n UInt8) ENGINE = MergeTree ORDER BY n' })
  await client.insert({ table: 'kept.t', values: [{ n: 1 }], format: 'JSONEachRow' })
  await client.close()
  const registry = registryClient(connections)
  const schema = { type: SchemaType.AVRO, schema: JSON.stringify(schemaOf()) } as const
  return (await registry.register(schema, { subject: 'kept-value' })).id
}

function schemaOf() {
  return {
    type: 'record',
    name: 'Kept',
    namespace: 'test',
    fields: [{ name: 'a', type: 'string' }],
  }
}

/**
 * What is left of them: the end offset of the partition, the decoded schema's name, the rows of the
 * table.
 */
async function remains(connections: StackConnections, schemaId: number) {
  const kafka = new kafkajs.Kafka({
    brokers: connections.brokers,
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets('kept')
  await admin.disconnect()
  const registry = registryClient(connections)
  const encoded = await registry.encode(schemaId, { a: 'b' })
  const client = clickhouseClient(connections)
  const result = await client.query({ query: 'SELECT n FROM kept.t', format: 'JSONEachRow' })
  const rows = await result.json()
  await client.close()
  const offset = offsets.find((partition) => partition.partition === 0)?.high
  return { offset, decoded: await registry.decode(encoded), rows }
}

describe('a whole stack', () => {
  it('starts once for two callers, takes other ports, survives kill -9 and stops for good', async () => {
    const intruder = createServer().listen(0, '127.0.0.1')
    await once(intruder, 'listening')
    const { port: taken } = intruder.address() as AddressInfo
    const ports = { kafka: 0, registry: 0, analytics: taken }
    const [first, second] = await Promise.all([start({ ports }), start({ ports })])
    expect(second).toEqual(first)
    expect(first.ports.analytics).not.toBe(taken)
    intruder.close()
    const services = await stackStatus({ stateDir })
    expect(services.map((service) => [service.name, service.ready])).toEqual([
      ['kafka', true],
      ['registry', true],
      ['analytics', true],
    ])
    expect(services[0]?.url).toBe(`127.0.0.1:${first.ports.kafka}`)
    expect(services[1]?.apiUrl).toBe(connectionsOf(first).registryUrl)

    const schemaId = await fill(connectionsOf(first))
    const before = await pids()
    for (const pid of before) process.kill(pid, 'SIGKILL')
    await expect.poll(async () => (await pids()).join(), { timeout: 20_000 }).toBe('0,0,0')

    const again = await start()
    expect(again).toEqual(first)
    expect(await remains(connectionsOf(again), schemaId)).toEqual({
      offset: '1',
      decoded: { a: 'b' },
      rows: [{ n: 1 }],
    })

    const last = await pids()
    await stopStack({ stateDir })
    for (const pid of last) expect(await identityOf(pid)).toBeUndefined()
    await stopStack({ stateDir })
    expect(await pids()).toEqual([0, 0, 0])
  }, 240_000)
})

describe('one service', () => {
  const services = ['analytics'] as const

  it('outlives a killed starter and is kept by the next start', async () => {
    const module = pathToFileURL(join(import.meta.dirname, '../../infra/local/supervisor.ts')).href
    const options = JSON.stringify({ stateDir, cacheDir: cacheDir(), ports: anyPorts, services })
    const code = `import { startStack } from '${module}'
      await startStack(${options})
      console.log('started')
      setInterval(() => {}, 1000)`
    const starter = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(starter.stdout, 'data')
    starter.kill('SIGKILL')
    await once(starter, 'exit')
    const before = await pids()
    await start({ services })
    expect(await pids()).toEqual(before)
    expect((await stackStatus({ stateDir }))[2]).toMatchObject({ name: 'analytics', ready: true })
  })

  it('is replaced where its pid file names another process', async () => {
    await start({ services })
    const [, , pid] = await pids()
    process.kill(pid ?? 0, 'SIGKILL')
    const recycled = { pid: process.pid, startMark: '1' }
    await writeFile(join(stateDir, 'analytics.pid'), JSON.stringify(recycled))
    await start({ services })
    const [, , now] = await pids()
    expect(now).not.toBe(process.pid)
    expect((await stackStatus({ stateDir }))[2]?.ready).toBe(true)
  })

  it('takes another port when its own was taken while it was down', async () => {
    const first = await start({ services })
    await stopStack({ stateDir })
    const intruder = createServer().listen(first.ports.analytics, '127.0.0.1')
    await once(intruder, 'listening')
    const second = await start({ services })
    expect(second.ports.analytics).not.toBe(first.ports.analytics)
    intruder.close()
  })

  it('that cannot start fails with the end of its log and leaves nothing running', async () => {
    await mkdir(join(stateDir, 'analytics'))
    await writeFile(join(stateDir, 'analytics', 'store'), 'not a folder')
    await expect(start({ services })).rejects.toMatchObject({
      code: 'service_start_failed',
      message: expect.stringMatching(/analytics.log:\n.*EEXIST/s),
    })
    expect(await pids()).toEqual([0, 0, 0])
  })

  it('stops starting when the caller asks', async () => {
    const signal = AbortSignal.timeout(50)
    await expect(start({ services, signal })).rejects.toMatchObject({ code: 'cancelled' })
    expect(await pids()).toEqual([0, 0, 0])
  })
})
