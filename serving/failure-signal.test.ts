import { describe, expect, it } from 'vitest'
import { failureSignal } from './failure-signal.ts'

describe('failureSignal', () => {
  it('ends a race with the first failure, and stays with it', async () => {
    const { failed, fail } = failureSignal()
    const race = Promise.race([new Promise(() => undefined), failed])
    const first = new Error('the broker refuses the client')
    fail(first)
    fail(new Error('a later one'))
    await expect(race).rejects.toBe(first)
    await expect(failed).rejects.toBe(first)
  })

  it('may fail before anybody waits for it', async () => {
    const { failed, fail } = failureSignal()
    fail(new Error('early'))
    // Node reports a rejection that nobody handles after this turn, and vitest would fail.
    await new Promise((resolve) => setImmediate(resolve))
    await expect(failed).rejects.toThrow('early')
  })

  it('lets others win a race while nothing fails', async () => {
    const { failed } = failureSignal()
    expect(await Promise.race([failed, Promise.resolve('done')])).toBe('done')
  })
})
