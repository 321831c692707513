// Compression bombs on the real broker, which accepts them: a stage makes a dead letter of each,
// loses nothing around them, and needs less memory than docker-compose.yml gives it.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { codecs } from '../../infra/record-batch/codec.ts'
import { readBounds } from '../../infra/kafka/record-lookup.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { startWinnow, winnow } from '../support/cli.ts'
import { produceRaw } from '../support/raw-produce.ts'
import { bomb, compressors, makeBatch } from '../support/record-batches.ts'
import { until } from '../support/until.ts'

const stack = inject('stack')
const names = Object.values(codecs)
const bombBytes = 250_000_000
const memoryMbMax = 768
let backends: Backends

beforeAll(async () => {
  backends = await openBackends(stack, { WINNOW_TELEMETRY_PORT: '0' })
})
afterAll(() => backends.close())

const events = () => topicOf(backends.config.topics, 'events')
const send = (batch: Buffer) => produceRaw(stack.brokers[0]!, events(), batch)

it('gives dead letters for bombs in all codecs, and takes all events between them', async () => {
  const { env, kafka, analytics, config } = backends
  let good = 0
  for (const codec of names) {
    const texts = Array.from({ length: 500 }, () => ({ id: `e-${good++}`, text: 'An open box.' }))
    const records = texts.map((event) => ({ value: JSON.stringify(event) }))
    expect(await send(makeBatch(records, { codec }))).toBe(0)
    // The broker expands each bomb, too; unreadable-batches.test.ts has three of each codec.
    expect(await send(bomb(codec, bombBytes))).toBe(0)
  }
  const stage = await startWinnow(['stream', '--stages', 'validate'], { env })
  try {
    await until('all events', async () => {
      const bounds = await readBounds(kafka, topicOf(config.topics, 'validated'))
      const validated = [...bounds.values()].reduce((sum, { high, low }) => sum + high - low, 0)
      expect(validated).toBeLessThanOrEqual(good)
      return validated === good
    })
    const query = 'SELECT code, toUInt32(count()) AS letters FROM dead_letters GROUP BY code'
    const letters = await until('all dead letters', async () => {
      const rows = await analytics.rows<{ code: string; letters: number }>(query)
      const all = rows.reduce((sum, row) => sum + row.letters, 0)
      return all >= names.length && rows
    })
    expect(letters).toEqual([{ code: 'record_too_large', letters: names.length }])
    const status = await readFile(`/proc/${stage.pid}/status`, 'utf8').catch(() => '')
    const peakMb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024
    expect(peakMb).toBeGreaterThan(50)
    expect(peakMb).toBeLessThan(memoryMbMax)
  } finally {
    expect(await stage.stop()).toBe(0)
  }
  const replayed = await winnow(['dlq', 'replay', '--json'], { env })
  expect(JSON.parse(replayed.stdout)).toMatchObject({ skipped: { unreadable: names.length } })
})

it('meets no damaged batch, since the broker refuses it', async () => {
  const changed = makeBatch([{ value: 'a' }])
  changed[changed.length - 1]! ^= 1
  const corruptMessage = 2
  expect(await send(changed)).toBe(corruptMessage)
  for (const codec of names) {
    const payload = compressors[codec](Buffer.alloc(1_000)).subarray(0, -6)
    expect(await send(makeBatch([{ value: 'a' }], { codec, payload }))).not.toBe(0)
  }
})
