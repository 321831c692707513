// NDJSON as a stream, over real sockets: a result per line, back-pressure in both directions, ends.
import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import { startGatewayChild } from '../../tests/support/gateway-child.ts'
import { configWith, gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'
import type { GatewayOptions } from '../app.ts'
import type { EventPublisher } from '../http/dependencies.ts'
import { listen, type GatewayServer } from '../http/server.ts'

type ResultLine = {
  index?: number
  id?: string
  error?: { code: string; field?: string; message: string }
  lines?: number
}

const servers: GatewayServer[] = []
const sent: ClientRequest[] = []
afterEach(async () => {
  for (const one of sent.splice(0)) one.destroy()
  await Promise.all(servers.splice(0).map((server) => server.close({ drainMsMax: 0 })))
})

async function start(parts: Partial<GatewayOptions> = {}) {
  const gateway = gatewayUnderTest(parts)
  const options = parts.config?.gateway ?? configWith().gateway
  const server = await listen(gateway.app, { ...options, port: 0 })
  servers.push(server)
  return { ...gateway, url: server.url }
}

const ndjson = { 'content-type': 'application/x-ndjson', accept: 'application/x-ndjson' }

/** A stream whose body the test writes. */
function open(url: string, headers: Record<string, string> = {}) {
  const sending = request(`${url}/v1/events`, {
    method: 'POST',
    headers: { ...ndjson, ...headers },
  })
  sent.push(sending)
  sending.on('error', () => undefined)
  const answer = once(sending, 'response').then(([response]) => response as IncomingMessage)
  answer.catch(() => undefined)
  return { sending, answer }
}

async function* resultsOf(answer: Promise<IncomingMessage>): AsyncGenerator<ResultLine> {
  for await (const line of createInterface({ input: await answer })) {
    yield JSON.parse(line) as ResultLine
  }
}

async function allOf(answer: Promise<IncomingMessage>): Promise<ResultLine[]> {
  const lines: ResultLine[] = []
  for await (const line of resultsOf(answer)) lines.push(line)
  return lines
}

describe('a stream of lines', () => {
  it('answers each line, and an invalid one does not stop the others', async () => {
    const { url, published } = await start({ config: configWith({ bodyBytesMax: 100 }) })
    const { sending, answer } = open(url)
    const long = JSON.stringify({ text: 'x'.repeat(200) })
    sending.end(
      ['{"id":"a","text":"x"}', '', 'no json', '{"text":""}', long, '{"id":"b","text":"y"}'].join(
        '\n',
      ),
    )
    const results = await allOf(answer)
    expect((await answer).headers['content-type']).toBe('application/x-ndjson')
    expect(results.map(({ index, id, error }) => [index, id ?? error?.code])).toEqual([
      [0, 'a'],
      [1, 'json_invalid'],
      [2, 'text_empty'],
      [3, 'field_too_long'],
      [4, 'b'],
    ])
    expect(results[2]!.error).toMatchObject({ field: 'text' })
    expect(published.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  it('answers a line before the next one is sent', async () => {
    const { url } = await start()
    const { sending, answer } = open(url)
    sending.write('{"id":"0","text":"x"}\n')
    const results = resultsOf(answer)
    for (let index = 0; index < 5; index += 1) {
      expect((await results.next()).value).toEqual({ index, id: String(index) })
      sending.write(`{"id":"${index + 1}","te`)
      await new Promise(setImmediate)
      sending.write(`xt":"x"}\n`)
    }
    sending.end()
    expect((await results.next()).value).toEqual({ index: 5, id: '5' })
    expect((await results.next()).done).toBe(true)
  })

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('takes %s, also beyond the limit of a body', async (coding, compress) => {
    const { url, published } = await start({ config: configWith({ bodyBytesMax: 1_000 }) })
    const { sending, answer } = open(url, { 'content-encoding': coding })
    const body = Array.from({ length: 5_000 }, (_, at) => `{"text":"text ${at}"}\n`).join('')
    sending.end(compress(Buffer.from(body)))
    expect(await allOf(answer)).toHaveLength(5_000)
    expect(published).toHaveLength(5_000)
  })

  it('reads no further while the broker does not answer, and ends at the deadline', async () => {
    const publish = vi.fn<EventPublisher['publish']>(() => new Promise(() => undefined))
    const config = configWith({ requestMsMax: 500 })
    const { url } = await start({ config, publisher: { publish } })
    const { sending, answer } = open(url)
    const line = `{"text":"${'x'.repeat(100_000)}"}\n`
    for (let at = 0; at < 200; at += 1) sending.write(line)
    sending.end()
    const results = await allOf(answer)
    expect(publish).toHaveBeenCalledTimes(1)
    expect(results).toMatchObject([{ error: { code: 'deadline_exceeded' }, lines: 0 }])
  })

  it('ends with the reason if the broker fails, and says how many lines were answered', async () => {
    const publish = vi
      .fn<() => Promise<void>>()
      .mockResolvedValueOnce()
      .mockRejectedValue(new WinnowError('broker_unavailable', 'kafka-1.internal said no'))
    const { url } = await start({ publisher: { publish } })
    const { sending, answer } = open(url)
    sending.write('{"id":"a","text":"x"}\n')
    const results = resultsOf(answer)
    expect((await results.next()).value).toEqual({ index: 0, id: 'a' })
    sending.end('{"id":"b","text":"x"}\n')
    const last = (await results.next()).value as ResultLine
    expect(last).toMatchObject({ error: { code: 'broker_unavailable' }, lines: 1 })
    expect(JSON.stringify(last)).not.toContain('internal')
    expect((await results.next()).done).toBe(true)
  })

  it('goes on for a caller who reads nothing until it has sent everything', async () => {
    const { url } = await start()
    const { sending, answer } = open(url)
    const line = `{"text":"x"}\n`
    for (let at = 0; at < 200; at += 1) {
      if (!sending.write(line.repeat(100))) await once(sending, 'drain')
    }
    sending.end()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await allOf(answer)).toHaveLength(20_000)
  })

  it('ends at a time limit if results stay unread past the limit, and then answers', async () => {
    const { url } = await start({ config: configWith({ requestMsMax: 1_500 }) })
    const { sending, answer } = open(url)
    // The results are 28 MB; 4 MiB of them, and what the buffers of the sockets hold, may wait.
    const lines = `{"id":"${'i'.repeat(250)}","text":"x"}\n`.repeat(1_000)
    for (let at = 0; at < 100; at += 1) {
      if (!sending.write(lines)) await once(sending, 'drain')
    }
    sending.end()
    const results = await allOf(answer)
    const last = results.at(-1)!
    expect(last).toMatchObject({
      error: { code: 'deadline_exceeded', message: expect.stringContaining('not read') as string },
      lines: results.length - 1,
    })
    expect(results.length).toBeGreaterThan(15_000)
    expect(results.length).toBeLessThan(100_000)
  })

  it('gives the same ids again under one Idempotency-Key', async () => {
    const { url } = await start()
    const ids = async (key: string) => {
      const { sending, answer } = open(url, { 'idempotency-key': key })
      sending.end('{"text":"a"}\n{"text":"a"}\n')
      return (await allOf(answer)).map(({ id }) => id)
    }
    const first = await ids('k')
    expect(new Set(first).size).toBe(2)
    expect(await ids('k')).toEqual(first)
    expect(await ids('other')).not.toEqual(first)
  })

  it('ends a caller who sends no complete line in time', async () => {
    const { url } = await start({ config: configWith({ requestMsMax: 300 }) })
    const { sending, answer } = open(url)
    sending.write('{"text":')
    const drip = setInterval(() => sending.write(' '), 20)
    const results = await allOf(answer)
    clearInterval(drip)
    expect(results).toMatchObject([{ error: { code: 'deadline_exceeded' }, lines: 0 }])
  })

  it('lets a new stream take the place of an idle one only', async () => {
    const { url } = await start({ config: configWith({ lineStreamsMax: 1 }) })
    const first = open(url)
    first.sending.write('{"id":"a","text":"x"}\n')
    const results = resultsOf(first.answer)
    await results.next()
    const refused = open(url)
    refused.sending.end('{"text":"x"}\n')
    expect((await refused.answer).statusCode).toBe(503)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const second = open(url)
    second.sending.end('{"id":"b","text":"x"}\n')
    expect(await allOf(second.answer)).toEqual([{ index: 0, id: 'b' }])
    expect((await results.next()).value).toMatchObject({ error: { code: 'queue_full' }, lines: 1 })
  })

  it('takes no query parameters', async () => {
    const gateway = await start()
    const { status } = await gateway.post('/v1/events?wait=5', '{"text":"x"}', ndjson)
    expect(status).toBe(400)
  })

  it('takes 100 MB in flat memory', async () => {
    const child = await startGatewayChild()
    try {
      const line = `{"text":"${'x'.repeat(1_000)}"}\n`
      const feed = async (lines: number) => {
        const { sending, answer } = open(child.url)
        const counted = allOf(answer)
        for (let at = 0; at < lines; at += 100) {
          if (!sending.write(line.repeat(100))) await once(sending, 'drain')
        }
        sending.end()
        return (await counted).length
      }
      expect(await feed(10_000)).toBe(10_000)
      const { rssBytesMax: before } = await child.measure()
      expect(await feed(100_000)).toBe(100_000)
      const { rssBytesMax, longestTurnMs } = await child.measure()
      expect(rssBytesMax - before).toBeLessThan(60_000_000)
      expect(longestTurnMs).toBeLessThan(200)
    } finally {
      await child.stop()
    }
  })
})
