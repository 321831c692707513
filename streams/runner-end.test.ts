// How the runner ends when the client of its source fails: with the first cause, whatever fails
// after it.
import { expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { WinnowError } from '../schemas/errors.ts'
import { createMemorySink } from '../tests/support/memory-sink.ts'
import { chainOfEach, chunkOf, drivenSource, noMetrics } from '../tests/support/runner-parts.ts'
import { sampleRecord } from '../tests/support/sample-records.ts'
import { until } from '../tests/support/until.ts'
import { ok } from '../schemas/outcome.ts'
import { createRunner } from './runner.ts'

/** A runner whose source, once it has started, fails at everything but pausing. */
async function runOnBroken(commitError: Error) {
  let commits = 0
  const log: string[] = []
  const { source, handlers } = drivenSource({
    commit() {
      commits++
      return Promise.reject(commitError)
    },
    rejoin: () => Promise.reject(new Error('there is no group')),
    close: () => Promise.reject(new Error('the connection is gone')),
  })
  const runner = createRunner<string>({
    source,
    chain: chainOfEach(() => ok('')),
    sink: createMemorySink<string>(),
    metrics: noMetrics,
    config: loadConfig({ env: {}, set: ['stream.blockAgeMsMax=1'] }).stream,
    log: (line) => log.push(line),
  })
  await runner.start()
  await handlers().onChunk(chunkOf([sampleRecord(0)]), () => Promise.resolve())
  return {
    runner,
    log,
    commits: () => commits,
    fail: (error: Error) => handlers().onFailure(error),
  }
}

it('ends with a commit that was refused for good', async () => {
  const refusal = new WinnowError('broker_refused', 'not authorized')
  const { runner } = await runOnBroken(refusal)
  await expect(runner.ended).rejects.toBe(refusal)
  await runner.stop()
  expect(runner.isReady()).toBe(false)
})

it('goes on trying a commit that failed otherwise', async () => {
  const { runner, commits } = await runOnBroken(new WinnowError('broker_unavailable', 'away'))
  await until('a second try', () => commits() > 1)
  expect(runner.isReady()).toBe(true)
  await runner.stop()
  await runner.ended
})

it('stops after its source has failed, which is what it ends with', async () => {
  const { runner, log, fail } = await runOnBroken(new WinnowError('broker_unavailable', 'no group'))
  const first = new WinnowError('broker_refused', 'the first cause')
  fail(first)
  fail(new Error('a later one'))
  await runner.stop()
  await expect(runner.ended).rejects.toBe(first)
  expect(runner.isReady()).toBe(false)
  expect(log.at(-1)).toBe('could not leave the consumer group: the connection is gone')
})
