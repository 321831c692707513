import { describe, expect, it } from 'vitest'
import type { Classification } from '../schemas/classification.ts'
import { WinnowError } from '../schemas/errors.ts'
import { createMemorySink } from '../tests/support/memory-sink.ts'
import { sampleModel } from '../tests/support/sample-models.ts'
import { outputOf, sampleClassification } from '../tests/support/sample-records.ts'
import { until } from '../tests/support/until.ts'
import { isInShare } from './stages/event-share.ts'
import type { InferenceOutcome, ModelPort } from './stages/infer.ts'
import { ShadowClassifier, withShadow, type ShadowOutcome } from './shadow-classifier.ts'

const results = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => sampleClassification({ offset: from + at }))

/** A shadow classifier of version 2, a clock set by hand and a place for what it does. */
function shadowWith(options: {
  percent?: number
  model?: ModelPort
  queueEventsMax?: number
  write?: (rows: readonly Classification[]) => Promise<void>
}) {
  const stored: Classification[] = []
  const counts: Record<ShadowOutcome, number> = { stored: 0, shed: 0, rejected: 0, failed: 0 }
  const lines: string[] = []
  const source = { model: options.model, leases: 0 }
  source.model ??= sampleModel({ version: '2', label: 'spam' })
  const classifier = new ShadowClassifier({
    models: {
      acquire() {
        const { model } = source
        if (model === undefined) return undefined
        source.leases++
        const release = () => {
          source.leases--
        }
        return { model, percent: options.percent ?? 100, release }
      },
    },
    write: async (rows) => {
      await options.write?.(rows)
      stored.push(...rows)
    },
    queueEventsMax: options.queueEventsMax ?? 1_000,
    topLabels: 1,
    nowMs: () => Date.now(),
    count: (outcome, events) => (counts[outcome] += events),
    log: (line) => lines.push(line),
  })
  return { classifier, stored, counts, lines, source }
}

/** A model whose answers come when `open` is called. */
function gatedModel() {
  const gate = Promise.withResolvers<InferenceOutcome>()
  const model = sampleModel({ version: '2', classify: () => gate.promise })
  const answer: InferenceOutcome = {
    kind: 'ok',
    label: 'spam',
    score: 1,
    labels: ['spam'],
    outOfScope: 0,
    answeredBy: '',
    probabilities: Float32Array.of(1),
    queueMs: 0,
    inferMs: 1,
  }
  return { model, open: () => gate.resolve(answer) }
}

describe('ShadowClassifier', () => {
  it('classifies its share of the events again, as rows of the shadow with the same origin', async () => {
    const { classifier, stored, counts } = shadowWith({ percent: 40 })
    const offered = results(300)
    classifier.offer(offered)
    const due = offered.filter(({ eventId }) =>
      isInShare(eventId, { purpose: 'mail/shadow', percent: 40 }),
    )
    await until('its events', () => stored.length === due.length)
    await classifier.close()
    for (const [at, row] of stored.entries()) {
      const { topic, partition, offset, recordTimeMs, eventId, text, source } = due[at]!
      expect(row).toMatchObject({ topic, partition, offset, recordTimeMs, eventId, text, source })
      expect(row).toMatchObject({ role: 'shadow', version: '2', label: 'spam' })
    }
    expect(counts).toEqual({ stored: due.length, shed: 0, rejected: 0, failed: 0 })
  })

  it('sheds what its queue has no room for, and takes events again when it has', async () => {
    const { model, open } = gatedModel()
    const { classifier, stored, counts } = shadowWith({ model, queueEventsMax: 50 })
    classifier.offer(results(100))
    classifier.offer(results(100, 100))
    // 32 are at work from the first 50, so that 32 of the second 100 may have had room.
    expect(counts.shed).toBeGreaterThanOrEqual(50 + 68)
    open()
    await until('what it took', () => stored.length === 200 - counts.shed)
    classifier.offer(results(10, 500))
    await until('the later ones', () => stored.length === 210 - counts.shed)
    await classifier.close()
    expect(counts.stored + counts.shed).toBe(210)
  })

  it('does nothing without a shadow, nor for what the same version answered', async () => {
    const { classifier, stored, counts, source } = shadowWith({})
    classifier.offer(results(5).map((one) => ({ ...one, version: '2' })))
    source.model = undefined
    classifier.offer(results(5))
    await classifier.close()
    expect([stored.length, counts.stored, counts.shed]).toEqual([0, 0, 0])
  })

  it('keeps a failure of its model to itself, says it once, and goes on when it is fixed', async () => {
    let broken = true
    const good = sampleModel({ version: '2' })
    const model = {
      ...good,
      classifyWhenRoom: (ids: Int32Array) =>
        broken
          ? Promise.reject(new WinnowError('worker_crashed', 'gone'))
          : good.classifyWhenRoom(ids),
    }
    const { classifier, stored, counts, lines, source } = shadowWith({ model })
    classifier.offer(results(100))
    await until('the failures', () => counts.failed === 100)
    expect(lines).toEqual([expect.stringMatching(/mail@2 failed: gone; the stream continues/)])
    broken = false
    classifier.offer(results(10, 100))
    await until('rows again', () => stored.length === 10)
    await classifier.close()
    expect(source.leases).toBe(0)
  })

  it('gives rows up that cannot be stored, after a second try with the same ones', async () => {
    const tried: (readonly Classification[])[] = []
    const { classifier, counts, lines } = shadowWith({
      write: (rows) => {
        tried.push(rows)
        return Promise.reject(new WinnowError('analytics_unavailable', 'away'))
      },
    })
    classifier.offer(results(20))
    await until('it gave up', () => counts.failed === 20)
    await classifier.close()
    expect(tried).toHaveLength(2)
    expect(tried[0]).toBe(tried[1])
    expect(lines).toHaveLength(1)
  })

  it('stores on closing what is classified, and sheds what waits', async () => {
    const { model, open } = gatedModel()
    const { classifier, stored, counts } = shadowWith({ model })
    classifier.offer(results(100))
    const closing = classifier.close()
    open()
    await closing
    expect(stored).toHaveLength(32)
    expect(counts).toEqual({ stored: 32, shed: 68, rejected: 0, failed: 0 })
    classifier.offer(results(5))
    expect(counts.shed).toBe(68)
  })
})

describe('withShadow', () => {
  it('offers what is durable, once, and nothing of a block that was not stored', async () => {
    const sink = createMemorySink<Classification>()
    const offered: number[] = []
    const both = withShadow(sink, {
      offer: (rows) => offered.push(...rows.map(({ offset }) => offset)),
    })
    const block = {
      token: 'one',
      outputs: results(2).map((value) => outputOf(value)),
      deadLetters: [],
    }
    const fence = await both.fence([0])
    const error = new WinnowError('analytics_unavailable', 'away')
    sink.failures.push({ error, stored: 'nothing' })
    await expect(both.write(block, fence)).rejects.toThrow('away')
    expect(offered).toEqual([])
    await both.write(block, fence)
    expect(offered).toEqual([0, 1])
    await both.fence([0])
    await expect(both.write({ ...block, token: 'two' }, fence)).rejects.toMatchObject({
      code: 'fenced',
    })
    expect(offered).toEqual([0, 1])
  })

  it('waits for nothing of the shadow', async () => {
    const { model, open } = gatedModel()
    const { classifier, counts } = shadowWith({ model, queueEventsMax: 10 })
    const sink = withShadow(createMemorySink<Classification>(), classifier)
    const fence = await sink.fence([0])
    for (let token = 0; token < 20; token++) {
      const outputs = results(10, token * 10).map((value) => outputOf(value))
      await sink.write({ token: String(token), outputs, deadLetters: [] }, fence)
    }
    // No answer of the shadow has come, and all blocks are stored.
    expect(counts.stored).toBe(0)
    expect(counts.shed).toBeGreaterThanOrEqual(150)
    open()
    await classifier.close()
  })
})
