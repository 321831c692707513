// Where a process passes which points. What happens there is configs/fault-hook.ts's; the faults
// themselves are tests/faults.
import { describe, expect, it } from 'vitest'
import { createMemoryObjects } from '../tests/support/memory-objects.ts'
import { createMemorySink } from '../tests/support/memory-sink.ts'
import { createMemoryTopic } from '../tests/support/memory-topic.ts'
import { createRecordingProducer } from '../tests/support/recording-producer.ts'
import { sampleModel } from '../tests/support/sample-models.ts'
import type { RecordSource } from '../schemas/ports/record-source.ts'
import { until } from '../tests/support/until.ts'
import { finish } from '../models/runtime/sliced-work.ts'
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import { noFaultPoints, openFaultPoints } from './fault-points.ts'

/** Points with a hook that notes what is passed, among what happens between. */
function noting() {
  const steps: string[] = []
  const points = openFaultPoints((point) => {
    steps.push(point)
    return undefined
  })
  return { steps, points }
}

describe('without a hook', () => {
  it('every port is given back as it is', () => {
    const port = {} as never
    const points = openFaultPoints(undefined)
    expect(points).toBe(noFaultPoints)
    expect(points.reach).toBeUndefined()
    for (const name of [
      'analytics',
      'producer',
      'source',
      'sink',
      'models',
      'read',
      'decode',
      'objects',
    ] as const)
      expect(points[name](port)).toBe(port)
  })
})

describe('with a hook', () => {
  it('an insert lies between two points of its table, where the table has any', async () => {
    const { steps, points } = noting()
    const port: Partial<Analytics> = {
      insert(table) {
        steps.push(`insert ${table}`)
        return Promise.resolve()
      },
    }
    const analytics = points.analytics(port as Analytics)
    const insertion = { columns: ['a'] as const, token: 't' }
    await analytics.insert('labels', { ...insertion, values: [[1]] })
    await analytics.insert('inference_batches', { ...insertion, values: [[1]] })
    expect(steps).toEqual([
      'before-insert-labels',
      'insert labels',
      'after-insert-labels',
      'insert inference_batches',
    ])
    steps.splice(0)
    await analytics.insert('labels', { ...insertion, values: [] })
    expect(steps).toEqual(['insert labels'])
  })

  it('a failed call passes no point behind it', async () => {
    const { steps, points } = noting()
    const producer = createRecordingProducer()
    producer.failures.push(new Error('away'))
    const wrapped = points.producer(producer)
    await expect(wrapped.send('t', [{ key: null, value: '' }])).rejects.toThrow('away')
    expect(steps).toEqual(['before-produce'])
    await wrapped.send('t', [{ key: null, value: '' }])
    await wrapped.send('t', [])
    expect(steps).toEqual(['before-produce', 'before-produce', 'after-produce'])
    expect(producer.sent).toHaveLength(2)
  })

  it('a source passes points as it polls, commits, drains and leaves', async () => {
    const { steps, points } = noting()
    const topic = createMemoryTopic({ topic: 't', partitions: 1 })
    topic.append(0, ['a'])
    const source = points.source(topic.source('g'))
    await source.start({
      onChunk({ records }) {
        steps.push(`${records.length} records`)
        return Promise.resolve(true)
      },
      onPassed: () => undefined,
      onAssigned: () => undefined,
      onFailure: () => undefined,
    })
    await until('the chunk', () => steps.length === 2)
    await source.commit([{ topic: 't', partition: 0, offset: 1 }])
    source.pause()
    await source.close()
    expect(steps).toEqual([
      'polled',
      '1 records',
      'before-commit',
      'after-commit',
      'draining',
      'leaving',
    ])
    expect(topic.committed('g', 0)).toBe(1)
  })

  it('keep every method of a port that is a class instance', async () => {
    class Source implements RecordSource {
      readonly #calls: string[] = []
      start = () => this.#note('start')
      commit(): Promise<void> {
        return this.#note('commit')
      }
      rejoin(): Promise<void> {
        return this.#note('rejoin')
      }
      pause(): void {
        this.#calls.push('pause')
      }
      close(): Promise<void> {
        return this.#note('close')
      }
      get calls(): readonly string[] {
        return this.#calls
      }
      #note(call: string): Promise<void> {
        this.#calls.push(call)
        return Promise.resolve()
      }
    }
    const port = new Source()
    const source = noting().points.source(port)
    await source.rejoin()
    await source.commit([])
    source.pause()
    await source.close()
    expect(port.calls).toEqual(['rejoin', 'commit', 'pause', 'close'])
  })

  it('a sink passes points around its fence and behind what it tells', async () => {
    const { steps, points } = noting()
    const memory = createMemorySink<string>()
    const sink = points.sink(memory)
    const fence = await sink.fence([0])
    expect(await sink.storedFrom('t', 0, 0)).toMatchObject({ through: Infinity })
    expect((await sink.fence([0], fence)).token).toBe('1/2')
    expect(steps).toEqual([
      'before-fence',
      'after-fence',
      'after-delivered',
      'before-fence',
      'after-fence',
    ])
  })

  it('a model passes points as it tokenizes and answers, and is released as before', async () => {
    const { steps, points } = noting()
    const champion = sampleModel({ label: 'spam' })
    const lease = points
      .models({
        name: 'mail',
        acquire: () => ({ champion, release: () => steps.push('released') }),
      })
      .acquire()
    finish(lease.champion.tokenizer.encoding('a', { maxTokens: 8 }))
    const { result } = await lease.champion.classifyWhenRoom(Int32Array.of(1))
    expect(await result).toMatchObject({ label: 'spam' })
    lease.release()
    expect(steps).toEqual(['tokenizing', 'before-infer', 'after-infer', 'released'])
    expect(lease.champion).toMatchObject({ name: champion.name, labels: champion.labels })
  })

  it('a reader passes a point behind each value, and an object store one before each file', async () => {
    const { steps, points } = noting()
    const read = points.read((value) => Promise.resolve(value.length))
    expect(await read(Buffer.from('abc'))).toBe(3)
    const objects = createMemoryObjects()
    objects.before = (call) => steps.push(call)
    await points.objects(objects).write('key', { bytes: Buffer.from('x') })
    expect(steps).toEqual(['decoded', 'publish-uploading', 'write'])
  })

  it('the flow waits at a point for as long as the hook does', async () => {
    let goOn: () => void = () => undefined
    const points = openFaultPoints((point) =>
      point === 'before-produce' ? new Promise((resolve) => (goOn = resolve)) : undefined,
    )
    const producer = createRecordingProducer()
    const sending = points.producer(producer).send('t', [{ key: null, value: '' }])
    await new Promise((resolve) => setImmediate(resolve))
    expect(producer.sent).toEqual([])
    goOn()
    await sending
    expect(producer.sent).toHaveLength(1)
  })
})
