// A thread started ahead of time: it serves the first model that asks, and is no burden when nobody
// does.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { tinyHidden, writeTinyEncoder } from '../../tests/support/tiny-encoder.ts'
import { until } from '../../tests/support/until.ts'
import { openPool, type SessionPool } from './pool.ts'
import { startSpareThreads, type SpareThreads } from './session-thread.ts'

let folder: string
let modelPath: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-thread-'))
  modelPath = join(folder, 'tiny.onnx')
  await writeTinyEncoder(modelPath)
})

afterAll(() => rm(folder, { recursive: true }))

const batch = () => ({ ids: Int32Array.of(1, 2, 3), batch: 1, tokens: 3 })

function openOn(
  spares: SpareThreads,
  options: { workers: number; readyWith?: 'all' | 'first'; keep?: (thread: Worker) => void },
): { threads: Worker[]; opening: Promise<SessionPool> } {
  const threads: Worker[] = []
  const opening = openPool({
    modelPath,
    output: 'embedding',
    ...options,
    spawn: (start) => {
      const thread = spares.spawn(start)
      threads.push(thread)
      return thread
    },
  })
  return { threads, opening }
}

test('the spare thread serves, and further workers get threads of their own', async () => {
  const spares = startSpareThreads()
  const { threads, opening } = openOn(spares, { workers: 2 })
  const pool = await opening
  expect(new Set(threads).size).toBe(2)
  const [first, second] = await Promise.all([pool.run(batch()), pool.run(batch())])
  expect(first.width).toBe(tinyHidden)
  expect(first.rows).toEqual(second.rows)
  expect(first.worker).not.toBe(second.worker)
  await spares.close()
  // A thread that was given out belongs to the pool.
  expect((await pool.run(batch())).width).toBe(tinyHidden)
  await pool.close()
})

test('a spare thread that nobody took is not terminated while it loads the runtime', async () => {
  const terminate = vi.spyOn(Worker.prototype, 'terminate')
  const emitted = vi.spyOn(Worker.prototype, 'emit')
  await startSpareThreads().close()
  expect(terminate).not.toHaveBeenCalled()
  expect(emitted).toHaveBeenCalledWith('exit', 0)
  vi.restoreAllMocks()
})

test('a spare thread that is gone is replaced', async () => {
  const spares = startSpareThreads()
  await spares.close()
  const { opening } = openOn(spares, { workers: 1 })
  const pool = await opening
  expect((await pool.run(batch())).width).toBe(tinyHidden)
  await pool.close()
})

test('a pool that is ready with its first worker takes work while the others follow', async () => {
  const spares = startSpareThreads()
  const { threads, opening } = openOn(spares, { workers: 3, readyWith: 'first' })
  const pool = await opening
  expect(threads.length).toBeLessThan(3)
  expect(pool.room).toBeGreaterThan(0)
  expect((await pool.run(batch())).width).toBe(tinyHidden)
  await until('room on all workers', () => (pool.room === 6 ? true : undefined))
  expect(threads).toHaveLength(3)
  await pool.close()
})

test('closing a pool whose workers still load leaves no thread behind', async () => {
  const spares = startSpareThreads()
  const { threads, opening } = openOn(spares, { workers: 3, readyWith: 'first' })
  const pool = await opening
  const ended = Promise.all(threads.map((thread) => once(thread, 'exit')))
  const terminate = vi.spyOn(Worker.prototype, 'terminate')
  await pool.close()
  await ended
  // A thread that is terminated while it loads takes the process with it, now and then.
  expect(terminate).not.toHaveBeenCalled()
  vi.restoreAllMocks()
  expect(threads.length).toBeLessThan(3)
  await spares.close()
})

test('the threads of a model that is freed serve the next one', async () => {
  const spares = startSpareThreads({ keptMax: 2 })
  const { keep } = spares
  const first = openOn(spares, { workers: 2, keep })
  await (await first.opening).close()
  const second = openOn(spares, { workers: 2, keep })
  const pool = await second.opening
  expect(new Set(second.threads)).toEqual(new Set(first.threads))
  expect((await pool.run(batch())).width).toBe(tinyHidden)
  await pool.close()
  const exit = vi.spyOn(Worker.prototype, 'emit')
  await spares.close()
  expect(exit.mock.calls.filter(([event]) => event === 'exit')).toHaveLength(2)
  vi.restoreAllMocks()
})

test('a kept thread has no listeners of the models that it served', async () => {
  const spares = startSpareThreads({ keptMax: 1 })
  const counts: number[][] = []
  for (let turn = 0; turn < 3; turn++) {
    const { threads, opening } = openOn(spares, { workers: 1, keep: spares.keep })
    await (await opening).close()
    const [thread] = threads
    counts.push(['message', 'error', 'exit'].map((event) => thread!.listenerCount(event)))
  }
  expect(counts[1]).toEqual(counts[0])
  expect(counts[2]).toEqual(counts[0])
  await spares.close()
})

test('no more threads are kept than asked for, and none after closing', async () => {
  const spares = startSpareThreads({ keptMax: 1 })
  const { keep } = spares
  const early = openOn(spares, { workers: 2, keep })
  const late = openOn(spares, { workers: 1, keep })
  const pools = [await early.opening, await late.opening] as const
  const ended = Promise.race(early.threads.map((thread) => once(thread, 'exit')))
  await pools[0].close()
  await ended
  const kept = early.threads.filter(({ threadId }) => threadId !== -1)
  expect(kept).toHaveLength(1)
  await spares.close()
  expect(kept[0]!.threadId).toBe(-1)
  const last = once(late.threads[0]!, 'exit')
  await pools[1].close()
  await last
})

test('a kept thread that has ended is not given out', async () => {
  const spares = startSpareThreads({ keptMax: 1 })
  const first = openOn(spares, { workers: 1, keep: spares.keep })
  await (await first.opening).close()
  await first.threads[0]!.terminate()
  const second = openOn(spares, { workers: 1 })
  const pool = await second.opening
  expect(second.threads[0]).not.toBe(first.threads[0])
  expect((await pool.run(batch())).width).toBe(tinyHidden)
  await pool.close()
  await spares.close()
})
