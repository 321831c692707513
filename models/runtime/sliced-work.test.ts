import { expect, test } from 'vitest'
import { longestBlockMs, processorMs } from '../../tests/support/processor-time.ts'
import { finish, LoopTurns, type Work } from './sliced-work.ts'

/** Uses the processor for `steps` times `stepMs`. */
function* busy(steps: number, stepMs: number, done: () => void): Work<number> {
  for (let step = 0; step < steps; step++) {
    const beganMs = processorMs()
    while (processorMs() - beganMs < stepMs);
    yield
  }
  done()
  return steps
}

test('works of one instance leave the loop to others after 25 ms together', async () => {
  const turns = new LoopTurns()
  const ends: string[] = []
  const works = Array.from({ length: 12 }, (_, at) =>
    turns.run(busy(at === 0 ? 34 : 2, 4, () => ends.push(String(at)))),
  )
  const longestMs = await longestBlockMs(Promise.all(works))
  const results = await Promise.all(works)
  expect(results.reduce((sum, steps) => sum + steps)).toBe(56)
  // 25 ms, the step that ends them, and what the test needs; all of them together take 220 ms.
  expect(longestMs).toBeLessThan(100)
  expect(ends.at(-1)).toBe('0')
})

test('what a work throws reaches its caller alone', async () => {
  const turns = new LoopTurns()
  function* failing(): Work<never> {
    yield
    throw new Error('one')
  }
  const [failed, other] = await Promise.allSettled([
    turns.run(failing()),
    turns.run(busy(2, 1, () => undefined)),
  ])
  expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'one' } })
  expect(other).toEqual({ status: 'fulfilled', value: 2 })
})

test('finish does all steps at once', () => {
  expect(finish(busy(3, 0, () => undefined))).toBe(3)
})
