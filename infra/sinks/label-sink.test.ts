// What the sink sends and asks; tests/contract/sink.test.ts has what the real engine makes of it.
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
  sampleTimeMs,
} from '../../tests/support/sample-records.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { createLabelSink, type LabelToStore } from './label-sink.ts'

let scripted: ScriptedEngine
let producer: RecordingProducer
let sink: Sink<LabelToStore>
beforeEach(async () => {
  scripted = await openScriptedEngine()
  scripted.answer('system.processes', [{ n: 0 }])
  producer = createRecordingProducer()
  const schemas = await openJsonSchemas()
  sink = createLabelSink(
    { analytics: scripted.analytics, producer, schemas },
    { deadLetterTopic: 'dead-letters', owner: { group: 'g', topic: 'labels' } },
  )
})
afterEach(() => scripted.close())

const fence = { group: 'g', topic: 'labels', partitions: [0], token: 'f' }

function outputOf(offset: number, label: string | null) {
  const origin = { topic: 'labels', partition: 0, offset, recordTimeMs: sampleTimeMs }
  const record = recordOf(sampleClassification(origin))
  return {
    record,
    origin,
    attempt: 0,
    value: { eventId: 'e-1', label, by: 'ann', timeMs: sampleTimeMs },
  }
}

describe('the label sink', () => {
  it('stores labels with where they entered, behind the dead letters of the block', async () => {
    const outputs = [outputOf(4, 'spam'), outputOf(5, null)]
    const deadLetters = [sampleDeadLetter({ topic: 'labels', offset: 6 })]
    await sink.write({ token: 'block', outputs, deadLetters }, fence)
    const inserts = scripted.inserts()
    expect(inserts.map(({ table, token }) => [table, token])).toEqual([
      ['dead_letters', 'block-dead-f'],
      ['labels', 'block-labels-f'],
    ])
    expect(inserts[1]!.rows).toMatchObject([
      { event_id: 'e-1', label: 'spam', labelled_by: 'ann', topic: 'labels', offset: 4 },
      { event_id: 'e-1', label: '', offset: 5 },
    ])
    expect(producer.sent.map(({ topic }) => topic)).toEqual(['dead-letters'])
  })

  it('stores nothing of a block whose dead letters Kafka did not take', async () => {
    const away = new WinnowError('broker_unavailable', 'away')
    producer.failures.push(away)
    const block = { token: 'b', outputs: [outputOf(4, 'spam')], deadLetters: [sampleDeadLetter()] }
    await expect(sink.write(block, fence)).rejects.toBe(away)
    expect(scripted.inserts()).toEqual([])
  })

  it('looks for what was delivered among labels and dead letters', async () => {
    scripted.answer('FROM labels', [{ at: 4, ms: 7, settled: 1_000_000_000 }])
    const origin = { topic: 'labels', partition: 0, offset: 4, recordTimeMs: 7 }
    expect(await sink.storedFrom('labels', 0, 2)).toMatchObject({
      recordTimeMsByOffset: new Map([[4, 7]]),
    })
    expect(await sink.storedAttempts('labels', 0, [origin])).toEqual([Infinity])
  })

  it('raises fences for its group and topic', async () => {
    const raised = await sink.fence([0, 2])
    expect(raised).toMatchObject({ group: 'g', topic: 'labels', partitions: [0, 2] })
    expect((await sink.fence([0, 2], raised)).token).toBe(`${raised.token}/2`)
  })
})
