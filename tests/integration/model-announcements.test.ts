// winnow.models on the real broker: followers see the state and every change, and writers of one
// model never lose each other's changes.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import {
  createModelAnnouncements,
  type ModelAnnouncements,
} from '../../infra/sinks/model-announcements.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { promoted, published, rolledBack } from '../../models/store/release-state.ts'
import type { ModelAnnouncement, ReleasedVersion } from '../../schemas/model-announcement.ts'
import { openBackends, type Backends } from '../support/backends.ts'
import { until } from '../support/until.ts'

let backends: Backends
let announcements: ModelAnnouncements
beforeAll(async () => {
  backends = await openBackends(inject('stack'))
  const { config, kafka } = backends
  const schemas = await openSchemas(config.registry, config.topics.prefix)
  announcements = createModelAnnouncements({ kafka, schemas }, topicOf(config.topics, 'models'))
})
afterAll(() => backends.close())

function released(version: string): ReleasedVersion {
  const sha256 = version.padStart(64, '0')
  return {
    version,
    url: `memory://versions/mail/${version}/`,
    manifestSha256: sha256,
    graphSha256: sha256,
    tokenizerSha256: sha256,
    labelsSha256: sha256,
  }
}
const cause = (atMs: number) => ({ by: 'tester', reason: `at ${atMs}`, atMs })
const publish = (name: string, version: string, atMs: number) =>
  announcements.announce(name, (state) =>
    published(state, { name, released: released(version), ...cause(atMs) }),
  )
const promote = (name: string, version: string, atMs: number) =>
  announcements.announce(name, (state) =>
    promoted(state, { name, released: released(version), ...cause(atMs) }),
  )

describe('winnow.models', () => {
  it('gives followers the state and then every change', async () => {
    expect(await announcements.states()).toEqual(new Map())
    await publish('mail', '1', 1_000)
    await promote('mail', '1', 2_000)
    await publish('intent', '1', 3_000)
    const stop = new AbortController()
    const seen: ModelAnnouncement[] = []
    let atStart: [string, string | null][] | undefined
    const following = announcements.follow(
      {
        onCaughtUp: (states) => {
          atStart = [...states.values()].map(({ name, champion }) => [name, champion])
        },
        onAnnouncement: (state) => {
          seen.push(state)
        },
      },
      stop.signal,
    )
    await until('the follower is caught up', () => atStart !== undefined)
    expect(atStart).toEqual([
      ['mail', '1'],
      ['intent', null],
    ])
    await publish('mail', '2', 4_000)
    await promote('mail', '2', 5_000)
    await announcements.announce('mail', (state) =>
      rolledBack(state, { name: 'mail', ...cause(6_000) }),
    )
    await until('three changes', () => seen.length === 3)
    stop.abort()
    await following
    expect(seen.map(({ kind, version, champion }) => [kind, version, champion])).toEqual([
      ['published', '2', '1'],
      ['promoted', '2', '2'],
      ['rolled-back', '1', '1'],
    ])
    expect(seen[2]).toMatchObject({ previous: [], versions: [released('1')], by: 'tester' })
  })

  it('keeps the changes of all writers at once', async () => {
    await Promise.all([
      ...['1', '2', '3'].map((version) => promote('busy', version, Number(version))),
      publish('busy', '9', 9),
    ])
    const state = (await announcements.states()).get('busy')!
    // Each promotion is the champion or among the earlier ones: none was overwritten.
    expect([...state.previous, state.champion].sort()).toEqual(['1', '2', '3'])
  })

  it('is what it was when a change cannot be made', async () => {
    await publish('single', '1', 1)
    await expect(
      announcements.announce('single', (state) =>
        rolledBack(state, { name: 'single', ...cause(2) }),
      ),
    ).rejects.toMatchObject({ code: 'model_not_found' })
    const state = (await announcements.states()).get('single')!
    expect([state.kind, state.atMs]).toEqual(['published', 1])
  })

  it('passes over a record that is no announcement', async () => {
    const producer = backends.kafka.producer()
    await producer.connect()
    const topic = topicOf(backends.config.topics, 'models')
    await producer.send({ topic, messages: [{ key: 'odd', value: 'not Avro' }] })
    await producer.disconnect()
    const states = await announcements.states()
    expect(states.has('odd')).toBe(false)
    expect(states.has('single')).toBe(true)
  })
})
