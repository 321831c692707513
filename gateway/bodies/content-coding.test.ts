// Compressed bodies: what each coding decodes to, and how little a bomb, a damaged or an endless
// body costs.
import { request } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
} from '../../tests/support/gateway-under-test.ts'
import { processorMs } from '../../tests/support/processor-time.ts'
import { codingOf, decodedBody } from './content-coding.ts'
import { BodyMemory } from './request-body.ts'
import { listen, type GatewayServer } from '../http/server.ts'

const never = new AbortController().signal
const bytesMax = 100_000

function read(body: Buffer | Readable, contentEncoding: string) {
  const source = Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body
  return new BodyMemory(bytesMax)
    .read(decodedBody(source, { contentEncoding, bytesMax }), never)
    .then(({ bytes }) => bytes.toString())
}

describe('decodedBody', () => {
  it.each([
    ['gzip', gzipSync('hello')],
    ['x-gzip', gzipSync('hello')],
    [' GZIP ', gzipSync('hello')],
    ['gzip', Buffer.concat([gzipSync('hel'), gzipSync('lo')])],
    ['deflate', deflateSync('hello')],
    ['zstd', zstdCompressSync('hello')],
    ['Zstd', Buffer.concat([zstdCompressSync('hel'), zstdCompressSync('lo')])],
    ['identity', Buffer.from('hello')],
    ['', Buffer.from('hello')],
  ])('%j', async (coding, body) => {
    expect(await read(body, coding)).toBe('hello')
  })

  it.each([
    ['gzip', Buffer.from('{"text":"a"}')],
    ['gzip', gzipSync('hello hello hello').subarray(0, -6)],
    ['gzip', Buffer.alloc(0)],
    ['gzip', deflateSync('hello')],
    ['zstd', Buffer.from('{"text":"a"}')],
    ['zstd', zstdCompressSync('hello hello hello').subarray(0, -2)],
    ['zstd', Buffer.concat([zstdCompressSync('hello'), Buffer.from('more')])],
    ['zstd', Buffer.alloc(0)],
    ['deflate', deflateRawSync('hello')],
    ['deflate', Buffer.concat([deflateSync('hello').subarray(0, -4), Buffer.alloc(4)])],
  ])('body_invalid for %s that is damaged or truncated', async (coding, body) => {
    await expect(read(body, coding)).rejects.toMatchObject({ code: 'body_invalid' })
  })

  it.each([
    'br',
    'zstd, gzip',
    'gzip, gzip',
    'gzip, identity',
    'compress',
    'aws-chunked',
    'constructor',
  ])('media_type_unsupported for %s, with the supported codings', (coding) => {
    expect(() => codingOf(coding)).toThrow(
      expect.objectContaining({
        code: 'media_type_unsupported',
        message: expect.stringContaining('gzip, deflate, zstd') as string,
      }),
    )
  })

  it('ends a body of empty blocks at the limit of compressed bytes', async () => {
    const head = gzipSync('').subarray(0, 10)
    const empty = Buffer.alloc(5 * 30_000, Buffer.from([0, 0, 0, 0xff, 0xff]))
    const body = Readable.from([head, empty], { objectMode: false })
    await expect(read(body, 'gzip')).rejects.toMatchObject({ code: 'body_too_large' })
  })

  it('ends a zstd body of empty blocks at the limit of compressed bytes', async () => {
    const empty = Buffer.alloc(3 * 50_000)
    const body = Readable.from([zstdHead(20), empty], { objectMode: false })
    await expect(read(body, 'zstd')).rejects.toMatchObject({ code: 'body_too_large' })
  })

  it('accepts a window of 8 MiB and no larger one, as RFC 9659 says', async () => {
    const stored = Buffer.concat([Buffer.from([(5 << 3) | 1, 0, 0]), Buffer.from('hello')])
    expect(await read(Buffer.concat([zstdHead(23), stored]), 'zstd')).toBe('hello')
    const larger = read(Buffer.concat([zstdHead(24), stored]), 'zstd')
    await expect(larger).rejects.toMatchObject({
      code: 'body_invalid',
      message: expect.stringContaining('requires too much memory') as string,
    })
  })

  it('does not report a broken connection as a damaged body', async () => {
    const source = new PassThrough()
    source.write(gzipSync('hello').subarray(0, 12))
    const reading = read(source, 'gzip')
    source.destroy()
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' })
  })
})

/** A zstd frame header that asks for a window of `2 ** windowLog` bytes. */
function zstdHead(windowLog: number): Buffer {
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3])
}

describe('a gateway', () => {
  const gateway = gatewayUnderTest({ classifier: hamClassifier() })
  let server: GatewayServer
  let bombs: [coding: string, bomb: Buffer][]
  beforeAll(async () => {
    const large = Buffer.alloc(2 ** 28, 'x')
    const params = { [constants.ZSTD_c_windowLog]: 23 }
    bombs = [
      ['gzip', gzipSync(large, { level: 1 })],
      ['zstd', zstdCompressSync(large, { params })],
    ]
    server = await listen(gateway.app, { ...configWith().gateway, port: 0 })
  })
  afterAll(() => server.close({ drainMsMax: 0 }))

  const post = async (path: string, body: Buffer, headers: Record<string, string>) => {
    const answer = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: new Uint8Array(body),
    })
    const json = (await answer.json()) as Record<string, unknown>
    return { status: answer.status, headers: answer.headers, json }
  }

  it('accepts compressed events, labels and texts', async () => {
    const gzip = { 'content-encoding': 'gzip' }
    const events = await post('/v1/events', gzipSync('[{"id":"a","text":"b"}]'), gzip)
    expect(events).toMatchObject({ status: 202, json: { ids: ['a'] } })
    const labels = await post('/v1/labels', gzipSync('{"id":"a","label":"spam"}'), gzip)
    expect(labels).toMatchObject({ status: 202 })
    const packed = await post('/v1/events', zstdCompressSync('{"id":"z","text":"b"}'), {
      'content-encoding': 'zstd',
    })
    expect(packed).toMatchObject({ status: 202, json: { ids: ['z'] } })
    const texts = deflateSync('{"texts":["hello"]}')
    const classified = await post('/v1/classify', texts, { 'content-encoding': 'deflate' })
    expect(classified).toMatchObject({ status: 200 })
  })

  it('gives one body the same ids with and without a coding, under one Idempotency-Key', async () => {
    const key = { 'idempotency-key': 'k-1' }
    const body = Buffer.from('{"text":"b"}')
    const { json } = await post('/v1/events', body, key)
    const again = await post('/v1/events', gzipSync(body), { ...key, 'content-encoding': 'gzip' })
    expect(again).toMatchObject({ status: 202, json })
  })

  it('refuses other codings with 415 and names the supported ones', async () => {
    const answer = await post('/v1/events', brotliCompressSync('{"text":"b"}'), {
      'content-encoding': 'br',
    })
    expect(answer).toMatchObject({ status: 415, json: { code: 'media_type_unsupported' } })
    expect(answer.headers.get('accept-encoding')).toBe('gzip, deflate, zstd')
  })

  it.each([0, 1])('answers bombs of 256 MB with 413 quickly, and goes on (%i)', async (which) => {
    const [coding, bomb] = bombs[which]!
    const before = process.memoryUsage().rss
    const beganMs = processorMs()
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => post('/v1/events', bomb, { 'content-encoding': coding })),
    )
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 413, json: { code: 'body_too_large' } })
    }
    // Measured: 0.1 s for all three, where decompressing everything would take 0.6 s.
    expect(processorMs() - beganMs).toBeLessThan(500)
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000)
    expect(await post('/v1/events', Buffer.from('{"text":"b"}'), {})).toMatchObject({ status: 202 })
  })

  it('keeps nothing of a caller who leaves during a compressed body', async () => {
    for (let round = 0; round < 5; round += 1) {
      await new Promise<void>((resolve) => {
        const outgoing = request(`${server.url}/v1/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        })
        outgoing.on('error', () => undefined).on('close', resolve)
        outgoing.write(gzipSync(Buffer.alloc(10_000)).subarray(0, 20), () => outgoing.destroy())
      })
    }
    expect(await post('/v1/events', Buffer.from('{"text":"b"}'), {})).toMatchObject({ status: 202 })
    expect(gateway.failures).toEqual([])
  })
})
