// Creating topics and reading lag while a broker does not yet lead a new topic.
import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { commitNote } from './commit-note.ts'
import type { KafkaClient } from './kafka.ts'
import { createTopics, readLag } from './topics.ts'

const committedMs = Date.UTC(2026, 0, 31)
const stopped = {
  state: 'Empty',
  members: [] as { memberMetadata: Buffer }[],
  partitions: [
    { partition: 0, offset: '5', metadata: commitNote(committedMs - 1) },
    { partition: 1, offset: '-1', metadata: null as string | null },
  ],
}

/** A client whose broker refuses the first `refusals` requests for offsets. */
function clientOf(refusals: number, refusal: Error, group = stopped): KafkaClient {
  let left = refusals
  const admin = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    listGroups: () => Promise.resolve({ groups: [{ groupId: 'winnow-validate' }] }),
    listTopics: () => Promise.resolve(['winnow.events']),
    fetchTopicOffsets: () =>
      left-- > 0
        ? Promise.reject(refusal)
        : Promise.resolve([
            { partition: 0, low: '2', high: '12' },
            { partition: 1, low: '1', high: '4' },
          ]),
    fetchOffsets: () => Promise.resolve([{ topic: 'winnow.events', partitions: group.partitions }]),
    describeGroups: (ids: string[]) =>
      Promise.resolve({
        groups: ids.map((groupId) => ({ groupId, state: group.state, members: group.members })),
      }),
  }
  return { admin: () => admin } as unknown as KafkaClient
}

describe('createTopics', () => {
  it('says what to set when the cluster has too few brokers for the replicas', async () => {
    const errors = [Object.assign(new Error('factor'), { type: 'INVALID_REPLICATION_FACTOR' })]
    const refusal = Object.assign(new Error('Topic creation errors'), { errors })
    const admin = {
      createTopics: () => Promise.reject(refusal),
      fetchTopicMetadata: () => Promise.resolve({ topics: [] }),
    }
    await expect(createTopics(admin, [{ topic: 'a' }])).rejects.toMatchObject({
      code: 'broker_refused',
      message: expect.stringContaining('set topics.replicationFactor') as string,
    })
  })

  it('waits until the broker knows the new topic', async () => {
    let unknown = 3
    const refusal = Object.assign(new Error('unknown topic'), { retriable: true })
    const admin = {
      createTopics: () => Promise.resolve(true),
      fetchTopicMetadata: () =>
        unknown-- > 0 ? Promise.reject(refusal) : Promise.resolve({ topics: [] }),
    }
    await createTopics(admin, [{ topic: 'winnow.events' }])
    expect(unknown).toBe(-1)
  })
})

const asked = { groupPrefix: 'winnow', topics: ['winnow.events'] }

describe('readLag', () => {
  it('retries while the broker does not lead the partition', async () => {
    const notLeader = Object.assign(new Error('not the leader'), { retriable: true })
    expect(await readLag(clientOf(2, notLeader), asked)).toEqual([
      {
        group: 'winnow-validate',
        topic: 'winnow.events',
        members: 0,
        state: 'Empty',
        // A partition without a commit is read from its first record.
        lag: 7 + 3,
        partitions: [
          { partition: 0, lag: 7, low: 2, committed: 5, end: 12 },
          { partition: 1, lag: 3, low: 1, committed: null, end: 4 },
        ],
        lastCommitMs: committedMs - 1,
      },
    ])
  })

  it('returns the latest commit time, and none if no commit has a note', async () => {
    const timed = stopped.partitions.map((one) => ({ ...one, offset: '12' }))
    timed[1]!.metadata = commitNote(committedMs)
    const [found] = await readLag(
      clientOf(0, new Error(), { ...stopped, partitions: timed }),
      asked,
    )
    expect(found).toMatchObject({ lag: 0, lastCommitMs: committedMs })
    const silent = timed.map((one) => ({ ...one, metadata: null }))
    const [old] = await readLag(clientOf(0, new Error(), { ...stopped, partitions: silent }), asked)
    expect(old!.lastCommitMs).toBeUndefined()
  })

  it('lists a group without commits only while it has a member on the topic', async () => {
    const { AssignerProtocol } = kafkajs
    const memberMetadata = AssignerProtocol.MemberMetadata.encode({
      version: 0,
      topics: ['winnow.events'],
      userData: Buffer.from(''),
    })
    const partitions = [{ partition: 0, offset: '-1', metadata: null }]
    const group = { state: 'Stable', members: [{ memberMetadata }], partitions }
    expect(await readLag(clientOf(0, new Error(), group), asked)).toMatchObject([
      { members: 1, lag: 13, state: 'Stable' },
    ])
    expect(await readLag(clientOf(0, new Error(), { ...group, members: [] }), asked)).toEqual([])
  })

  it('gives up at once on a final refusal', async () => {
    const refused = Object.assign(new Error('not authorised'), {
      retriable: false,
      type: 'TOPIC_AUTHORIZATION_FAILED',
    })
    await expect(readLag(clientOf(1, refused), asked)).rejects.toMatchObject({
      code: 'broker_refused',
    })
  })
})
