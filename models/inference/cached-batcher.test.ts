// Equal texts in front of a real batcher, whose batches the test ends one by one. The bits of a
// real graph are compared in inference.test.ts.
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { createBatcher, type BatcherOptions, type BatchPool } from './batcher.ts'
import type { RunResult } from './pool.ts'
import type { TokenBatch } from './session-messages.ts'
import { cacheBatches, type Lookup } from './cached-batcher.ts'

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

/** A cached batcher with one worker; a row is the first id of its text. */
function started(options: Partial<BatcherOptions> & { bytesMax?: number } = {}) {
  const runs: { batch: TokenBatch; end: () => void; fail: (error: Error) => void }[] = []
  let running = 0
  const pool: BatchPool = {
    shape: { width: 1, masksPadding: false },
    get room() {
      return 1 - running
    },
    alive: true,
    run(batch) {
      running++
      return new Promise<RunResult>((resolve, reject) => {
        const firsts = Array.from({ length: batch.batch }, (_, at) => batch.ids[at * batch.tokens]!)
        const end = () =>
          resolve({ rows: Float32Array.from(firsts), width: 1, runMs: 3, worker: 0 })
        runs.push({ batch, end, fail: reject })
      }).finally(() => running--)
    },
  }
  const lookups: Lookup[] = []
  const { bytesMax = 100_000, ...rest } = options
  const batcher = createBatcher(pool, { ...limits, ...rest })
  const cached = cacheBatches(batcher, { bytesMax, onLookup: (one) => lookups.push(one) })
  return { ...cached, batcher, runs, lookups }
}

describe('cacheBatches', () => {
  it('runs a text once, and answers it again without a wait', async () => {
    const { submit, submitWhenRoom, runs, lookups } = started()
    const first = submit(ids(5, 6))
    await turn()
    runs[0]!.end()
    expect(await first).toMatchObject({ row: Float32Array.of(5), batchId: 0 })
    const hit = { row: Float32Array.of(5), queueMs: 0, inferMs: 0, batchId: 0 }
    expect(await submit(ids(5, 6))).toEqual(hit)
    expect(await (await submitWhenRoom(ids(5, 6))).result).toEqual(hit)
    expect(runs).toHaveLength(1)
    expect(lookups).toEqual(['miss', 'hit', 'hit'])
  })

  it('runs texts under way once, of one turn or of several, and gives each its own row', async () => {
    const { submit, submitWhenRoom, runs, lookups } = started()
    const rows = [submit(ids(5)), submit(ids(5))]
    await turn()
    const { result } = await submitWhenRoom(ids(5))
    rows.push(submit(ids(5)), result)
    expect(runs.map(({ batch }) => batch.batch)).toEqual([1])
    runs[0]!.end()
    const found = await Promise.all(rows)
    expect(found.map(({ row }) => [...row])).toEqual([[5], [5], [5], [5]])
    expect(new Set(found.map(({ row }) => row.buffer)).size).toBe(4)
    expect(found.every(({ queueMs, inferMs }) => queueMs >= 0 && inferMs > 0)).toBe(true)
    expect(lookups).toEqual(['miss', 'shared', 'shared', 'shared'])
  })

  it('keeps nothing of a batch that fails, and fails all who share it', async () => {
    const { submit, runs } = started()
    const crashed = new WinnowError('worker_crashed', 'gone')
    const rows = [submit(ids(5)), submit(ids(5))]
    const thrown = rows.map((row) => expect(row).rejects.toBe(crashed))
    await turn()
    runs[0]!.fail(crashed)
    await Promise.all(thrown)
    const again = submit(ids(5))
    await turn()
    expect(runs).toHaveLength(2)
    runs[1]!.end()
    expect([...(await again).row]).toEqual([5])
  })

  it('lets a caller leave without the others, and takes the text back when the last one has left', async () => {
    const { submit, batcher, runs } = started({ batchTextsMax: 1 })
    const blocking = submit(ids(1))
    await turn()
    const [one, other] = [new AbortController(), new AbortController()]
    const first = submit(ids(5), { signal: one.signal })
    const second = submit(ids(5), { signal: other.signal })
    one.abort()
    await expect(first).rejects.toMatchObject({ code: 'cancelled' })
    expect(batcher.queuedTexts).toBe(1)
    other.abort()
    // Who comes at this moment does not share what is taken back.
    const third = submit(ids(5))
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    expect(batcher.queuedTexts).toBe(1)
    await expect(submit(ids(5), { signal: one.signal })).rejects.toMatchObject({
      code: 'cancelled',
    })
    runs[0]!.end()
    await blocking
    await turn()
    runs[1]!.end()
    expect([...(await third).row]).toEqual([5])
  })

  it('answers a last caller who leaves when the batch has formed, as the batcher does', async () => {
    const { submit, runs } = started()
    const leaving = new AbortController()
    const inBatch = submit(ids(5), { signal: leaving.signal })
    await turn()
    leaving.abort()
    runs[0]!.end()
    expect([...(await inBatch).row]).toEqual([5])
  })

  it('refuses who does not wait when the queue is full, and lets those in who do', async () => {
    const { submit, submitWhenRoom, runs } = started({ batchTextsMax: 1, queueTextsMax: 1 })
    const running = submit(ids(1))
    await turn()
    const queued = submit(ids(2))
    const patient = submitWhenRoom(ids(5))
    await turn()
    await expect(submit(ids(5))).rejects.toMatchObject({ code: 'queue_full' })
    const refused = submit(ids(6))
    const sharing = submitWhenRoom(ids(6))
    await expect(refused).rejects.toMatchObject({ code: 'queue_full' })
    const results = [running, queued, patient.then(({ result }) => result)]
    results.push(sharing.then(({ result }) => result))
    for (let ended = 0; ended < 4; ended++) {
      runs[ended]!.end()
      await turn()
    }
    expect((await Promise.all(results)).map(({ row }) => row[0])).toEqual([1, 2, 5, 6])
  })

  it('tells who waits for room with an equal text only when that is queued', async () => {
    const { submit, submitWhenRoom, runs } = started({ batchTextsMax: 1, queueTextsMax: 1 })
    void submit(ids(1))
    await turn()
    void submit(ids(2))
    const queued: string[] = []
    const patient = ['first', 'second'].map(async (name) => {
      const { result } = await submitWhenRoom(ids(5))
      queued.push(name)
      return result
    })
    await turn()
    expect(queued).toEqual([])
    runs[0]!.end()
    await turn()
    expect(queued).toEqual(['first', 'second'])
    runs[1]!.end()
    await turn()
    runs[2]!.end()
    expect((await Promise.all(patient)).map(({ row }) => row[0])).toEqual([5, 5])
  })

  it('refuses everything that waits when the batcher closes', async () => {
    const { submit, submitWhenRoom, batcher, runs } = started({
      batchTextsMax: 1,
      queueTextsMax: 1,
    })
    const running = submit(ids(1))
    await turn()
    const queued = submit(ids(2))
    const waiting = [submitWhenRoom(ids(5)), submitWhenRoom(ids(5))]
    const thrown = waiting.map((one) => expect(one).rejects.toMatchObject({ code: 'cancelled' }))
    const closed = batcher.close()
    await Promise.all(thrown)
    runs[0]!.end()
    await running
    await turn()
    runs[1]!.end()
    await queued
    await closed
    await expect(submit(ids(7))).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('runs a text that is to be fresh, and shares nothing with it', async () => {
    const { submit, submitWhenRoom, runs, lookups } = started()
    const first = submit(ids(5))
    await turn()
    runs[0]!.end()
    await first
    const fresh = submit(ids(5), { isFresh: true })
    const { result } = await submitWhenRoom(ids(5), { isFresh: true })
    await turn()
    expect(runs[1]!.batch.batch).toBe(2)
    runs[1]!.end()
    await Promise.all([fresh, result])
    expect(lookups).toEqual(['miss'])
  })
})
