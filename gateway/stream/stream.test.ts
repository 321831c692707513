// GET /v1/stream on a real socket, over a log in memory: filters, resuming, limits, closing.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Config } from '../../configs/schema.ts'
import { openEventStream, resultsOf, type EventStream } from '../../tests/support/event-stream.ts'
import {
  configWith,
  createLiveResults,
  gatewayUnderTest,
  storedResult,
} from '../../tests/support/gateway-under-test.ts'
import { createMemoryLog } from '../../tests/support/memory-log.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { GatewayOptions } from '../app.ts'
import type { ValidKey } from '../http/auth.ts'
import { listen } from '../http/server.ts'
import type { StreamPace } from './live-results.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A gateway over a log, on a socket of its own. */
async function start(
  gateway: Partial<Config['gateway']> = {},
  pace: Partial<StreamPace> = {},
  parts: Partial<GatewayOptions> = {},
) {
  const log = createMemoryLog(50)
  const config = configWith({ ...gateway, port: 0 })
  const live = createLiveResults(log, config, pace)
  const { app } = gatewayUnderTest({ config, live, ...parts })
  const server = await listen(app, config.gateway)
  closers.push(() => server.close({ drainMsMax: 0 }))
  closers.push(() => live.close())
  const open = async (query = '', headers: Record<string, string> = {}) => {
    const stream = await openEventStream(`${server.url}/v1/stream${query}`, headers)
    closers.push(() => {
      stream.close()
    })
    await vi.waitFor(() => {
      expect(stream.events[0]?.event).toBe('ready')
    })
    return stream
  }
  return { log, live, server, open }
}

const row = (offset: number, changes: Partial<typeof storedResult> = {}) => ({
  ...storedResult,
  offset,
  eventId: `event-${offset}`,
  ...changes,
})
const offsetsOf = (stream: EventStream) =>
  resultsOf(stream).map(({ origin }) => (origin as { offset: number }).offset)

/** Waits until a stream has exactly these offsets. */
function expectOffsets(stream: EventStream, offsets: readonly number[]) {
  return vi.waitFor(() => {
    expect(offsetsOf(stream)).toEqual(offsets)
  }, 5_000)
}

describe('GET /v1/stream', () => {
  it('sends results as they land, whenever they were classified', async () => {
    const { log, open } = await start()
    log.add([row(1)])
    const stream = await open()
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    log.add([row(2)])
    await expectOffsets(stream, [2])
    log.add([row(3, { classifiedAtMs: 5 }), row(4)])
    await expectOffsets(stream, [2, 3, 4])
    expect(resultsOf(stream)[0]).toMatchObject({ id: 'event-2', label: 'ham', model: 'mail@3' })
  })

  it('masks texts for readers with the scope read-masked, and for them only', async () => {
    const whole = 'whole-key-0123456789'
    const masked = 'masked-key-0123456789'
    const { log, open } = await start({
      keys: [
        { key: whole, scopes: ['read'] },
        { key: masked, scopes: ['read-masked'] },
      ],
    })
    const text = 'write to ann@example.org'
    const readers = [
      await open('', { authorization: `Bearer ${whole}` }),
      await open('', { authorization: `Bearer ${masked}` }),
    ]
    log.add([row(1, { text })])
    for (const reader of readers) await expectOffsets(reader, [1])
    expect(readers.map((reader) => resultsOf(reader)[0]!.text)).toEqual([text, 'write to [mail]'])
    const cursor = readers[0]!.events[0]!.id
    const late = await open('', { authorization: `Bearer ${masked}`, 'last-event-id': cursor })
    await expectOffsets(late, [1])
    expect(resultsOf(late)[0]!.text).toBe('write to [mail]')
  })

  it('ends the stream of a key that is revoked or expires', async () => {
    const digest = (key: string) => createHash('sha256').update(key).digest()
    const kept = 'kept-key-0123456789'
    const lost = 'lost-key-0123456789'
    const late = 'late-key-0123456789'
    let nowMs = 1_000
    let known: ValidKey[] = [
      { name: 'kept', scopes: ['read'], digest: digest(kept) },
      { name: 'lost', scopes: ['read'], digest: digest(lost) },
      { name: 'late', scopes: ['read'], digest: digest(late), expiresMs: 2_000 },
    ]
    const keys = { keys: () => known, isUsed: () => true, onUse: () => undefined }
    const { open } = await start({}, { heartbeatMs: 20 }, { keys, clock: () => nowMs })
    const streams = await Promise.all(
      [kept, lost, late].map((key) => open('', { authorization: `Bearer ${key}` })),
    )
    const closed = (stream: EventStream) => stream.events.find(({ event }) => event === 'closed')
    known = known.filter(({ name }) => name !== 'lost')
    await vi.waitFor(() => {
      expect(closed(streams[1]!)?.text).toBe('{"reason":"unauthorized"}')
    })
    expect([streams[0], streams[2]].map((one) => closed(one!))).toEqual([undefined, undefined])
    nowMs = 2_000
    await vi.waitFor(() => {
      expect(closed(streams[2]!)?.text).toBe('{"reason":"unauthorized"}')
    })
    expect(closed(streams[0]!)).toBeUndefined()
  })

  it('filters for each reader', async () => {
    const { log, open } = await start()
    const all = await open()
    const [spam, chat, model, version, text] = await Promise.all(
      ['label=spam', 'source=chat', 'model=other', 'model=mail@3', 'q=CHEAP%20Ü'].map((query) =>
        open(`?${query}`),
      ),
    )
    log.add([
      row(1, { label: 'spam' }),
      row(2, { source: 'chat' }),
      row(3, { model: 'other' }),
      row(4, { version: '4' }),
      row(5, { text: 'so cheap ü!' }),
    ])
    await expectOffsets(all, [1, 2, 3, 4, 5])
    expect([spam!, chat!, model!, text!].map(offsetsOf)).toEqual([[1], [2], [3], [5]])
    expect(offsetsOf(version!)).toEqual([1, 2, 5])
  })

  it('sends ready first, with a cursor, and then heartbeats that move it', async () => {
    const { log, open } = await start({}, { heartbeatMs: 50 })
    const stream = await open('?label=never')
    expect(stream.events).toEqual([{ event: 'ready', id: '0', text: '{"cursor":"0"}' }])
    log.add([row(1)])
    await vi.waitFor(() => {
      expect(stream.lastEventId()).toBe('1')
    })
    expect(stream.events).toHaveLength(1)
  })

  it('reads nothing while nobody listens, and once for all who do', async () => {
    const { log, open, live } = await start()
    log.add([row(1)])
    const streams = await Promise.all(Array.from({ length: 20 }, () => open()))
    const before = log.reads
    log.add([row(2)])
    await Promise.all(streams.map((stream) => expectOffsets(stream, [2])))
    // Two reads: the one that found the row, and perhaps one more.
    expect(log.reads - before).toBeLessThan(10)
    for (const stream of streams) stream.close()
    await vi.waitFor(() => {
      expect(live.readers).toBe(0)
    })
    await quiet(log)
  })

  it('keeps no result of an event that was forgotten', async () => {
    const { log, open } = await start({}, { forgetMs: 20 })
    const stream = await open()
    log.add([row(1), row(2)])
    await expectOffsets(stream, [1, 2])
    // The table has only the second one now; the gateway still keeps both for readers who resume.
    await expectOffsets(await open('', { 'last-event-id': '0' }), [1, 2])
    log.remove(({ offset }) => offset === 1)
    log.mark += 1
    await vi.waitFor(async () => {
      const resumed = await open('', { 'last-event-id': '0' })
      log.add([row(Date.now())])
      await vi.waitFor(() => {
        expect(offsetsOf(resumed)[0]).toBe(2)
      })
    }, 5_000)
  })

  it('answers HEAD without a reader', async () => {
    const { server, live } = await start()
    const response = await fetch(`${server.url}/v1/stream`, { method: 'HEAD' })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(live.readers).toBe(0)
  })

  it('refuses readers above the limit until one leaves', async () => {
    const { server, open, live } = await start({ streamReadersMax: 2 })
    const [first] = await Promise.all([open(), open()])
    const refused = await fetch(`${server.url}/v1/stream`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({ code: 'queue_full' })
    first.close()
    await vi.waitFor(() => {
      expect(live.readers).toBe(1)
    })
    await open()
  })

  it.each([
    ['?lastEventId=x', {}],
    ['?lastEventId=1~2', {}],
    ['?label=', {}],
    ['?limit=5', {}],
    ['', { 'last-event-id': '-1' }],
  ])('refuses %s with %j', async (query, headers) => {
    const { server, live } = await start()
    const refused = await fetch(`${server.url}/v1/stream${query}`, { headers })
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ code: 'parameter_invalid' })
    expect(live.readers).toBe(0)
  })

  it('takes no slot of other requests', async () => {
    const { server, open } = await start({ requestsMax: 1 })
    await Promise.all([open(), open()])
    expect((await fetch(`${server.url}/v1/results`)).status).toBe(200)
  })
})

describe('resuming', () => {
  it.each([
    ['from what was streamed last', true],
    ['from the log', false],
  ])('goes on %s, in the middle of a block too', async (_, isWatched) => {
    const { log, open, live } = await start()
    if (isWatched) await open()
    const first = await open()
    log.add([row(1), row(2), row(3)])
    log.add([row(4)])
    await expectOffsets(first, [1, 2, 3, 4])
    first.close()
    await vi.waitFor(() => {
      expect(live.readers).toBe(isWatched ? 1 : 0)
    })
    log.add([row(5)])
    log.add(Array.from({ length: 120 }, (_, at) => row(100 + at)))
    const rest = [5, ...Array.from({ length: 120 }, (_, at) => 100 + at)]
    const second = await open('', { 'Last-Event-ID': first.lastEventId() })
    await expectOffsets(second, rest)
    const [, , middle] = first.events
    const third = await open(`?lastEventId=${middle!.id}`)
    await expectOffsets(third, [3, 4, ...rest])
    const filtered = await open(`?lastEventId=${middle!.id}&q=nothing`)
    log.add([row(6)])
    await expectOffsets(third, [3, 4, ...rest, 6])
    expect(offsetsOf(filtered)).toEqual([])
  })

  it('sends each result exactly once over many reconnects, whatever the order of the rows', async () => {
    const { log, open } = await start()
    const sent: number[] = []
    const got: number[] = []
    let cursor: string | undefined
    await open()
    for (let round = 0; round < 25; round += 1) {
      const stream = await open('', cursor === undefined ? {} : { 'last-event-id': cursor })
      for (let block = 0; block < 3; block += 1) {
        const offsets = Array.from({ length: 1 + ((round * 7 + block) % 5) }, () => sent.length)
        const rows = offsets.map((start, at) => row(10_000 - start - at))
        sent.push(...rows.map(({ offset }) => offset))
        // Late, out of order, and from clocks that differ.
        log.add(rows.map((one) => ({ ...one, classifiedAtMs: (round * 7_919) % 1_000 })))
        await setTimeout((round * 5) % 12)
      }
      // The last round reads all that is left.
      if (round === 24) {
        await vi.waitFor(() => {
          expect(got.length + offsetsOf(stream).length).toBe(sent.length)
        }, 5_000)
      }
      stream.close()
      await stream.ended
      got.push(...offsetsOf(stream))
      cursor = stream.lastEventId()
    }
    expect(new Set(got).size).toBe(got.length)
    expect(got.toSorted()).toEqual(sent.toSorted())
  })

  it('waits for what another gateway has sent already', async () => {
    const { log, open } = await start()
    const early = await open()
    log.add([row(1)])
    // Another gateway has read block 1 before this one.
    const stream = await open('?lastEventId=1')
    await expectOffsets(early, [1])
    log.add([row(2)])
    await expectOffsets(stream, [2])
  })

  it('refuses a cursor that is too old, or of another table', async () => {
    const { log, server } = await start()
    log.add(Array.from({ length: 20_001 }, (_, at) => row(at)))
    const old = await fetch(`${server.url}/v1/stream?lastEventId=0`)
    expect([old.status, (await old.json()) as object]).toMatchObject([
      410,
      { code: 'cursor_expired' },
    ])
    const other = await fetch(`${server.url}/v1/stream?lastEventId=2`)
    expect([other.status, (await other.json()) as object]).toMatchObject([
      410,
      { code: 'cursor_expired' },
    ])
  })
})

describe('the end of a stream', () => {
  it('is said at once when the gateway stops, and no stream begins after', async () => {
    const { server, open, live } = await start()
    const streams = await Promise.all([open(), open()])
    const startMs = performance.now()
    await live.close()
    const closed = server.close()
    await Promise.all(streams.map(({ ended }) => ended))
    await closed
    expect(performance.now() - startMs).toBeLessThan(2_000)
    for (const { events } of streams) {
      expect(events.at(-1)).toMatchObject({ event: 'closed', text: '{"reason":"shutdown"}' })
    }
    const request = { selection: {}, cut: () => undefined, signal: new AbortController().signal }
    await expect(live.listen(request)).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('comes to a reader that stops reading, and to nobody else', async () => {
    const { log, server, open, live } = await start({}, { slowMsMax: 1_000 })
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    closers.push(() => socket.destroy())
    socket.write('GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'data')
    socket.pause()
    const other = await open()
    // More than the buffers of a connection hold.
    const text = 'x'.repeat(20_000)
    for (let at = 0; at < 600; at += 1) log.add([row(at, { text })])
    await expectOffsets(other, [...Array(600).keys()])
    // The reader does nothing for longer than it may.
    await setTimeout(1_500)
    let tail = ''
    socket.setEncoding('utf8').on('data', (part: string) => (tail = (tail + part).slice(-200)))
    socket.resume()
    await vi.waitFor(() => {
      expect(tail).toMatch(/event: closed\ndata: \{"reason":"slow_reader"\}\n\n\r\n0\r\n\r\n$/)
    })
    expect(live.readers).toBe(1)
    expect(other.events.at(-1)!.event).toBe('result')
  })

  it('cuts the connection of a reader that does not read even that', async () => {
    const { log, server, open, live } = await start({}, { slowMsMax: 100, closedMsMax: 200 })
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    closers.push(() => socket.destroy())
    socket.write('GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'data')
    socket.pause()
    await open()
    const text = 'x'.repeat(20_000)
    for (let at = 0; at < 600; at += 1) log.add([row(at, { text })])
    await vi.waitFor(() => {
      expect(live.readers).toBe(1)
    }, 5_000)
  })

  it('comes when the table of results is a new one', async () => {
    const { log, open } = await start({}, { heartbeatMs: 50 })
    log.add([row(1)])
    const stream = await open()
    log.clear()
    await stream.ended
    expect(stream.events.at(-1)!.text).toBe('{"reason":"unavailable"}')
  })

  it('leaves no reader behind when opening takes too long', async () => {
    const { log, server, live } = await start({ requestMsMax: 50 })
    log.end = () => new Promise(() => undefined)
    const late = await fetch(`${server.url}/v1/stream`)
    expect([late.status, await late.json()]).toMatchObject([504, { code: 'deadline_exceeded' }])
    expect(live.readers).toBe(0)
  })

  it('comes when the log cannot be read for long, and not before', async () => {
    const { log, open } = await start({}, { failedMsMax: 200 })
    const stream = await open()
    log.failure = new WinnowError('analytics_unavailable', 'away')
    const { reads } = log
    await vi.waitFor(() => {
      expect(log.reads).toBeGreaterThan(reads + 1)
    })
    log.failure = undefined
    log.add([row(1)])
    await expectOffsets(stream, [1])
    log.failure = new WinnowError('analytics_unavailable', 'away')
    await stream.ended
    expect(stream.events.at(-1)!.text).toBe('{"reason":"unavailable"}')
  })
})

/** Resolves when the log has not been read for a while. */
async function quiet(log: { readonly reads: number }): Promise<void> {
  await vi.waitFor(
    async () => {
      const before = log.reads
      await setTimeout(100)
      expect(log.reads).toBe(before)
    },
    { timeout: 5_000 },
  )
}
