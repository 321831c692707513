// Which members of a consumer group are refused, and with which message. Joining a real group is
// tested in tests/integration/consumer-groups.test.ts.
import kafkajs from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { refuseForeignMembers, refuseMembersOf, conflictCheckingAssigner } from './group-members.ts'
import type { KafkaClient } from './kafka.ts'

const { AssignerProtocol } = kafkajs
const none = Buffer.alloc(0)

function metadataOf(topics: string[], userData = none): Buffer {
  return AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData })
}

/**
 * A client whose group has one other member. Each call returns the next of `answers` as its
 * metadata; the last one repeats.
 */
function clientOf(...answers: Buffer[]): KafkaClient {
  let asked = 0
  const member = { memberId: 'c-1', clientId: 'other-app', clientHost: '/10.0.0.7' }
  const admin = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    describeGroups: () => {
      const memberMetadata = answers[Math.min(asked++, answers.length - 1)]
      const members = memberMetadata === undefined ? [] : [{ ...member, memberMetadata }]
      return Promise.resolve({ groups: [{ members }] })
    },
  }
  return { admin: () => admin } as unknown as KafkaClient
}

const mark = { token: 'ours', isKnown: (token: string) => Promise.resolve(token === 'sibling') }
const membership = { group: 'g', topic: 'team-a.events', mark }

describe('refuseForeignMembers', () => {
  it.each([
    ['an empty group', []],
    ['a member without a mark', [metadataOf(['team-a.events'])]],
    ['a member of this database', [metadataOf(['team-a.events'], Buffer.from('winnow:sibling'))]],
    ['user data of another assigner', [metadataOf(['team-a.events'], Buffer.from('sticky'))]],
    ['a group that rebalances first', [none, metadataOf(['team-a.events'])]],
  ])('accepts %s', async (_what, answers) => {
    await refuseForeignMembers(clientOf(...answers), membership)
  })

  it.each([
    [
      'a member of another topic',
      metadataOf(['team-b.events']),
      /consumes team-b\.events instead of/,
    ],
    [
      'a member of one more topic',
      metadataOf(['team-a.events', 'x']),
      /consumes team-a\.events, x instead/,
    ],
    ['a member without topics', Buffer.from('{}'), /consumes no topic instead of team-a\.events/],
    [
      'a member of another database',
      metadataOf(['team-a.events'], Buffer.from('winnow:stranger')),
      /consumes team-a\.events as well, but writes to another database/,
    ],
  ])('refuses %s and names the member', async (_what, metadata, words) => {
    const refusal = refuseForeignMembers(clientOf(metadata), membership)
    await expect(refusal).rejects.toMatchObject({
      code: 'group_conflict',
      message: expect.stringMatching(words) as string,
    })
    await expect(refusal).rejects.toThrow(/group g has a member other-app at 10\.0\.0\.7 \(c-1\)/)
  })
})

describe('refuseMembersOf', () => {
  it('refuses only members that consume the topic', async () => {
    await refuseMembersOf(clientOf(metadataOf(['winnow.events'])), 'g', 'team-a.events')
    await expect(
      refuseMembersOf(clientOf(metadataOf(['team-a.events'])), 'g', 'team-a.events'),
    ).rejects.toMatchObject({ code: 'group_conflict' })
  })
})

describe('conflictCheckingAssigner', () => {
  const assignerOf = (kafka: KafkaClient, conflicts: Error[]) =>
    conflictCheckingAssigner(kafka, membership, (error) => conflicts.push(error))({
      cluster: {
        findTopicPartitionMetadata: () => [{ partitionId: 0 }, { partitionId: 1 }],
      } as never,
      groupId: 'g',
      logger: undefined as never,
    })

  it('sends the mark and assigns partitions as kafkajs does', async () => {
    const conflicts: Error[] = []
    const assigner = assignerOf(clientOf(), conflicts)
    const { name, metadata } = assigner.protocol({ topics: ['team-a.events'] })
    expect(name).toBe('RoundRobinAssigner')
    const { userData } = AssignerProtocol.MemberMetadata.decode(metadata)!
    expect(userData.toString()).toBe('winnow:ours')
    const members = ['a', 'b'].map((memberId) => ({
      memberId,
      memberMetadata: metadataOf(['team-a.events'], Buffer.from('winnow:sibling')),
    }))
    const assigned = await assigner.assign({ members, topics: ['team-a.events'] })
    expect(
      assigned.map(({ memberAssignment }) => [
        AssignerProtocol.MemberAssignment.decode(memberAssignment)!.assignment,
      ]),
    ).toEqual([[{ 'team-a.events': [0] }], [{ 'team-a.events': [1] }]])
    expect(conflicts).toEqual([])
  })

  it('reports a foreign member with its host, as an error that kafkajs does not retry', async () => {
    const conflicts: Error[] = []
    const memberMetadata = metadataOf(['team-b.events'])
    const assigner = assignerOf(clientOf(memberMetadata), conflicts)
    const members = [{ memberId: 'c-1', memberMetadata }]
    const topics = ['team-a.events']
    await expect(assigner.assign({ members, topics })).rejects.toMatchObject({
      code: 'group_conflict',
      retriable: false,
      message: expect.stringContaining('other-app at 10.0.0.7') as string,
    })
    expect(conflicts).toHaveLength(1)
  })
})
