// What the sink sends and asks, in which order, and what it makes of the answers. That rows land
// once is tested on the real engine in tests/contract/sink.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { exception } from '../../tests/support/fake-clickhouse.ts'
import { jsonOf, openJsonSchemas } from '../../tests/support/json-schemas.ts'
import {
  createRecordingProducer,
  type RecordingProducer,
} from '../../tests/support/recording-producer.ts'
import {
  outputOf,
  sampleClassification,
  sampleDeadLetter,
  sampleRecord,
} from '../../tests/support/sample-records.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import {
  createResultSink,
  insertDeadLetters,
  readStored,
  readStoredAttempts,
  sendDeadLetters,
  type SinkClients,
} from './result-sink.ts'

let scripted: ScriptedEngine
let producer: RecordingProducer
let clients: SinkClients
beforeEach(async () => {
  scripted = await openScriptedEngine()
  scripted.answer('system.processes', [{ n: 0 }])
  producer = createRecordingProducer()
  clients = { analytics: scripted.analytics, producer, schemas: await openJsonSchemas() }
})
afterEach(() => scripted.close())

const topic = 'events'
const sampleSent = {
  record: { key: null, value: 'sent' },
  shortened: () => ({ key: null, value: 's' }),
}
const fence = { group: 'g', topic, partitions: [0], token: 'f' }
const sinkOf = (classified: string | undefined = 'classified') =>
  createResultSink(clients, {
    models: ['mail'],
    topics: { deadLetters: 'dead-letters', classified },
    owner: { group: 'g', topic },
  })
const result = (offset: number, fields: Parameters<typeof sampleClassification>[0] = {}) =>
  sampleClassification({ topic, offset, ...fields })

describe('write', () => {
  const block = {
    token: 'block',
    outputs: [outputOf(result(0, { knownLabel: 'spam' })), outputOf(result(1), 2)],
    deadLetters: [sampleDeadLetter({ topic, offset: 2 })],
  }

  it('stores dead letters and labels before results: with these the events count as delivered', async () => {
    await sinkOf().write(block, fence)
    const inserts = scripted.inserts()
    expect(inserts.map(({ table }) => table)).toEqual(['dead_letters', 'labels', 'classifications'])
    expect(inserts.map((insert) => insert.fence)).toEqual(['f', 'f', 'f'])
    expect(inserts.map(({ token }) => token)).toEqual([
      'block-mail-dead-f',
      'block-labels-f',
      'block-mail-f',
    ])
    expect(inserts[0]!.rows).toMatchObject([{ offset: 2, model: 'mail' }])
    expect(inserts[1]!.rows).toMatchObject([{ event_id: 'event-0', label: 'spam' }])
    expect(inserts[2]!.rows).toMatchObject([
      { offset: 0, attempt: 0 },
      { offset: 1, attempt: 2 },
    ])
  })

  it('sends results keyed by event, and dead letters keyed by origin with the name of the model', async () => {
    await sinkOf().write(block, fence)
    const sent = new Map(producer.sent.map((one) => [one.topic, one.records]))
    expect(sent.get('classified')!.map(({ key }) => key)).toEqual(['event-0', 'event-1'])
    expect(jsonOf(sent.get('classified')![0]!.value)).toMatchObject({ offset: 0, label: 'ham' })
    expect(sent.get('dead-letters')!.map(({ key }) => key)).toEqual(['events/0/2'])
    expect(jsonOf(sent.get('dead-letters')![0]!.value)).toMatchObject({ model: 'mail' })
  })

  it('sends no results where nobody wants them on a topic', async () => {
    const sink = createResultSink(clients, {
      models: ['mail'],
      topics: { deadLetters: 'dead-letters', classified: undefined },
      owner: { group: 'g', topic },
    })
    await sink.write(block, fence)
    expect(producer.sent.map((one) => one.topic)).toEqual(['dead-letters'])
  })

  it('sends results and rejected records to topics of others before it stores anything', async () => {
    const letter = block.deadLetters[0]!
    const records = new Map([[letter, sampleRecord(2, { topic })]])
    const options = {
      models: ['mail'],
      topics: { deadLetters: 'dead-letters', classified: 'classified', ofInput: 'rejected' },
      owner: { group: 'g', topic },
      outputs: [
        { topic: 'out', records: (outputs: readonly unknown[]) => outputs.map(() => sampleSent) },
        { topic: 'nothing', records: () => [] },
      ],
    }
    await createResultSink(clients, options).write({ ...block, records }, fence)
    const sent = new Map(producer.sent.map((one) => [one.topic, one.records.length]))
    expect(sent.get('out')).toBe(2)
    expect(sent.get('rejected')).toBe(1)
    expect(sent.has('nothing')).toBe(false)
    producer.sent.length = 0
    producer.send = (to) =>
      to === 'out'
        ? Promise.reject(new WinnowError('broker_unavailable', 'away'))
        : Promise.resolve()
    const before = scripted.inserts().length
    const again = createResultSink(clients, options).write({ ...block, records }, fence)
    await expect(again).rejects.toMatchObject({ code: 'broker_unavailable' })
    expect(scripted.inserts()).toHaveLength(before)
  })

  it('stores nothing of a block that Kafka did not take', async () => {
    const away = new WinnowError('broker_unavailable', 'away')
    producer.failures.push(away)
    await expect(sinkOf().write(block, fence)).rejects.toBe(away)
    expect(scripted.inserts()).toEqual([])
  })

  it('stores no results when the dead letters of the block were refused', async () => {
    scripted.engine.failures.push(exception(395, 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'))
    await expect(sinkOf().write(block, fence)).rejects.toMatchObject({ code: 'fenced' })
    expect(scripted.inserts().map(({ table }) => table)).toEqual(['dead_letters'])
  })

  it('notes a change of the champion behind the rows, and what was sent again is none', async () => {
    scripted.answer('offset < {offset: UInt64}', [{ version: '1' }])
    const outputs = [
      outputOf(result(5, { version: '2' })),
      outputOf(result(1, { version: '3' }), 1),
      outputOf(result(6, { version: '2' })),
    ]
    const sink = sinkOf()
    await sink.write({ token: 'block', outputs, deadLetters: [] }, fence)
    const swaps = scripted.inserts().filter(({ table }) => table === 'model_releases')
    expect(swaps.map(({ rows }) => rows)).toMatchObject([
      [{ kind: 'swap', version: '2', reason: 'from version 1', offset: 5 }],
    ])
    await sink.write(
      { token: 'next', outputs: [outputOf(result(7, { version: '2' }))], deadLetters: [] },
      fence,
    )
    expect(scripted.inserts().filter(({ table }) => table === 'model_releases')).toHaveLength(1)
  })
})

describe('fence and delivered', () => {
  it('forget which version was stored last: another owner may have written since', async () => {
    const sink = sinkOf()
    const write = (offset: number) =>
      sink.write({ token: 'block', outputs: [outputOf(result(offset))], deadLetters: [] }, fence)
    await write(0)
    scripted.answer('offset < {offset: UInt64}', [{ version: '7' }])
    await write(1)
    const notes = () => scripted.inserts().filter(({ table }) => table === 'model_releases')
    expect(notes()).toEqual([])
    await sink.fence([0])
    await write(2)
    expect(notes().map(({ rows }) => rows)).toMatchObject([[{ reason: 'from version 7' }]])
  })

  const missing = { atMs: 5, version: '2', from: '1', offset: 9 }

  it('complete the notes of a partition when asked to recover it, and never when read', async () => {
    scripted.answer('lagInFrame', [missing])
    const sink = sinkOf()
    const raised = await sink.fence([0, 1])
    await sink.storedFrom(topic, 0, 0)
    expect(scripted.inserts()).toEqual([])
    await sink.recover(topic, 0)
    await sink.recover(topic, 1)
    const notes = scripted.inserts()
    expect(notes.map(({ token }) => token)).toEqual(
      [0, 1].map((partition) => `${raised.token}-events/${partition}-swaps-mail-${raised.token}`),
    )
    expect(notes[0]!.rows).toMatchObject([{ kind: 'swap', version: '2', offset: 9, partition: 0 }])
    await sink.fence([0], raised)
    await sink.recover(topic, 0)
    expect(scripted.inserts()).toHaveLength(3)
  })

  it('leave the notes to the next owner when they were fenced off, and throw other failures', async () => {
    scripted.answer('lagInFrame', [missing])
    const sink = sinkOf()
    await sink.fence([0])
    scripted.engine.failures.push(exception(236, 'ABORTED'))
    await expect(sink.recover(topic, 0)).rejects.toMatchObject({
      code: 'analytics_unavailable',
    })
    scripted.engine.failures.push(exception(395, 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'))
    await sink.recover(topic, 0)
  })
})

describe('readStored', () => {
  const from = { topic, partition: 3, fromOffset: 7 }
  const sqlOf = () => scripted.statements().at(-1)!.sql

  it('gives offsets with their record times, and says that there are no more', async () => {
    scripted.answer('GROUP BY at', [
      { at: 7, ms: 70 },
      { at: 9, ms: 90 },
    ])
    expect(await readStored(scripted.analytics, from)).toEqual({
      recordTimeMsByOffset: new Map([
        [7, 70],
        [9, 90],
      ]),
      through: Infinity,
    })
    expect(scripted.statements()[0]!.parameters).toEqual({
      topic,
      partition: '3',
      fromOffset: '7',
    })
  })

  it('says of a full page how far it reaches', async () => {
    scripted.answer(
      'GROUP BY at',
      Array.from({ length: 10_000 }, (_, at) => ({ at: 7 + 2 * at, ms: 1 })),
    )
    expect((await readStored(scripted.analytics, from)).through).toBe(7 + 2 * 9_999)
  })

  it('looks at dead letters alone, or with the results of a model, or with the labels', async () => {
    await readStored(scripted.analytics, from)
    expect(sqlOf()).not.toMatch(/classifications|labels|model IN/)
    await readStored(scripted.analytics, { ...from, model: 'mail' })
    expect(sqlOf()).toMatch(/FROM classifications[\s\S]*role != 'shadow'[\s\S]*model IN \(''/)
    await readStored(scripted.analytics, { ...from, table: 'labels' })
    expect(sqlOf()).toMatch(/FROM labels[\s\S]*FROM dead_letters/)
    expect(sqlOf()).not.toMatch(/model IN/)
  })
})

describe('readStoredAttempts', () => {
  const origins = [5, 6, 7, 8].map((offset) => ({
    topic,
    partition: 3,
    offset,
    recordTimeMs: offset * 10,
  }))

  it('gives the attempt of each origin in its order, and tells results from nothing', async () => {
    scripted.answer('GROUP BY at, ms', [
      { at: 7, ms: 70, settled: 1_000_000_000 },
      { at: 5, ms: 50, settled: 2 },
      // Of a topic that was created again.
      { at: 6, ms: 1, settled: 4 },
      { at: 8, ms: 80, settled: 0 },
    ])
    const asked = { topic, partition: 3, origins, model: 'mail' }
    expect(await readStoredAttempts(scripted.analytics, asked)).toEqual([2, -1, Infinity, 0])
    expect(scripted.statements()[0]!.parameters).toEqual({
      topic,
      partition: '3',
      model: 'mail',
      offsets: '[5,6,7,8]',
    })
  })
})

describe('dead letters', () => {
  it('are sent only where there are any, and inserted with a token of their own', async () => {
    await sendDeadLetters(clients, 'dead-letters', [])
    expect(producer.sent).toEqual([])
    const letters = [sampleDeadLetter({ offset: 4 })]
    await sendDeadLetters(clients, 'dead-letters', letters)
    expect(producer.sent[0]!.records.map(({ key }) => key)).toEqual(['sample.events/0/4'])
    await insertDeadLetters(scripted.analytics, { token: 'b', deadLetters: letters }, fence)
    expect(scripted.inserts()).toMatchObject([{ table: 'dead_letters', token: 'b-dead-f' }])
  })
})
