// How readers of a topic treat batches that are damaged or expand too far, with a fake broker in
// this process; memory use is measured in a process of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import { openFakeBroker, type FakeBroker } from '../../tests/support/fake-broker.ts'
import { bomb, makeBatch } from '../../tests/support/record-batches.ts'
import { until } from '../../tests/support/until.ts'
import { createKafka, type KafkaClient } from './kafka.ts'
import { createModelAnnouncements } from '../sinks/model-announcements.ts'
import { codecs } from '../record-batch/codec.ts'
import { readRecordsAt } from './record-lookup.ts'
import { KafkaRecordSource } from './record-source.ts'
import type { Schemas } from '../schema-registry/registry.ts'
import { readRanges } from './topic-range.ts'

const topic = 'exploding'
const names = Object.values(codecs)
let broker: FakeBroker

beforeEach(async () => {
  broker = await openFakeBroker(topic)
})
afterEach(() => broker.close())

function configOf() {
  const recordBytesMax = 1_000_000
  const brokers = JSON.stringify([broker.address])
  return loadConfig({
    env: {},
    set: [`kafka.brokers=${brokers}`, `topics.recordBytesMax=${recordBytesMax}`],
  })
}

const good = (text: string) => makeBatch([{ value: text }])

/** Readable batches between unreadable ones; offsets 1, 3, 5, 7 and 9 to 11 are lost. */
function fill(): void {
  for (const codec of names) {
    broker.append(good(codec))
    broker.append(bomb(codec, 5_000_000))
  }
  broker.append(good('the last but one'))
  const damaged = makeBatch([{ value: 'a' }, { value: 'b' }, { value: 'c' }])
  damaged[70]! ^= 1
  broker.append(damaged)
  broker.append(good('the last'))
}
const lost = [1, 3, 5, 7, 9, 10, 11]
const end = 13

function expectAll(records: readonly KafkaRecord[]): void {
  expect(records.map(({ offset }) => offset)).toEqual([...Array(end).keys()])
  for (const { offset, value, unreadable } of records) {
    expect(value === null, String(offset)).toBe(lost.includes(offset))
    const code = offset < 9 ? 'record_too_large' : 'batch_corrupt'
    expect(unreadable?.code).toBe(lost.includes(offset) ? code : undefined)
  }
}

describe('a topic with batches that cannot be read', () => {
  it('is handed to a group member in full, and committed', async () => {
    fill()
    const config = configOf()
    const source = new KafkaRecordSource(createKafka(config), {
      group: 'g',
      topic,
      config,
      concurrency: 1,
    })
    const records: KafkaRecord[] = []
    const failures: Error[] = []
    await source.start({
      onChunk: (chunk) => {
        records.push(...chunk.records)
        return Promise.resolve(true)
      },
      onPassed: () => undefined,
      onAssigned: () => undefined,
      onFailure: (error) => failures.push(error),
    })
    await until('all records', () => records.length === end, 10_000)
    await source.commit([{ topic, partition: 0, offset: end }])
    await source.close()
    expect([failures, broker.committed()]).toEqual([[], end])
    expectAll(records)
  })

  it('can be read as a range and record by record', async () => {
    fill()
    const kafka = createKafka(configOf())
    const records: KafkaRecord[] = []
    const ranges = [{ partition: 0, from: 0, to: end }]
    for await (const chunk of readRanges(kafka, { topic, ranges })) records.push(...chunk.records)
    expectAll(records)
    const looked: KafkaRecord[] = []
    const places = records.map(({ offset }) => ({ partition: 0, offset }))
    const take = (record: KafkaRecord) => {
      looked.push(record)
      return Promise.resolve()
    }
    await readRecordsAt(kafka, { topic, places, take })
    expectAll(looked)
  })

  it('can be followed as announcements, with a log line for each lost record', async () => {
    fill()
    const lines = await follow(createKafka(configOf()))
    expect(lines.filter((line) => line.includes('cannot be read'))).toHaveLength(lost.length)
    expect(lines[0]).toBe('exploding/0 was skipped: no announcement')
  })

  async function follow(kafka: KafkaClient): Promise<string[]> {
    const stop = new AbortController()
    const lines: string[] = []
    const error = { code: 'json_invalid', message: 'no announcement' }
    const schemas = { decode: () => Promise.resolve({ kind: 'rejected', error }) }
    await createModelAnnouncements({ kafka, schemas: schemas as unknown as Schemas }, topic).follow(
      {
        onCaughtUp: () => stop.abort(),
        onAnnouncement: () => undefined,
        log: (line) => lines.push(line),
      },
      stop.signal,
    )
    return lines
  }
})

const consumer = (address: string, recordsMax: number) => `
  import { readFileSync } from 'node:fs'
  import { loadConfig } from './configs/load.ts'
  import { createKafka } from './infra/kafka/kafka.ts'
  import { KafkaRecordSource } from './infra/kafka/record-source.ts'
  const config = loadConfig({ env: {}, set: ['kafka.brokers=["${address}"]'] })
  const source = new KafkaRecordSource(createKafka(config), {
    group: 'g', topic: '${topic}', config, concurrency: 1,
  })
  const codes = []
  let longestMs = 0
  let beforeMs = performance.now()
  setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - beforeMs)
    beforeMs = performance.now()
  }, 5)
  const end = async () => {
    await source.close()
    const status = readFileSync('/proc/self/status', 'utf8')
    const peakMb = Number(/VmHWM:\\s+(\\d+)/.exec(status)[1]) / 1024
    console.log(JSON.stringify({ codes, peakMb, longestMs }))
    process.exit(0)
  }
  await source.start({
    onPassed: () => undefined,
    onAssigned: () => undefined,
    onFailure: (error) => { console.error(error); process.exit(1) },
    onChunk: async ({ records }) => {
      codes.push(...records.map(({ unreadable }) => unreadable?.code ?? 'ok'))
      if (codes.length >= ${recordsMax}) void end()
      return true
    },
  })`

it.runIf(process.platform === 'linux')(
  'uses little memory and never blocks for long',
  { timeout: 120_000 },
  async () => {
    // Above the limit of 64 MiB for a batch, and below it with a record above the limit for a
    // record.
    const sizes = [80_000_000, 60_000_000, 80_000_000]
    for (const codec of names) {
      const made = new Map(sizes.map((bytes) => [bytes, bomb(codec, bytes)]))
      for (const bytes of sizes) broker.append(made.get(bytes)!)
      broker.append(good('between'))
    }
    const code = consumer(broker.address, names.length * (sizes.length + 1))
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      cwd: new URL('../../', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      let stdout = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
      await once(child, 'close')
      const { codes, peakMb, longestMs } = JSON.parse(stdout) as {
        codes: string[]
        peakMb: number
        longestMs: number
      }
      const refused = sizes.map(() => 'record_too_large')
      expect(codes).toEqual(names.flatMap(() => [...refused, 'ok']))
      // docker-compose.yml gives a stage 768 MB, and the rest of a stage takes about 150.
      expect(peakMb).toBeLessThan(550)
      expect(longestMs).toBeLessThan(1_000)
    } finally {
      child.kill('SIGKILL')
    }
  },
)
