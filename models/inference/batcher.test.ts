// The batcher in front of a pool whose batches the test ends one by one. classifier.test.ts runs it
// on real threads.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { createBatcher, type BatcherOptions, type BatchPool, type BatchRecord } from './batcher.ts'
import type { RunResult } from './pool.ts'
import type { TokenBatch } from './session-messages.ts'

/** A pool with so many workers; each batch runs until the test ends it. */
function poolOf(workers: number, fields: { masksPadding?: boolean } = {}) {
  const runs: {
    batch: TokenBatch
    end: (fields?: Partial<RunResult>) => void
    fail: (error: Error) => void
  }[] = []
  let running = 0
  let isAlive = true
  const pool: BatchPool = {
    shape: { width: 2, masksPadding: fields.masksPadding ?? false },
    get room() {
      return isAlive ? workers - running : 0
    },
    get alive() {
      return isAlive
    },
    run(batch) {
      running++
      return new Promise<RunResult>((resolve, reject) => {
        const rows = Float32Array.from({ length: 2 * batch.batch }, (_, at) => at)
        const end: (typeof runs)[number]['end'] = (more) =>
          resolve({ rows, width: 2, runMs: 3, worker: 1, ...more })
        runs.push({ batch, end, fail: reject })
      }).finally(() => running--)
    },
  }
  const die = () => (isAlive = false)
  return { pool, runs, die }
}

const limits: BatcherOptions = {
  batchTokens: 8,
  batchTextsMax: 4,
  batchAgeMsMax: 1_000,
  queueTokensMax: 100,
  queueTextsMax: 10,
  padTo: 1,
}
const ids = (...numbers: readonly number[]) => Int32Array.from(numbers)
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('createBatcher', () => {
  it('puts texts of one turn and one length side by side, and gives each its row', async () => {
    const { pool, runs } = poolOf(1)
    const batcher = createBatcher(pool, limits)
    const rows = [batcher.submit(ids(1, 2)), batcher.submit(ids(3, 4))]
    await turn()
    expect(runs.map(({ batch }) => batch)).toEqual([{ ids: ids(1, 2, 3, 4), batch: 2, tokens: 2 }])
    runs[0]!.end()
    const results = await Promise.all(rows)
    expect(results.map(({ row }) => [...row])).toEqual([
      [0, 1],
      [2, 3],
    ])
    expect(results.map(({ batchId }) => batchId)).toEqual([0, 0])
  })

  it('pads texts to a multiple, with their lengths, where the graph masks padding', async () => {
    const { pool, runs } = poolOf(1, { masksPadding: true })
    const batcher = createBatcher(pool, { ...limits, padTo: 4 })
    void batcher.submit(ids(1, 2))
    void batcher.submit(ids(3, 4, 5))
    await turn()
    expect(runs[0]!.batch).toEqual({
      ids: ids(1, 2, 0, 0, 3, 4, 5, 0),
      batch: 2,
      tokens: 4,
      lengths: ids(2, 3),
    })
  })

  it('gives work to each worker that has room, and no more', async () => {
    const { pool, runs } = poolOf(2)
    const batcher = createBatcher(pool, { ...limits, batchTextsMax: 1 })
    for (const id of [1, 2, 3]) void batcher.submit(ids(id))
    await turn()
    expect(runs).toHaveLength(2)
    expect([batcher.queuedTexts, batcher.queuedTokens]).toEqual([1, 1])
    runs[0]!.end()
    await turn()
    expect(runs[2]!.batch.ids).toEqual(ids(3))
    expect(batcher.queuedTexts).toBe(0)
  })

  it('reports what a batch did', async () => {
    const batches: BatchRecord[] = []
    const { pool, runs } = poolOf(1, { masksPadding: true })
    const onBatch = (batch: BatchRecord) => batches.push(batch)
    const batcher = createBatcher(pool, { ...limits, padTo: 4, onBatch })
    const rows = [batcher.submit(ids(1, 2)), batcher.submit(ids(3))]
    await turn()
    runs[0]!.end({ runMs: 7, worker: 5 })
    await Promise.all(rows)
    expect(batches).toEqual([
      {
        id: 0,
        size: 2,
        tokens: 3,
        paddedTokens: 8,
        waitMs: expect.any(Number) as number,
        runMs: 7,
        worker: 5,
      },
    ])
    expect(batches[0]!.waitMs).toBeGreaterThanOrEqual(0)
  })

  it('fails the texts of a batch that fails, and goes on with the others', async () => {
    const { pool, runs } = poolOf(1)
    const batcher = createBatcher(pool, { ...limits, batchTextsMax: 1 })
    const crashed = new WinnowError('worker_crashed', 'gone')
    const rows = [1, 2, 3].map((id) => batcher.submit(ids(id)))
    const thrown = [
      expect(rows[0]).rejects.toBe(crashed),
      expect(rows[1]).rejects.toMatchObject({ code: 'session_failed', message: 'no memory' }),
    ]
    await turn()
    runs[0]!.fail(crashed)
    await turn()
    runs[1]!.fail(new Error('no memory'))
    await turn()
    runs[2]!.end()
    await Promise.all(thrown)
    expect(await rows[2]).toMatchObject({ batchId: 2 })
  })

  it('refuses what has no room, says how much is waiting, and lets the patient in as room comes', async () => {
    const { pool, runs } = poolOf(1)
    const batcher = createBatcher(pool, { ...limits, queueTextsMax: 2 })
    const first = batcher.submit(ids(1, 1))
    await turn()
    const accepted = [batcher.submit(ids(2)), batcher.submit(ids(3, 3))]
    const patient = batcher.submitWhenRoom(ids(4))
    const behind = batcher.submitWhenRoom(ids(5))
    await expect(batcher.submit(ids(6))).rejects.toMatchObject({
      code: 'queue_full',
      message: '2 texts with 3 tokens are waiting already; try again later.',
      details: { texts: 2, tokens: 3 },
    })
    runs[0]!.end()
    await first
    await turn()
    // One text left the queue for the next batch, so that one of the patient is let in.
    expect(runs[1]!.batch.ids).toEqual(ids(3, 3))
    const { result } = await patient
    runs[1]!.end()
    await turn()
    runs[2]!.end()
    await turn()
    const { result: later } = await behind
    runs.at(-1)!.end()
    expect(await Promise.all([...accepted, result, later])).toHaveLength(4)
  })

  it('forgets a caller who leaves before the batch forms, and answers one who leaves later', async () => {
    const { pool, runs } = poolOf(1)
    const batcher = createBatcher(pool, { ...limits, batchTextsMax: 1 })
    const leaving = new AbortController()
    const { signal } = leaving
    const inBatch = batcher.submit(ids(1), { signal })
    await turn()
    const queued = batcher.submit(ids(2), { signal })
    leaving.abort()
    await expect(queued).rejects.toMatchObject({ code: 'cancelled' })
    await expect(batcher.submit(ids(3), { signal })).rejects.toMatchObject({ code: 'cancelled' })
    expect(batcher.queuedTexts).toBe(0)
    runs[0]!.end()
    expect(await inBatch).toMatchObject({ batchId: 0 })
  })

  it('fails everything that waits when no worker is left', async () => {
    const { pool, runs, die } = poolOf(1)
    const batcher = createBatcher(pool, { ...limits, batchTextsMax: 1 })
    const rows = [batcher.submit(ids(1)), batcher.submit(ids(2))]
    const thrown = rows.map((row) => expect(row).rejects.toMatchObject({ code: 'worker_crashed' }))
    await turn()
    die()
    runs[0]!.fail(new WinnowError('worker_crashed', 'gone'))
    await Promise.all(thrown)
    expect(runs).toHaveLength(1)
  })

  it('looks for work again when the pool says that it has room', async () => {
    const { pool, runs } = poolOf(1)
    let room = 0
    const restarting: BatchPool = {
      ...pool,
      alive: true,
      get room() {
        return room
      },
    }
    const batcher = createBatcher(restarting, limits)
    void batcher.submit(ids(1))
    await turn()
    expect(runs).toHaveLength(0)
    room = 1
    batcher.wake()
    queueMicrotask(() => (room = 0))
    await turn()
    expect(runs).toHaveLength(1)
  })

  it('answers what is queued before it is closed, and refuses the rest', async () => {
    const { pool, runs } = poolOf(1)
    const batcher = createBatcher(pool, { ...limits, batchTextsMax: 1, queueTextsMax: 1 })
    const first = batcher.submit(ids(1))
    await turn()
    const queued = batcher.submit(ids(2))
    const waiting = batcher.submitWhenRoom(ids(3))
    let isClosed = false
    const closed = batcher.close().then(() => {
      isClosed = true
    })
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    await expect(batcher.submit(ids(4))).rejects.toMatchObject({ code: 'cancelled' })
    await expect(batcher.submitWhenRoom(ids(4))).rejects.toMatchObject({ code: 'cancelled' })
    runs[0]!.end()
    await first
    await turn()
    expect(isClosed).toBe(false)
    runs[1]!.end()
    await queued
    await closed
    expect(isClosed).toBe(true)
    await batcher.close()
  })

  it('refuses the call itself when it is closed, although there is room', async () => {
    const batcher = createBatcher(poolOf(1).pool, limits)
    await batcher.close()
    await expect(batcher.submitWhenRoom(ids(1))).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('runs each text once in a batch within the bounds, whatever the lengths and the order', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 3 }), async (sizes, workers) => {
        const { pool, runs } = poolOf(workers)
        const batcher = createBatcher(pool, limits)
        const admitted = sizes.map((size, at) =>
          batcher.submitWhenRoom(new Int32Array(size).fill(at + 1)),
        )
        for (let ended = 0, seen = 0; seen < sizes.length; ended++) {
          await turn()
          const { batch, end } = runs[ended]!
          expect(batch.batch === 1 || batch.batch * batch.tokens <= 8).toBe(true)
          expect(batch.batch).toBeLessThanOrEqual(4)
          seen += batch.batch
          end()
        }
        const results = await Promise.all(admitted)
        await Promise.all(results.map(({ result }) => result))
        const texts = runs.flatMap(({ batch }) =>
          Array.from({ length: batch.batch }, (_, at) => batch.ids[at * batch.tokens]!),
        )
        expect(texts.toSorted((a, b) => a - b)).toEqual(sizes.map((_, at) => at + 1))
      }),
      { numRuns: 40 },
    )
  })
})
