// Downloads against a real HTTP server that misbehaves in the ways servers and networks do.
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { downloadFile, type DownloadLimits, type DownloadRequest } from './file-download.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void

const content = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 251))
const sha256 = createHash('sha256').update(content).digest('hex')
const limits: Partial<DownloadLimits> = { answerMsMax: 400, stallMsMax: 300, backoffMs: 5 }

let dir: string
let path: string
const servers: Server[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-download-'))
  path = join(dir, 'model.onnx')
})

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  await rm(dir, { recursive: true })
})

async function listen(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

// Serves with `handler` and remembers the Range header of each request.
async function serve(handler: Handler) {
  const ranges: (string | undefined)[] = []
  const url = await listen(
    createServer((request, response) => {
      ranges.push(request.headers.range)
      handler(request, response, ranges.length)
    }),
  )
  return { url: `${url}/model.onnx`, ranges }
}

// Answers as the file at rest, from where the client asks.
function serveFile(request: IncomingMessage, response: ServerResponse): number {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (from >= content.length) {
    response.writeHead(416).end()
    return from
  }
  const range = `bytes ${from}-${content.length - 1}/${content.length}`
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': content.length - from,
    ...(from > 0 && { 'content-range': range }),
  })
  return from
}

function download(url: string, more: Partial<DownloadRequest> = {}): Promise<void> {
  return downloadFile({ url, path, sha256, bytes: content.length, limits, ...more })
}

async function expectDelivered(): Promise<void> {
  expect(await readFile(path)).toEqual(content)
  expect(await readdir(dir)).toEqual(['model.onnx'])
}

function partPath(): string {
  return `${path}.${sha256.slice(0, 12)}.part`
}

test('a file arrives whole, with progress', async () => {
  const seen: number[] = []
  const { url } = await serve((request, response) => {
    response.end(content.subarray(serveFile(request, response)))
  })
  await download(url, { onBytes: (received) => seen.push(received) })
  await expectDelivered()
  expect(seen.at(-1)).toBe(content.length)
})

test('a connection that is cut again and again is continued where it broke', async () => {
  const { url, ranges } = await serve((request, response) => {
    const from = serveFile(request, response)
    response.write(content.subarray(from, from + 9_000))
    // Later than the bytes: a break drops what the client has received but not read yet.
    setTimeout(() => response.destroy(), 50)
  })
  await download(url)
  await expectDelivered()
  expect(ranges.length).toBeGreaterThanOrEqual(6)
  expect(ranges.slice(1).every((range) => range?.startsWith('bytes='))).toBe(true)
})

test('a part file of an earlier run is continued', async () => {
  await writeFile(partPath(), content.subarray(0, 20_000))
  const { url, ranges } = await serve((request, response) => {
    response.end(content.subarray(serveFile(request, response)))
  })
  await download(url)
  await expectDelivered()
  expect(ranges).toEqual(['bytes=20000-'])
})

test('a part file that is already whole needs no byte', async () => {
  await writeFile(partPath(), content)
  const { url } = await serve((request, response) => serveFile(request, response))
  await download(url)
  await expectDelivered()
})

test('a server that ignores Range is read from the start', async () => {
  await writeFile(partPath(), content.subarray(0, 20_000))
  const { url } = await serve((_, response) => response.end(content))
  await download(url)
  await expectDelivered()
})

test('a 206 for another range than asked for is refused', async () => {
  await writeFile(partPath(), content.subarray(0, 20_000))
  const { url } = await serve((_, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-9/${content.length}` }).end('0123456789')
  })
  await expect(download(url)).rejects.toMatchObject({ code: 'download_failed' })
})

test('a part file with foreign bytes is dropped and fetched again, once', async () => {
  await writeFile(partPath(), Buffer.alloc(20_000, 1))
  const { url, ranges } = await serve((request, response) => {
    response.end(content.subarray(serveFile(request, response)))
  })
  await download(url)
  await expectDelivered()
  expect(ranges).toEqual(['bytes=20000-', undefined])
})

test('other content of the right length is refused, and nothing of it stays', async () => {
  const { url, ranges } = await serve((_, response) => response.end(Buffer.alloc(content.length)))
  await expect(download(url)).rejects.toMatchObject({ code: 'hash_mismatch' })
  expect(await readdir(dir)).toEqual([])
  expect(ranges.length).toBe(1)
})

test('a body longer than promised is cut off', async () => {
  const { url } = await serve((_, response) => {
    const pour = () => {
      while (response.write(content));
    }
    response.on('drain', pour)
    pour()
  })
  await expect(download(url)).rejects.toMatchObject({ code: 'hash_mismatch' })
  expect(await readdir(dir)).toEqual([])
})

test('a server that stalls in the middle is given up in bounded time', async () => {
  const { url, ranges } = await serve((request, response) => {
    const from = serveFile(request, response)
    response.flushHeaders()
    if (from === 0) response.write(content.subarray(0, 1_000))
  })
  await expect(download(url)).rejects.toMatchObject({
    code: 'download_failed',
    message: expect.stringContaining('no byte within 300 ms'),
  })
  expect(ranges.length).toBe(3)
})

test('a server that accepts and never answers is given up after one try', async () => {
  const { url, ranges } = await serve(() => undefined)
  await expect(download(url)).rejects.toMatchObject({
    message: expect.stringContaining('no answer within 400 ms'),
  })
  expect(ranges.length).toBe(1)
})

test('a refused connection fails at once and names the address', async () => {
  const { url } = await serve(() => undefined)
  const server = servers.pop()!
  await new Promise((resolve) => server.close(resolve))
  const started = performance.now()
  await expect(download(url)).rejects.toMatchObject({
    code: 'download_failed',
    message: expect.stringContaining(url),
  })
  expect(performance.now() - started).toBeLessThan(300)
})

test('404 is final; 503 is tried again', async () => {
  const missing = await serve((_, response) => response.writeHead(404).end())
  await expect(download(missing.url)).rejects.toMatchObject({
    code: 'download_failed',
    message: expect.stringContaining('status 404'),
  })
  expect(missing.ranges.length).toBe(1)

  const busy = await serve((_, response, count) => {
    if (count === 1) response.writeHead(503).end()
    else response.end(content)
  })
  await download(busy.url)
  await expectDelivered()
})

test('a redirect is followed', async () => {
  const { url } = await serve((request, response) => {
    if (request.url === '/elsewhere') response.end(content)
    else response.writeHead(302, { location: '/elsewhere' }).end()
  })
  await download(url)
  await expectDelivered()
})

test('cancelling ends it and keeps the part for later', async () => {
  const stop = new AbortController()
  const { url } = await serve((request, response) => {
    serveFile(request, response)
    response.write(content.subarray(0, 1_000))
  })
  const onBytes = () => stop.abort()
  await expect(download(url, { signal: stop.signal, onBytes })).rejects.toMatchObject({
    code: 'cancelled',
  })
  expect(await readdir(dir)).toEqual([partPath().slice(dir.length + 1)])
})

// A forward proxy: tunnels CONNECT, as for https, and counts.
async function serveProxy() {
  const tunnels: string[] = []
  const server = createServer((_, response) => response.writeHead(501).end())
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    tunnels.push(request.url ?? '')
    const { hostname, port } = new URL(`http://${request.url ?? ''}`)
    const upstream = connect(Number(port), hostname === 'hub.test' ? '127.0.0.1' : hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client)
      client.pipe(upstream)
    })
    upstream.on('error', () => client.destroy())
    client.on('error', () => upstream.destroy())
  })
  return { url: await listen(server), tunnels }
}

test('a proxy is used, for a host that only the proxy can resolve', async () => {
  const { url } = await serve((_, response) => response.end(content))
  const proxy = await serveProxy()
  const outside = url.replace('127.0.0.1', 'hub.test')
  await download(outside, { proxy: { httpProxy: proxy.url } })
  await expectDelivered()
  expect(proxy.tunnels).toEqual([new URL(outside).host])
})

test('hosts in noProxy are reached directly', async () => {
  const { url } = await serve((_, response) => response.end(content))
  const proxy = await serveProxy()
  await download(url, { proxy: { httpProxy: proxy.url, noProxy: 'other.test,127.0.0.1' } })
  await expectDelivered()
  expect(proxy.tunnels).toEqual([])
})

test('a proxy that is not there is a failure with a reason', async () => {
  const { url } = await serve((_, response) => response.end(content))
  const dead = await serveProxy()
  await new Promise((resolve) => servers.pop()!.close(resolve))
  await expect(download(url, { proxy: { httpProxy: dead.url } })).rejects.toMatchObject({
    code: 'download_failed',
    message: expect.stringMatching(/ECONNREFUSED|refused/i),
  })
})
