// What the sink sends and asks; tests/contract/sink.test.ts has what the real servers make of it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import type { Sink } from '../../schemas/ports/sink.ts'
import { openJsonSchemas } from '../../tests/support/json-schemas.ts'
import {
  createRecordingProducer,
  type RecordingProducer,
} from '../../tests/support/recording-producer.ts'
import {
  recordOf,
  sampleClassification,
  sampleDeadLetter,
} from '../../tests/support/sample-records.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { createTopicSink } from './topic-sink.ts'

let scripted: ScriptedEngine
let producer: RecordingProducer
let sink: Sink<string>
beforeEach(async () => {
  scripted = await openScriptedEngine()
  scripted.answer('system.processes', [{ n: 0 }])
  producer = createRecordingProducer()
  const schemas = await openJsonSchemas()
  sink = createTopicSink<string>(
    { analytics: scripted.analytics, producer, schemas },
    {
      topic: 'validated',
      deadLetterTopic: 'dead-letters',
      partitions: 2,
      encode: (value) => Buffer.from(value),
      owner: { group: 'g', topic: 'events' },
    },
  )
})
afterEach(() => scripted.close())

const fence = { group: 'g', topic: 'events', partitions: [0], token: 'f' }

function outputOf(partition: number, offset: number, attempt = 0) {
  const origin = { topic: 'events', partition, offset, recordTimeMs: 5 }
  const record = { ...recordOf(sampleClassification(origin)), traceparent: `trace ${offset}` }
  return { record, origin, attempt, value: `value ${offset}` }
}

describe('the topic sink', () => {
  it('sends records in order to the partition they came from, wrapped where there are fewer', async () => {
    const outputs = [outputOf(0, 1), outputOf(1, 2), outputOf(3, 4, 2)]
    await sink.write({ token: 'block', outputs, deadLetters: [] }, fence)
    expect(producer.sent).toHaveLength(1)
    const [{ topic, records }] = producer.sent as [(typeof producer.sent)[number]]
    expect(topic).toBe('validated')
    expect(records).toEqual(
      outputs.map(({ record, origin, attempt, value }, at) => ({
        key: record.key,
        value: Buffer.from(value),
        partition: [0, 1, 1][at],
        traceparent: record.traceparent,
        lineage: { origin, attempt },
      })),
    )
  })

  it('stores dead letters under the fence, and no rows', async () => {
    const deadLetters = [sampleDeadLetter({ offset: 3 })]
    await sink.write({ token: 'block', outputs: [outputOf(0, 1)], deadLetters }, fence)
    expect(producer.sent.map(({ topic }) => topic)).toEqual(['validated', 'dead-letters'])
    expect(scripted.inserts()).toMatchObject([
      { table: 'dead_letters', token: 'block-dead-f', rows: [{ offset: 3, model: '' }] },
    ])
  })

  it('stores nothing when the records were not taken', async () => {
    const away = new WinnowError('broker_unavailable', 'away')
    producer.failures.push(away)
    const block = { token: 'b', outputs: [outputOf(0, 1)], deadLetters: [sampleDeadLetter()] }
    await expect(sink.write(block, fence)).rejects.toBe(away)
    expect(scripted.inserts()).toEqual([])
  })

  it('tells what it has by dead letters alone: the next stage recognises a repeated record', async () => {
    scripted.answer('FROM dead_letters', [{ at: 3, ms: 5, settled: 1 }])
    const origin = { topic: 'events', partition: 0, offset: 3, recordTimeMs: 5 }
    expect(await sink.storedFrom('events', 0, 0)).toMatchObject({ through: Infinity })
    expect(await sink.storedAttempts('events', 0, [origin])).toEqual([1])
    for (const { sql } of scripted.statements()) expect(sql).not.toMatch(/classifications|labels/)
  })

  it('raises fences for its group and topic', async () => {
    const raised = await sink.fence([1])
    expect(raised).toMatchObject({ group: 'g', topic: 'events', partitions: [1] })
  })
})
