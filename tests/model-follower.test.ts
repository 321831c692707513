// The follower of announcements against a broker that is away when it begins.
import { describe, expect, it } from 'vitest'
import { followModel } from '../commands/model-follower.ts'
import type { OpenModel } from '../commands/model.ts'
import { loadConfig } from '../configs/load.ts'
import { ModelSlot, SideSlot } from '../models/model-slot.ts'
import { WinnowError } from '../schemas/errors.ts'
import { until } from './support/until.ts'

describe('followModel', () => {
  it('follows in the end although the broker was away when it began', async () => {
    const model = {
      manifest: { name: 'mail', version: '1' },
      ref: 'mail@1',
      close: () => Promise.resolve(),
    } as OpenModel
    const log: string[] = []
    let tries = 0
    let isFollowing = false
    const follower = followModel({
      models: {
        champion: new ModelSlot(model),
        challenger: new SideSlot<OpenModel>(),
        shadow: new SideSlot<OpenModel>(),
      },
      sides: [],
      announcements: {
        announce: () => Promise.reject(new Error('not asked for')),
        states: () => Promise.reject(new Error('not asked for')),
        follow: async (_, signal) => {
          tries++
          if (tries === 1) throw new WinnowError('broker_unavailable', 'away')
          isFollowing = true
          await until('the end', () => signal.aborted)
        },
      },
      objects: undefined,
      storeDir: '',
      config: loadConfig({ env: {} }).inference,
      open: () => Promise.reject(new Error('not asked for')),
      by: 'test',
      record: () => Promise.resolve(),
      onChange: () => undefined,
      onRefusal: () => undefined,
      log: (line) => log.push(line),
    })
    await until('following', () => isFollowing)
    await follower.close()
    expect(log).toEqual(['mail is not followed for now: away'])
  })
})
