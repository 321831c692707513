// GET /v1/stream on a real socket, over a log in memory: filters, resuming, limits, closing.
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
import { listen } from '../http/server.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A gateway over a log, on a socket of its own. */
async function start(gateway: Partial<Config['gateway']> = {}) {
  const log = createMemoryLog(50)
  const config = configWith({ ...gateway, port: 0 })
  const live = createLiveResults(log, config)
  const { app } = gatewayUnderTest({ config, live })
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
})
