// Turns on one thread: small work beside large, bounded slices, and work that is given up.
import { describe, expect, it } from 'vitest'
import { createWorkQueue } from './work-queue.ts'

const forever = new AbortController().signal

function* busy(
  steps: number,
  stepMs: number,
  log: string[] = [],
  name = '',
): Generator<void, string, void> {
  for (let step = 0; step < steps; step += 1) {
    yield
    const startMs = performance.now()
    while (performance.now() - startMs < stepMs);
  }
  log.push(name)
  return name
}

describe('createWorkQueue', () => {
  it('gives what the steps return, and lets small work overtake large', async () => {
    const queue = createWorkQueue()
    const log: string[] = []
    const results = await Promise.all([
      queue.run(busy(200, 1, log, 'large'), forever),
      queue.run(busy(1, 0, log, 'small'), forever),
      queue.run(busy(3, 0, log, 'medium'), forever),
    ])
    expect(results).toEqual(['large', 'small', 'medium'])
    expect(log).toEqual(['small', 'medium', 'large'])
  })

  it('leaves the event loop to others after each slice, however much work waits', async () => {
    const queue = createWorkQueue()
    let turns = 0
    const probe = setInterval(() => (turns += 1), 0)
    await Promise.all(Array.from({ length: 10 }, () => queue.run(busy(16, 1), forever)))
    clearInterval(probe)
    // 160 ms of work in slices of 8 ms.
    expect(turns).toBeGreaterThanOrEqual(10)
  })

  it('rejects with what a step throws, and goes on with the others', async () => {
    const queue = createWorkQueue()
    const failing = function* (): Generator<void, never, void> {
      yield
      throw new RangeError('no')
    }
    const other = queue.run(busy(5, 0, [], 'other'), forever)
    await expect(queue.run(failing(), forever)).rejects.toThrow('no')
    expect(await other).toBe('other')
  })

  it('takes no further step of work that is given up', async () => {
    const queue = createWorkQueue()
    const stop = new AbortController()
    let steps = 0
    const endless = function* (): Generator<void, never, void> {
      for (;;) {
        steps += 1
        yield
      }
    }
    const given = queue.run(endless(), stop.signal)
    await new Promise((resolve) => setImmediate(resolve))
    stop.abort(new Error('given up'))
    await expect(given).rejects.toThrow('given up')
    const taken = steps
    await new Promise((resolve) => setImmediate(resolve))
    expect(steps).toBe(taken)
  })
})
