// Writers and followers of winnow.models on a topic in memory with the shape of kafkajs's clients:
// one partition, transactions that fence each other, and commit markers that take up offsets.
// tests/integration/model-announcements.test.ts has a real broker.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ModelAnnouncement } from '../../schemas/model-announcement.ts'
import { openJsonSchemas } from '../../tests/support/json-schemas.ts'
import { until } from '../../tests/support/until.ts'
import type { KafkaClient } from '../kafka/kafka.ts'
import { createModelAnnouncements, type FollowHandlers } from './model-announcements.ts'

beforeEach(() => {
  // Writers that were overtaken begin again after a random pause.
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.restoreAllMocks()
})

type Stored = { key: string; value: Buffer | null; timestamp: string } | 'marker'
type Listener = (event: { payload: object }) => void

function memoryModels() {
  const log: Stored[] = []
  const consumers = new Set<{ emit(event: string, payload: object): void }>()
  const epochs = new Map<string, number>()
  const deletedGroups: string[] = []
  let open = 0
  let grown: () => void = () => undefined
  let aborted = 0
  /** Called before a record is written. */
  let beforeSend: () => Promise<unknown> | undefined = () => undefined

  const opened = () => Promise.resolve(open++)
  const closed = () => Promise.resolve(open--)
  const fenced = () => Object.assign(new Error('fenced'), { type: 'INVALID_PRODUCER_EPOCH' })
  const producer = ({ transactionalId = '' }) => ({
    connect: opened,
    disconnect: closed,
    transaction() {
      const epoch = (epochs.get(transactionalId) ?? 0) + 1
      epochs.set(transactionalId, epoch)
      const isOver = () => epochs.get(transactionalId) !== epoch
      let isActive = true
      const written: Stored[] = []
      return Promise.resolve({
        isActive: () => isActive,
        async send({ messages }: { messages: Exclude<Stored, 'marker'>[] }) {
          await beforeSend()
          if (isOver()) throw fenced()
          written.push(...messages)
        },
        commit() {
          if (isOver()) return Promise.reject(fenced())
          isActive = false
          log.push(...written, 'marker')
          grown()
          return Promise.resolve()
        },
        abort() {
          aborted++
          isActive = false
          return Promise.resolve()
        },
      })
    },
  })
  const consumer = () => {
    const listeners = new Map<string, Listener[]>()
    let isStopped = false
    const isOver = () => isStopped
    const self = {
      events: { END_BATCH_PROCESS: 'end', CRASH: 'crash' },
      on(event: string, listener: Listener) {
        listeners.set(event, [...(listeners.get(event) ?? []), listener])
      },
      emit(event: string, payload: object) {
        for (const listener of listeners.get(event) ?? []) listener({ payload })
      },
      connect: opened,
      subscribe: () => Promise.resolve(),
      run({ eachMessage }: { eachMessage: (payload: object) => Promise<void> }) {
        consumers.add(self)
        void (async () => {
          for (let offset = 0; !isOver(); offset++) {
            while (offset >= log.length && !isOver()) {
              await new Promise<void>((resolve) => (grown = resolve))
            }
            const stored = log[offset]
            if (stored === undefined) return
            if (stored !== 'marker') {
              await eachMessage({ message: { ...stored, offset: String(offset), headers: {} } })
            }
            self.emit('end', { lastOffset: String(offset) })
          }
        })()
        return Promise.resolve()
      },
      disconnect() {
        isStopped = true
        consumers.delete(self)
        grown()
        return closed()
      },
    }
    return self
  }
  const kafka = {
    admin: () => ({
      connect: opened,
      disconnect: closed,
      fetchTopicOffsets: () => Promise.resolve([{ partition: 0, high: String(log.length) }]),
      deleteGroups: ([group]: [string]) => Promise.resolve(deletedGroups.push(group)),
    }),
    withOwnConnections: () => ({ kafka: { producer, consumer }, end: () => undefined }),
  } as unknown as KafkaClient
  return {
    kafka,
    log,
    deletedGroups,
    open: () => open,
    aborted: () => aborted,
    onSend: (act: typeof beforeSend) => (beforeSend = act),
    append(value: Buffer | null) {
      log.push({ key: 'mail', value, timestamp: '0' })
      grown()
    },
    crash: (payload: object) => {
      for (const one of consumers) one.emit('crash', payload)
    },
  }
}

const state = (version: string, fields: Partial<ModelAnnouncement> = {}): ModelAnnouncement => ({
  name: 'mail',
  kind: 'promoted',
  version,
  champion: version,
  previous: [],
  versions: [],
  challenger: null,
  shadow: null,
  promotedAtMs: 5,
  by: 'test',
  reason: '',
  atMs: 5,
  ...fields,
})

async function opened() {
  const topic = memoryModels()
  const schemas = await openJsonSchemas()
  const announcements = createModelAnnouncements({ kafka: topic.kafka, schemas }, 'models')
  const append = (one: ModelAnnouncement) => topic.append(schemas.encode('models', one))
  return { topic, announcements, append }
}

/** The version after this one. */
const next = (present: ModelAnnouncement | undefined) =>
  state(String(Number(present?.version ?? 0) + 1))

describe('announce', () => {
  it('writes what follows from the present state, and gives it', async () => {
    const { topic, announcements } = await opened()
    expect(await announcements.announce('mail', next)).toEqual(state('1'))
    expect(await announcements.announce('mail', next)).toEqual(state('2'))
    expect(
      await announcements.announce('news', (present) =>
        state(present ? '9' : '1', { name: 'news' }),
      ),
    ).toMatchObject({ name: 'news', version: '1' })
    expect([...(await announcements.states()).values()]).toMatchObject([
      { name: 'mail', version: '2' },
      { name: 'news', version: '1' },
    ])
    expect(topic.log[0]).toMatchObject({ key: 'mail', timestamp: '5' })
    expect(topic.open()).toBe(0)
  })

  it('loses no change of writers that begin at one moment', async () => {
    const { topic, announcements } = await opened()
    await Promise.all([1, 2, 3].map(() => announcements.announce('mail', next)))
    expect((await announcements.states()).get('mail')!.version).toBe('3')
    expect(topic.log.filter((one) => one !== 'marker')).toHaveLength(3)
  })

  it('asks again with the newer state when it was overtaken between reading and writing', async () => {
    const { topic, announcements } = await opened()
    const presents: (string | undefined)[] = []
    let isFirst = true
    // Another writer does all of its work between this one's reading and writing.
    topic.onSend(() => {
      if (!isFirst) return undefined
      isFirst = false
      return announcements.announce('mail', next)
    })
    const written = announcements.announce('mail', (present) => {
      presents.push(present?.version)
      return next(present)
    })
    expect((await written).version).toBe('2')
    expect(presents).toEqual([undefined, '1'])
    expect(topic.open()).toBe(0)
  })

  it('gives up when it is overtaken over and over', async () => {
    const { topic, announcements } = await opened()
    let tries = 0
    topic.onSend(() => {
      tries++
      throw Object.assign(new Error('busy'), { type: 'CONCURRENT_TRANSACTIONS' })
    })
    await expect(announcements.announce('mail', next)).rejects.toMatchObject({
      code: 'broker_unavailable',
      message: expect.stringContaining(
        'other processes changed it at the same time, 20 times',
      ) as string,
    })
    expect(tries).toBe(20)
    expect(topic.aborted()).toBe(20)
  })

  it('writes nothing when the change is refused, and ends its transaction', async () => {
    const { topic, announcements } = await opened()
    const refused = new Error('there is no earlier champion')
    const announced = announcements.announce('mail', () => {
      throw refused
    })
    await expect(announced).rejects.toBe(refused)
    expect(topic.log).toEqual([])
    expect(topic.aborted()).toBe(1)
    expect(topic.open()).toBe(0)
  })

  it('throws what the broker refuses for another reason', async () => {
    const { topic, announcements } = await opened()
    topic.onSend(() => {
      throw Object.assign(new Error('no'), { type: 'TOPIC_AUTHORIZATION_FAILED' })
    })
    await expect(announcements.announce('mail', next)).rejects.toMatchObject({
      code: 'broker_refused',
    })
  })
})

describe('follow', () => {
  /** Follows until `stop`; tells what the handlers were called with. */
  function following(
    announcements: Awaited<ReturnType<typeof opened>>['announcements'],
    handlers: Partial<FollowHandlers> = {},
  ) {
    const seen: string[] = []
    const lines: string[] = []
    const stop = new AbortController()
    const ended = announcements.follow(
      {
        onCaughtUp(states) {
          seen.push(`caught up ${[...states.values()].map(({ version }) => version).join()}`)
        },
        onAnnouncement(one) {
          seen.push(one.version)
        },
        log: (line) => lines.push(line),
        ...handlers,
      },
      stop.signal,
    )
    ended.catch(() => undefined)
    return { seen, lines, ended, stop: () => stop.abort() }
  }

  it('gives the last state of each model once, then every later one in order', async () => {
    const { topic, announcements, append } = await opened()
    append(state('1'))
    append(state('2'))
    const { seen, ended, stop } = following(announcements)
    await until('caught up', () => seen.length === 1)
    append(state('3'))
    append(state('4'))
    await until('the later ones', () => seen.length === 3)
    stop()
    await ended
    expect(seen).toEqual(['caught up 2', '3', '4'])
    expect(topic.open()).toBe(0)
    expect(topic.deletedGroups).toEqual([expect.stringMatching(/^models-follower-/)])
  })

  it('is caught up at once on an empty topic', async () => {
    const { announcements } = await opened()
    const { seen, ended, stop } = following(announcements)
    await until('caught up', () => seen.length === 1)
    stop()
    await ended
    expect(seen).toEqual(['caught up '])
  })

  it('is caught up behind a commit marker, which is no record', async () => {
    const { announcements } = await opened()
    await announcements.announce('mail', next)
    const { seen, ended, stop } = following(announcements)
    await until('caught up', () => seen.length === 1)
    stop()
    await ended
    expect(seen).toEqual(['caught up 1'])
  })

  it('skips what is no announcement, and says so', async () => {
    const { topic, announcements, append } = await opened()
    topic.append(Buffer.from('{"name":5}'))
    topic.append(null)
    append(state('1'))
    const { seen, lines, ended, stop } = following(announcements)
    await until('caught up', () => seen.length === 1)
    stop()
    await ended
    expect(seen).toEqual(['caught up 1'])
    expect(lines).toEqual([expect.stringMatching(/^models\/0 was skipped: /)])
  })

  it('ends with what a handler throws', async () => {
    const { topic, announcements, append } = await opened()
    append(state('1'))
    const failed = new Error('cannot swap')
    const { ended } = following(announcements, { onCaughtUp: () => Promise.reject(failed) })
    await expect(ended).rejects.toBe(failed)
    expect(topic.open()).toBe(0)
  })

  it('logs a failure of the client that passes, and ends with one that does not', async () => {
    const { topic, announcements } = await opened()
    const { seen, lines, ended } = following(announcements)
    await until('caught up', () => seen.length === 1)
    topic.crash({ restart: true, error: new Error('away') })
    expect(lines).toEqual(['reading models failed, trying again: away'])
    topic.crash({ restart: false, error: new Error('gone') })
    await expect(ended).rejects.toMatchObject({
      code: 'broker_unavailable',
      message: 'cannot follow models: gone',
    })
  })
})
