// Requests that no HTTP library sends: broken lines, wrong lengths, heads without an end, clients
// that send byte by byte or read nothing. After each, the gateway must still answer.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What a client sends, and how its connection must end. */
type OddRequest = {
  readonly name: string
  readonly parts: readonly string[]
  /** The statuses of which one must come; none: the connection closes or waits. */
  readonly statuses?: readonly number[]
}

const head = 'POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n'

const requests: readonly OddRequest[] = [
  {
    name: 'a chunk size that is no number',
    parts: [`${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    statuses: [400],
  },
  {
    name: 'a chunk size beyond 64 bits',
    parts: [`${head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`],
    statuses: [400, 413],
  },
  { name: 'a negative length', parts: [`${head}Content-Length: -5\r\n\r\n{}`], statuses: [400] },
  { name: 'a length with a sign', parts: [`${head}Content-Length: +2\r\n\r\n{}`], statuses: [400] },
  {
    name: 'a header folded over two lines',
    parts: [`${head}X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{}`],
    statuses: [400, 422],
  },
  {
    name: 'a NUL in a header',
    parts: [`${head}X-Nul: a\u0000b\r\nContent-Length: 2\r\n\r\n{}`],
    statuses: [400],
  },
  {
    name: 'a space before the colon',
    parts: [`${head}X-Space : a\r\nContent-Length: 2\r\n\r\n{}`],
    statuses: [400],
  },
  {
    name: 'lines that end with LF alone',
    parts: ['GET /livez HTTP/1.1\nHost: 127.0.0.1\n\n'],
    statuses: [200, 400],
  },
  {
    name: 'a version that does not exist',
    parts: ['GET /livez HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n'],
    statuses: [400, 505],
  },
  {
    name: 'an absolute target of another host',
    parts: ['GET http://evil.example/livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
    statuses: [200, 400, 403, 404],
  },
  {
    name: 'a target with dots',
    parts: ['GET /docs/../../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
    statuses: [400, 404],
  },
  {
    name: 'a percent-escape without digits',
    parts: ['GET /v1/results/%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
    statuses: [400, 404],
  },
  { name: 'no Host', parts: ['GET /livez HTTP/1.1\r\n\r\n'], statuses: [400] },
  {
    name: 'headers of 1 MB',
    parts: [`GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: ${'x'.repeat(1_000_000)}\r\n\r\n`],
    statuses: [431],
  },
  {
    name: '5,000 headers',
    parts: [
      `GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n${Array.from({ length: 5_000 }, (_, at) => `X-${at}: a\r\n`).join('')}\r\n`,
    ],
    statuses: [200, 431],
  },
  {
    name: 'a body byte by byte',
    parts: [`${head}Content-Length: 17\r\n\r\n`, ...Array.from('{"text":"x y z."}')],
    statuses: [202],
  },
  {
    name: 'a target of 100,000 bytes',
    parts: [`GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`],
    statuses: [404, 414, 431],
  },
  {
    name: 'TLS',
    parts: ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
    statuses: [400],
  },
]

/** Sends them all; returns how many failed. */
export async function oddRequests(gateway: string, write: (line: string) => void): Promise<number> {
  const port = Number(new URL(gateway).port)
  let failed = 0
  const check = async (name: string, body: () => Promise<void>) => {
    try {
      await body()
      assert.equal((await fetch(`${gateway}/livez`)).status, 200)
      write(`ok      ${name}`)
    } catch (error) {
      failed += 1
      write(`FAILED  ${name}: ${String(error)}`)
    }
  }
  for (const { name, parts, statuses } of requests) {
    await check(name, async () => {
      const status = await statusOf(port, parts)
      assert.ok(statuses === undefined || statuses.includes(status), `status ${status}`)
    })
  }
  await check('500 idle connections', () => idleConnections(port, 500))
  await check('200 heads without an end', () => heads(port, 200))
  return failed
}

/** The status of the first answer; 0 if the connection closes without one. */
async function statusOf(port: number, parts: readonly string[]): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  let answer = ''
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text))
  for (const part of parts) {
    socket.write(part, 'latin1')
    if (parts.length > 1) await new Promise(setImmediate)
  }
  const deadlineMs = performance.now() + 20_000
  while (!/^HTTP\/1\.1 \d{3}/.test(answer) && !socket.destroyed) {
    if (performance.now() > deadlineMs) break
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  socket.destroy()
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
}

async function idleConnections(port: number, count: number): Promise<void> {
  const sockets = await opened(port, count)
  try {
    const began = performance.now()
    const answer = await fetch(`http://127.0.0.1:${port}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text":"Hello"}',
    })
    assert.equal(answer.status, 202)
    assert.ok(performance.now() - began < 5_000)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

/** Each sends part of a head and waits: the gateway must end them in its time for heads. */
async function heads(port: number, count: number): Promise<void> {
  const sockets = await opened(port, count)
  try {
    const closed = sockets.map((socket) => once(socket.resume(), 'close'))
    for (const socket of sockets) socket.write('GET /livez HTTP/1.1\r\nX-Slow: ')
    await Promise.race([
      Promise.all(closed),
      new Promise((_, reject) => setTimeout(reject, 30_000, new Error('not closed in 30 s'))),
    ])
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

async function opened(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  for (const socket of sockets) socket.on('error', () => undefined)
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  return sockets
}
