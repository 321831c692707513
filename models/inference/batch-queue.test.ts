// Which texts share a batch and when the queue is full: examples, then for any order of events.
// No clock runs here; times are given.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchQueue, paddedLength, type BatchLimits, type FormedBatch } from './batch-queue.ts'

const limits: BatchLimits = {
  batchTokens: 64,
  batchTextsMax: 8,
  batchAgeMsMax: 100,
  queueTokensMax: 1000,
  queueTextsMax: 100,
  padTo: 1,
}

function queueOf(changes: Partial<BatchLimits> = {}): BatchQueue<string> {
  return new BatchQueue({ ...limits, ...changes })
}

function tickets(batch: FormedBatch<string> | undefined): string[] | undefined {
  return batch?.texts.map(({ ticket }) => ticket)
}

describe('BatchQueue', () => {
  it('groups texts of one length and takes the fullest group first', () => {
    const queue = queueOf()
    queue.submit('a', 5, 0)
    queue.submit('b', 9, 1)
    queue.submit('c', 9, 2)
    expect(tickets(queue.next(10))).toEqual(['b', 'c'])
    expect(tickets(queue.next(10))).toEqual(['a'])
    expect(queue.next(10)).toBeUndefined()
  })

  it('takes the oldest text first once it is too old, however small its batch', () => {
    const queue = queueOf()
    queue.submit('rare', 30, 0)
    for (let i = 0; i < 6; i++) queue.submit(`common ${i}`, 10, 50)
    expect(tickets(queue.next(99))).toHaveLength(6)
    for (let i = 0; i < 6; i++) queue.submit(`common ${i}`, 10, 60)
    expect(tickets(queue.next(100))).toEqual(['rare'])
  })

  it('ends a batch at its tokens and at its texts, and lets one longer text pass alone', () => {
    const queue = queueOf({ batchTokens: 20, batchTextsMax: 3 })
    for (let i = 0; i < 4; i++) queue.submit(`short ${i}`, 2, 0)
    for (let i = 0; i < 3; i++) queue.submit(`middle ${i}`, 10, 0)
    queue.submit('long', 30, 0)
    const sizes = [1, 2, 3, 4, 5].map(() => queue.next(1)?.texts.length)
    expect(sizes).toEqual([1, 2, 1, 3, 1])
  })

  it('refuses when texts or tokens are at their limit, but an empty queue takes any text', () => {
    const queue = queueOf({ queueTokensMax: 20, queueTextsMax: 3 })
    expect(queue.submit('huge', 500, 0)).toBeDefined()
    expect(queue.submit('more', 1, 0)).toBeUndefined()
    queue.next(0)
    for (const ticket of ['a', 'b', 'c']) expect(queue.submit(ticket, 1, 0)).toBeDefined()
    expect(queue.submit('d', 1, 0)).toBeUndefined()
    expect(queue.hasRoom(1)).toBe(false)
  })

  it('forgets a text whose caller left, unless its batch has formed', () => {
    const queue = queueOf()
    const first = queue.submit('a', 5, 0)!
    const second = queue.submit('b', 5, 0)!
    expect(queue.remove(first)).toBe(true)
    expect(queue.remove(first)).toBe(false)
    expect([queue.texts, queue.tokens]).toEqual([1, 5])
    expect(tickets(queue.next(0))).toEqual(['b'])
    expect(queue.remove(second)).toBe(false)
    expect([queue.texts, queue.tokens]).toEqual([0, 0])
  })

  it('rounds lengths up by a rule that sees one text only', () => {
    expect([1, 8, 9].map((length) => paddedLength(length, 8))).toEqual([8, 8, 16])
    const queue = queueOf({ padTo: 8 })
    queue.submit('a', 3, 0)
    queue.submit('b', 8, 0)
    queue.submit('c', 9, 0)
    expect(queue.tokens).toBe(32)
    expect(queue.next(0)).toMatchObject({ tokens: 8, texts: [{ length: 3 }, { length: 8 }] })
  })
})

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('submit'),
        length: fc.integer({ min: 1, max: 80 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('next') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave'), index: fc.nat(200) }) },
  ),
  { maxLength: 200 },
)

describe('BatchQueue, for any order of events', () => {
  it('puts every text in exactly one batch, within the budgets, in order of arrival by length', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 4, 8), (events, padTo) => {
        const queue = new BatchQueue<number>({ ...limits, padTo })
        const waiting = new Map<number, { length: number; sinceMs: number }>()
        const handles = new Map<number, ReturnType<typeof queue.submit>>()
        let ticket = 0
        let nowMs = 0
        const take = (): boolean => {
          const batch = queue.next(nowMs)
          if (batch === undefined) return false
          expectLawfulBatch(batch, { padTo, waiting, nowMs })
          for (const text of batch.texts) waiting.delete(text.ticket)
          return true
        }
        for (const event of events) {
          nowMs += 7
          if (event.kind === 'next') take()
          else if (event.kind === 'leave') {
            const handle = handles.get(event.index)
            if (handle !== undefined) expect(queue.remove(handle)).toBe(waiting.delete(event.index))
          } else {
            const handle = queue.submit(ticket, event.length, nowMs)
            if (handle !== undefined) waiting.set(ticket, { length: event.length, sinceMs: nowMs })
            handles.set(ticket++, handle)
          }
          expect(queue.texts).toBe(waiting.size)
          expect(queue.texts).toBeLessThanOrEqual(limits.queueTextsMax)
        }
        while (take());
        expect(waiting.size).toBe(0)
        expect(queue.tokens).toBe(0)
      }),
    )
  })

  it('starves no length: with one batch a tick, a rare text waits no longer than those before it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 50, maxLength: 300 }),
        (flood) => {
          const queue = new BatchQueue<string>({
            ...limits,
            batchTokens: 8,
            queueTextsMax: 10_000,
            queueTokensMax: 1e6,
          })
          queue.submit('rare', 50, 0)
          let servedAtMs: number | undefined
          for (const [tick, arrivals] of flood.entries()) {
            const nowMs = tick * 10
            for (let i = 0; i < arrivals; i++) queue.submit('common', 4, nowMs)
            if (queue.next(nowMs)?.texts[0]?.ticket === 'rare') servedAtMs = nowMs
          }
          // The first batch formed after batchAgeMsMax is that of the oldest text.
          expect(servedAtMs).toBeLessThanOrEqual(limits.batchAgeMsMax)
        },
      ),
    )
  })
})

function expectLawfulBatch(
  batch: FormedBatch<number>,
  context: {
    padTo: number
    waiting: ReadonlyMap<number, { length: number; sinceMs: number }>
    nowMs: number
  },
): void {
  const { padTo, waiting, nowMs } = context
  expect(batch.texts.length).toBeGreaterThan(0)
  expect(batch.texts.length).toBeLessThanOrEqual(limits.batchTextsMax)
  if (batch.texts.length > 1) {
    expect(batch.texts.length * batch.tokens).toBeLessThanOrEqual(limits.batchTokens)
  }
  for (const { ticket, length } of batch.texts) {
    expect(waiting.get(ticket)?.length).toBe(length)
    expect(paddedLength(length, padTo)).toBe(batch.tokens)
  }
  const order = batch.texts.map(({ ticket }) => ticket)
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  const oldest = Math.min(...[...waiting.values()].map(({ sinceMs }) => sinceMs))
  if (nowMs - oldest >= limits.batchAgeMsMax) expect(batch.texts[0]?.submittedAtMs).toBe(oldest)
}
