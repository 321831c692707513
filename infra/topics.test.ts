// Consumer lag against brokers that do not lead a new topic yet.
import { describe, expect, it } from 'vitest'
import type { KafkaClient } from './kafka.ts'
import { readLag } from './topics.ts'

/** A client whose broker refuses the first `refusals` requests for offsets. */
function clientOf(refusals: number, refusal: Error): KafkaClient {
  let left = refusals
  const admin = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    listGroups: () => Promise.resolve({ groups: [{ groupId: 'winnow-validate' }] }),
    listTopics: () => Promise.resolve(['winnow.events']),
    fetchTopicOffsets: () =>
      left-- > 0 ? Promise.reject(refusal) : Promise.resolve([{ partition: 0, high: '12' }]),
    fetchOffsets: () =>
      Promise.resolve([{ topic: 'winnow.events', partitions: [{ partition: 0, offset: '5' }] }]),
  }
  return { admin: () => admin } as unknown as KafkaClient
}

const asked = { groupPrefix: 'winnow', topics: ['winnow.events'] }

describe('readLag', () => {
  it('asks again while the broker does not lead the partition', async () => {
    const notLeader = Object.assign(new Error('not the leader'), { retriable: true })
    expect(await readLag(clientOf(2, notLeader), asked)).toEqual([
      { group: 'winnow-validate', topic: 'winnow.events', lag: 7 },
    ])
  })

  it('gives up at once on a refusal that will not change', async () => {
    const refused = Object.assign(new Error('not authorised'), {
      ...{ retriable: false, type: 'TOPIC_AUTHORIZATION_FAILED' },
    })
    await expect(readLag(clientOf(1, refused), asked)).rejects.toMatchObject({
      code: 'broker_refused',
    })
  })
})
