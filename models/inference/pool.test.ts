// The pool on real threads and a real, tiny model: results, failures that stay in their batch,
// crashed threads, and closing.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyHidden, tinyVocabulary, writeTinyEncoder } from '../../tests/support/tiny-encoder.ts'
import { openPool, type PoolOptions, type SessionPool } from './pool.ts'
import type { TokenBatch } from './session-messages.ts'
import { spawnThread } from './session-thread.ts'

let folder: string
let modelPath: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-pool-'))
  modelPath = join(folder, 'tiny.onnx')
  await writeTinyEncoder(modelPath)
})

afterAll(() => rm(folder, { recursive: true }))

function batchOf(...texts: readonly (readonly number[])[]): TokenBatch {
  return { ids: Int32Array.from(texts.flat()), batch: texts.length, tokens: texts[0]!.length }
}

async function withPool(
  options: Partial<PoolOptions>,
  use: (pool: SessionPool) => Promise<void>,
): Promise<void> {
  const pool = await openPool({ modelPath, output: 'embedding', workers: 1, ...options })
  try {
    await use(pool)
  } finally {
    await pool.close()
  }
}

/** Threads that the pool starts, for a test that ends one. */
function recordThreads(): { threads: Worker[]; spawn: NonNullable<PoolOptions['spawn']> } {
  const threads: Worker[] = []
  return {
    threads,
    spawn: (start) => {
      const thread = spawnThread(start)
      threads.push(thread)
      return thread
    },
  }
}

/** A thread that loads at once and never ends a run. */
function hangingThread(): Worker {
  const body = `
    const { parentPort } = require('node:worker_threads')
    const shape = { width: ${tinyHidden}, masksPadding: false }
    parentPort.on('message', ({ kind }) => {
      if (kind === 'run') for (;;);
    })
    parentPort.postMessage({ kind: 'ready', shape })`
  return new Worker(body, { eval: true })
}

describe('openPool', () => {
  it('gives one row per text, with the width that the graph has', async () => {
    await withPool({}, async (pool) => {
      expect(pool.shape).toMatchObject({ width: tinyHidden, masksPadding: false })
      const { rows, width, worker } = await pool.run(batchOf([1, 2, 3], [4, 5, 6]))
      expect([rows.length, width, worker]).toEqual([2 * tinyHidden, tinyHidden, 0])
      const first = await pool.run(batchOf([1, 2, 3]))
      expect(first.rows).toEqual(rows.subarray(0, tinyHidden))
    })
  })

  it('spreads batches over its workers and says how many more it takes', async () => {
    await withPool({ workers: 2, batchesPerWorkerMax: 1 }, async (pool) => {
      expect(pool.room).toBe(2)
      const runs = [pool.run(batchOf([1, 2])), pool.run(batchOf([3, 4]))]
      expect(pool.room).toBe(0)
      const workers = (await Promise.all(runs)).map(({ worker }) => worker)
      expect(workers.toSorted()).toEqual([0, 1])
      expect(pool.room).toBe(2)
    })
  })

  it('fails only the batch that the runtime refuses', async () => {
    await withPool({}, async (pool) => {
      const good = pool.run(batchOf([1, 2]))
      const bad = pool.run(batchOf([1, tinyVocabulary + 1]))
      await expect(bad).rejects.toMatchObject({ code: 'session_failed' })
      await expect(good).resolves.toMatchObject({ width: tinyHidden })
      await expect(pool.run(batchOf([3, 4]))).resolves.toMatchObject({ width: tinyHidden })
    })
  })

  it('fails the batch of a thread that ends, and replaces the thread', async () => {
    const { threads, spawn } = recordThreads()
    let onRoom = (): void => undefined
    await withPool({ spawn, onRoom: () => onRoom() }, async (pool) => {
      const replaced = new Promise<void>((resolve) => {
        onRoom = () => {
          if (pool.room > 0) resolve()
        }
      })
      // Ended first: a batch so small may be answered before the thread is interrupted.
      void threads[0]!.terminate()
      const lost = pool.run(batchOf([1, 2]))
      await expect(lost).rejects.toMatchObject({ code: 'worker_crashed', retryable: true })
      await replaced
      expect(threads).toHaveLength(2)
      await expect(pool.run(batchOf([1, 2]))).resolves.toMatchObject({ width: tinyHidden })
    })
  })

  it('replaces a thread that hangs, and loses none of its batches', async () => {
    const { spawn } = recordThreads()
    const hung: Worker[] = []
    const spawnHung: typeof spawn = (start) => {
      if (hung.length > 0) return spawn(start)
      hung.push(hangingThread())
      return hung[0]!
    }
    await withPool({ spawn: spawnHung, hangMsMin: 100 }, async (pool) => {
      const ended = once(hung[0]!, 'exit')
      const runs = [pool.run(batchOf([1, 2])), pool.run(batchOf([3, 4, 5]))]
      expect(pool.room).toBe(0)
      const results = await Promise.all(runs)
      await ended
      expect(pool.room).toBe(2)
      const again = [await pool.run(batchOf([1, 2])), await pool.run(batchOf([3, 4, 5]))]
      expect(results.map(({ rows }) => rows)).toEqual(again.map(({ rows }) => rows))
    })
  })

  it('fails a batch that hangs twice, and no other one', async () => {
    const options = { spawn: hangingThread, hangMsMin: 50, restartsMax: 1, batchesPerWorkerMax: 1 }
    const pool = await openPool({ modelPath, output: 'embedding', workers: 1, ...options })
    const run = pool.run(batchOf([1, 2]))
    await expect(run).rejects.toMatchObject({
      code: 'worker_crashed',
      message: 'An inference worker did not answer in time.',
      retryable: true,
    })
    expect(pool.alive).toBe(false)
    await pool.close()
  })

  it('fails a batch that hangs while the pool closes', async () => {
    const options = { spawn: hangingThread, hangMsMin: 50 }
    const pool = await openPool({ modelPath, output: 'embedding', workers: 1, ...options })
    const runs = [pool.run(batchOf([1, 2])), pool.run(batchOf([3]))]
    const thrown = runs.map((run) => expect(run).rejects.toMatchObject({ code: 'worker_crashed' }))
    await Promise.all([pool.close(), ...thrown])
  })

  it('gives up a thread that ends too often, and then refuses', async () => {
    const { threads, spawn } = recordThreads()
    await withPool({ spawn, restartsMax: 0 }, async (pool) => {
      void threads[0]!.terminate()
      const lost = pool.run(batchOf([1, 2]))
      await expect(lost).rejects.toMatchObject({ code: 'worker_crashed' })
      expect([pool.alive, pool.room, threads.length]).toEqual([false, 0, 1])
      await expect(pool.run(batchOf([1]))).rejects.toMatchObject({ code: 'worker_crashed' })
    })
  })

  it('answers what runs before it closes', async () => {
    const pool = await openPool({ modelPath, output: 'embedding', workers: 1 })
    const run = pool.run(batchOf([1, 2, 3]))
    await pool.close()
    await expect(run).resolves.toMatchObject({ width: tinyHidden })
    expect(pool.room).toBe(0)
  })

  it('refuses a graph without the output, a file that is no model, and a missing file', async () => {
    const garbagePath = join(folder, 'garbage.onnx')
    await writeFile(garbagePath, 'not a model')
    const opened = (path: string): Promise<SessionPool> =>
      openPool({ modelPath: path, output: 'logits', workers: 1 })
    await expect(opened(modelPath)).rejects.toMatchObject({ code: 'model_incompatible' })
    await expect(opened(garbagePath)).rejects.toMatchObject({ code: 'graph_invalid' })
    await expect(opened(join(folder, 'none.onnx'))).rejects.toMatchObject({
      code: 'session_failed',
    })
  })
})
