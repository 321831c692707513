// The follower of announcements against a broker that is away, or refuses it.
import { describe, expect, it } from 'vitest'
import { followModel, type ModelFollower } from './model-follower.ts'
import type { OpenModel } from './model.ts'
import { loadConfig } from '../configs/load.ts'
import type { ModelAnnouncements } from '../infra/sinks/model-announcements.ts'
import { SwappableModel, SecondaryModel } from '../models/inference/swappable-model.ts'
import { WinnowError } from '../schemas/errors.ts'
import { until } from '../tests/support/until.ts'

/** A follower of a model that nobody replaces. */
function start(
  follow: ModelAnnouncements['follow'],
  told: { log: string[]; failures: Error[] },
): ModelFollower {
  const model = {
    manifest: { name: 'mail', version: '1' },
    ref: 'mail@1',
    close: () => Promise.resolve(),
  } as OpenModel
  return followModel({
    models: {
      champion: new SwappableModel(model),
      challenger: new SecondaryModel<OpenModel>(),
      shadow: new SecondaryModel<OpenModel>(),
    },
    secondaryRoles: [],
    announcements: {
      announce: () => Promise.reject(new Error('not asked for')),
      states: () => Promise.reject(new Error('not asked for')),
      follow,
    },
    objects: undefined,
    storeDir: '',
    config: loadConfig({ env: {} }).inference,
    open: () => Promise.reject(new Error('not asked for')),
    by: 'test',
    record: () => Promise.resolve(),
    onChange: () => undefined,
    onRefusal: () => undefined,
    onFailure: (error) => told.failures.push(error),
    log: (line) => told.log.push(line),
  })
}

const untilAborted = (signal: AbortSignal) => until('the end', () => signal.aborted)

describe('followModel', () => {
  it.each([
    new WinnowError('broker_unavailable', 'away'),
    new WinnowError('broker_refused', 'away', {
      details: { kafkaError: 'UNKNOWN_TOPIC_OR_PARTITION' },
    }),
  ])('follows in the end although it could not when it began: $code', async (error) => {
    const told = { log: [] as string[], failures: [] as Error[] }
    let tries = 0
    let isFollowing = false
    const follower = start(async (_, signal) => {
      tries++
      if (tries === 1) throw error
      isFollowing = true
      await untilAborted(signal)
    }, told)
    await until('following', () => isFollowing)
    await follower.close()
    expect(told).toEqual({
      log: ['changes of the model mail cannot be read, trying again: away'],
      failures: [],
    })
  })

  it('ends with the error that refuses it for good', async () => {
    const told = { log: [] as string[], failures: [] as Error[] }
    const error = new WinnowError('broker_refused', 'not authorized')
    const follower = start(() => Promise.reject(error), told)
    await until('the failure', () => told.failures.length > 0)
    await follower.close()
    expect(told).toEqual({ log: [], failures: [error] })
  })
})
