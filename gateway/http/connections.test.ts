// Hostile and slow connections to a gateway in a process of its own: its memory stays flat, and
// others are served all the time.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { startGatewayChild, type GatewayChild } from '../../tests/support/gateway-child.ts'
import { configWith } from '../../tests/support/gateway-under-test.ts'
import { waitingRequestsMax } from './connections.ts'
import { listen } from './server.ts'

const megabyte = 1_000_000
const waitFor = (check: () => void | Promise<void>) => vi.waitFor(check, 15_000)
const get = 'GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'
const head =
  'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n'

let child: GatewayChild
const sockets: Socket[] = []
beforeAll(async () => {
  child = await startGatewayChild({ requestMsMax: 2_000, addressConnectionsMax: 500 })
  for (let warm = 0; warm < 50; warm += 1) await (await fetch(`${child.url}/openapi.json`)).text()
  await child.measure()
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})
afterAll(() => child.stop())

/** Connections that read nothing; those that the gateway cuts off count as closed. */
async function connections(count: number, port = child.port): Promise<Socket[]> {
  const opened = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  sockets.push(...opened)
  for (const socket of opened) socket.on('error', () => socket.destroy())
  await Promise.all(opened.map((socket) => once(socket, 'connect')))
  return opened
}

async function postText(text: string): Promise<number> {
  const response = await fetch(`${child.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  })
  return response.status
}

/** Measures until the memory is stable. */
async function stableMeasure() {
  for (let round = 0; round < 10; round += 1) expect(await postText('other')).toBe(202)
  return child.measure()
}

describe('pipelined requests that nobody reads', () => {
  it.each([
    [300, 1_400],
    [300, waitingRequestsMax + 1],
  ])('of %d connections, %d on each, take little memory', async (count, requests) => {
    const before = await child.measure()
    for (const socket of await connections(count)) socket.write(get.repeat(requests))
    const after = await stableMeasure()
    expect(after.rssBytesMax - before.rssBytes).toBeLessThan(150 * megabyte)
  })

  it('are answered in order when the client reads', async () => {
    const [socket] = await connections(1)
    let text = ''
    socket!.setEncoding('utf8').on('data', (part: string) => (text += part))
    const paths = ['/livez', '/openapi.json', '/nowhere', '/v1/results', '/livez']
    socket!.write(paths.map((path) => get.replace('/openapi.json', path)).join(''))
    await waitFor(() => {
      expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(
        [200, 200, 404, 200, 200].map((status) => `HTTP/1.1 ${status}`),
      )
    })
    expect(text).toMatch(/"live":true[^]*openapi[^]*not_found[^]*results[^]*"live":true/)
  })
})

describe('slow bodies', () => {
  it('of 100 connections do not block others, and end with 408', async () => {
    const slow = await connections(100)
    for (const socket of slow) socket.write(`${head}{"text"`)
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write(' ')
    }, 100)
    const answers = slow.map(async (socket) =>
      String(((await once(socket, 'data')) as [Buffer])[0]),
    )
    for (let round = 0; round < 20; round += 1) expect(await postText('other')).toBe(202)
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    clearInterval(drip)
  })

  it('of one byte per chunk take only the memory of their bytes', async () => {
    const before = await child.measure()
    const chunked = head.replace('Content-Length: 1000', 'Transfer-Encoding: chunked')
    for (const socket of await connections(5)) {
      socket.write(chunked)
      socket.write('1\r\nx\r\n'.repeat(100_000))
    }
    const { rssBytesMax } = await stableMeasure()
    expect(rssBytesMax - before.rssBytes).toBeLessThan(150 * megabyte)
  })
})

describe('connections', () => {
  it('above the limit of one address are closed, and then do not count', async () => {
    const opened = await connections(510)
    await waitFor(() => {
      expect(opened.filter((socket) => !socket.readable).length).toBeGreaterThanOrEqual(10)
    })
    for (const socket of opened) socket.destroy()
    await waitFor(async () => {
      expect(await postText('other')).toBe(202)
    })
  })
})

describe('responses that nobody reads', () => {
  it('are cut off, oldest first, when together they take too much', async () => {
    const body = Buffer.alloc(16 * 1_048_576, 'x')
    let answers = 0
    const answer = () => {
      answers += 1
      return new Response(body)
    }
    const server = await listen({ fetch: answer }, { ...configWith().gateway, port: 0 })
    const opened = await connections(8, Number(new URL(server.url).port))
    for (const socket of opened) socket.pause().write(get)
    await waitFor(() => {
      expect(answers).toBe(opened.length)
    })
    const read = (socket: Socket) =>
      new Promise<number>((resolve) => {
        let bytes = 0
        socket.on('close', () => {
          resolve(bytes)
        })
        socket.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > body.length) resolve(bytes)
        })
        socket.resume()
      })
    const [oldest, newest] = await Promise.all([read(opened[0]!), read(opened.at(-1)!)])
    expect(oldest).toBeLessThan(body.length)
    expect(newest).toBeGreaterThan(body.length)
    await server.close({ drainMsMax: 0 })
  })
})
