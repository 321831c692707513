// The gateway on a real socket: bodies without a length, slow callers and those who leave,
// draining, ports.
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
} from '../../tests/support/gateway-under-test.ts'
import { listen } from './server.ts'
import type { GatewayServer } from './server.ts'

const open: GatewayServer[] = []

async function start(parts: Parameters<typeof gatewayUnderTest>[0] = {}) {
  const config = parts.config ?? configWith()
  const gateway = gatewayUnderTest({ ...parts, config })
  const server = await listen(gateway.app, { ...config.gateway, port: 0 })
  open.push(server)
  return { gateway, server }
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close({ drainMsMax: 0 })))
})

const post = (url: string, body: string) =>
  fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })

/** Starts a chunked POST and returns it unfinished. */
function chunkedPost(url: string) {
  const sending = request(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  // The server may close the connection while the test is still sending.
  sending.on('error', () => undefined)
  const answer = once(sending, 'response').then(async ([response]) => {
    const message = response as IncomingMessage
    let text = ''
    for await (const chunk of message) text += String(chunk)
    return { status: message.statusCode, json: JSON.parse(text) as Record<string, unknown> }
  })
  return { sending, answer }
}

describe('listen', () => {
  it('picks a free port and answers there', async () => {
    const { server } = await start()
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const response = await post(server.url, '{"id":"a","text":"x"}')
    expect([response.status, await response.json()]).toEqual([202, { ids: ['a'] }])
  })

  it('reports that a port is taken', async () => {
    const { server } = await start()
    const port = Number(new URL(server.url).port)
    const again = listen(gatewayUnderTest().app, { ...configWith().gateway, port })
    await expect(again).rejects.toMatchObject({ code: 'port_taken', details: { port } })
  })

  it('reports an address that this machine does not have', async () => {
    const options = { ...configWith().gateway, host: '203.0.113.7', port: 0 }
    const listening = listen(gatewayUnderTest().app, options)
    await expect(listening).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

describe('bodies', () => {
  it('stops reading a body without Content-Length at the limit', async () => {
    const config = configWith({ bodyBytesMax: 100_000 })
    const { gateway, server } = await start({ config })
    const { sending, answer } = chunkedPost(server.url)
    let sentBytes = 0
    const feed = setInterval(() => {
      sentBytes += 50_000
      sending.write('x'.repeat(50_000))
    }, 5)
    const { status, json } = await answer
    clearInterval(feed)
    sending.destroy()
    expect([status, json['code']]).toEqual([413, 'body_too_large'])
    expect(sentBytes).toBeLessThan(5_000_000)
    expect(gateway.published).toEqual([])
  })

  it('refuses a Content-Length over the limit without reading the body', async () => {
    const { server } = await start({ config: configWith({ bodyBytesMax: 10 }) })
    expect((await post(server.url, '{"text":"more than ten"}')).status).toBe(413)
  })

  it('gives up on a slow body at the deadline', async () => {
    const config = configWith({ requestsMax: 1, requestMsMax: 200 })
    const { server } = await start({ config })
    const { sending, answer } = chunkedPost(server.url)
    sending.write('{"text":')
    const { status, json } = await answer
    sending.destroy()
    expect([status, json['code']]).toEqual([408, 'body_timeout'])
    expect((await post(server.url, '{"text":"x"}')).status).toBe(202)
  })

  it('gives incomplete bodies no slot', async () => {
    const { gateway, server } = await start({ config: configWith({ requestsMax: 1 }) })
    const slow = Array.from({ length: 20 }, () => chunkedPost(server.url))
    for (const { sending } of slow) sending.write('{"text":')
    await Promise.all(slow.map(({ sending }) => once(sending, 'socket')))
    expect((await post(server.url, '{"text":"x"}')).status).toBe(202)
    for (const { sending } of slow.slice(1)) sending.destroy()
    await Promise.allSettled(slow.slice(1).map(({ answer }) => answer))
    slow[0]!.sending.end('"y"}')
    expect((await slow[0]!.answer).status).toBe(202)
    expect(gateway.published.map(({ text }) => text)).toEqual(['x', 'y'])
    expect(gateway.failures).toEqual([])
  })

  it('tells the classifier that the caller left', async () => {
    const asked = Promise.withResolvers<AbortSignal>()
    const classify = (_: readonly string[], { signal }: { signal: AbortSignal }) => {
      asked.resolve(signal)
      return new Promise<never>(() => undefined)
    }
    const { server } = await start({ classifier: { ...hamClassifier(), classify } })
    const caller = new AbortController()
    const answer = fetch(`${server.url}/v1/classify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"texts":["a"]}',
      signal: caller.signal,
    })
    const signal = await asked.promise
    caller.abort()
    await expect(answer).rejects.toThrow()
    await vi.waitFor(() => {
      expect(signal.reason).toMatchObject({ code: 'cancelled' })
    })
  })

  it('survives bytes that are not HTTP', async () => {
    const { server } = await start()
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    socket.end('\u0000\u0001 nonsense\r\n\r\n')
    await once(socket.resume(), 'close')
    expect((await fetch(`${server.url}/livez`)).status).toBe(200)
  })
})

describe('close', () => {
  it('lets running requests finish, refuses new ones, and may be called twice', async () => {
    const acknowledged = Promise.withResolvers<undefined>()
    const publish = vi.fn(() => acknowledged.promise.then(() => undefined))
    const { server } = await start({ publisher: { publish } })
    const atWork = post(server.url, '{"id":"a","text":"x"}')
    await vi.waitFor(() => {
      expect(publish).toHaveBeenCalled()
    })
    const closed = Promise.all([server.close(), server.close()])
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow()
    acknowledged.resolve(undefined)
    const response = await atWork
    expect(response.status).toBe(202)
    expect(response.headers.get('connection')).toBe('close')
    await closed
  })

  it('does not wait for idle connections', async () => {
    const { server } = await start()
    await (await fetch(`${server.url}/livez`)).text()
    const startMs = performance.now()
    await server.close()
    expect(performance.now() - startMs).toBeLessThan(1_000)
  })

  it('cuts connections that are still open after the deadline', async () => {
    const never = new Promise<void>(() => undefined)
    const publish = vi.fn(() => never)
    const { server } = await start({ publisher: { publish } })
    const atWork = post(server.url, '{"text":"x"}')
    atWork.catch(() => undefined)
    await vi.waitFor(() => {
      expect(publish).toHaveBeenCalled()
    })
    await server.close({ drainMsMax: 20 })
    await expect(atWork).rejects.toThrow()
  })
})
