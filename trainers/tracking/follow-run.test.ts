// The pace of live tracking: one pass at a time, pauses after failures, and a bound on the end.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { until } from '../../tests/support/until.ts'
import { followRun } from './follow-run.ts'

it('covers many changes with few passes, one at a time', async () => {
  let passes = 0
  let running = 0
  let most = 0
  const follower = followRun({
    pauseMs: 1,
    async sync() {
      passes++
      most = Math.max(most, ++running)
      await sleep(5)
      running--
    },
  })
  for (let count = 0; count < 1_000; count++) follower.changed()
  await until('the passes', () => passes >= 2)
  expect(await follower.close({ withinMs: 10_000 })).toEqual({ kind: 'sent' })
  expect(most).toBe(1)
  expect(passes).toBeLessThan(10)
})

it('pauses longer after each failure, and goes on afterwards', async () => {
  const times: number[] = []
  const follower = followRun({
    pauseMs: 10,
    pauseMsMax: 40,
    sync() {
      times.push(performance.now())
      return times.length < 5 ? Promise.reject(new Error('away')) : Promise.resolve()
    },
  })
  follower.changed()
  await until('five passes', () => times.length === 5)
  const pauses = times.slice(1).map((time, at) => time - times[at]!)
  expect(pauses[0]).toBeGreaterThanOrEqual(19)
  expect(pauses[1]).toBeGreaterThanOrEqual(39)
  expect(await follower.close({ withinMs: 10_000 })).toEqual({ kind: 'sent' })
})

it('ends within its bound, with the reason', async () => {
  let isAborted = false
  const follower = followRun({
    sync: (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          isAborted = true
          reject(new Error('aborted'))
        })
      }),
  })
  follower.changed()
  const began = performance.now()
  const ended = await follower.close({ withinMs: 50 })
  expect(performance.now() - began).toBeLessThan(1_500)
  expect(ended).toEqual({ kind: 'left', reason: 'no answer within 0.05 s' })
  expect(isAborted).toBe(true)
})

it('tries the end three times at most, and says why it failed', async () => {
  let passes = 0
  const follower = followRun({
    sync() {
      passes++
      return Promise.reject(new Error('away'))
    },
  })
  expect(await follower.close({ withinMs: 10_000 })).toEqual({ kind: 'left', reason: 'away' })
  expect(passes).toBe(3)
})
