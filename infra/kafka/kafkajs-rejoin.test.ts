// How a group member recovers from a failed fetch: it joins again only after all fetches have
// ended.
import { createRequire } from 'node:module'
import { afterAll, describe, expect, it } from 'vitest'
import { takeKafkajsFromCache } from '../../tests/support/kafkajs-cache.ts'
import { patchRejoin } from './kafkajs-rejoin.ts'

// A kafkajs of this file's own: other files in this process may have patched theirs.
const require = createRequire(import.meta.url)
const shared = takeKafkajsFromCache(require)
afterAll(() => {
  takeKafkajsFromCache(require)
  Object.assign(require.cache, shared)
})

type Recover = (this: unknown, error: Error) => Promise<void>
const { prototype } = require('kafkajs/src/consumer/consumerGroup.js') as {
  prototype: { recoverFromFetch: Recover }
}
const errors = require('kafkajs/src/errors.js') as {
  KafkaJSProtocolError: new (failure: object) => Error
  KafkaJSStaleTopicMetadataAssignment: new (text: string, facts: object) => Error
  KafkaJSConnectionClosedError: new (text: string, facts: object) => Error
  isRebalancing(error: Error): boolean
}

/** What the recovery from an error called, and what it threw. */
async function recover(error: Error): Promise<{ calls: string[]; thrown: unknown }> {
  const calls: string[] = []
  const note = (call: string) => () => {
    calls.push(call)
    return Promise.resolve()
  }
  const group = {
    cluster: { refreshMetadata: note('metadata'), removeBroker: note('removed') },
    logger: { debug: () => undefined, warn: () => undefined },
    joinAndSync: note('joined'),
  }
  const thrown: unknown = await prototype.recoverFromFetch
    .call(group, error)
    .catch((one: unknown) => one)
  return { calls, thrown }
}

function staleError(type: string): Error {
  return new errors.KafkaJSProtocolError({ message: type, type })
}

describe('patchRejoin', () => {
  it('does not join from within a fetch', async () => {
    const added = () => new errors.KafkaJSStaleTopicMetadataAssignment('updated', { topic: 't' })
    expect((await recover(added())).calls).toEqual(['joined'])
    patchRejoin()
    patchRejoin()
    const { calls, thrown } = await recover(added())
    expect(calls).toEqual([])
    expect(errors.isRebalancing(thrown as Error)).toBe(true)
  })

  it.each(['NOT_LEADER_FOR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION'])(
    'refreshes the metadata first on %s',
    async (type) => {
      patchRejoin()
      const { calls, thrown } = await recover(staleError(type))
      expect(calls).toEqual(['metadata'])
      expect(errors.isRebalancing(thrown as Error)).toBe(true)
    },
  )

  it('leaves other failures to kafkajs', async () => {
    patchRejoin()
    const closed = new errors.KafkaJSConnectionClosedError('closed', {})
    expect(await recover(closed)).toEqual({ calls: ['removed'], thrown: undefined })
    const other = new Error('other')
    expect(await recover(other)).toEqual({ calls: [], thrown: other })
  })
})
