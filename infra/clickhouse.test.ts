// What becomes of ClickHouse errors, told by a server that answers as ClickHouse does. Queries are
// tested against a real engine.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { ClickHouseError } from '@clickhouse/client'
import { afterEach, describe, expect, it } from 'vitest'
import { configSchema } from '../configs/schema.ts'
import { WinnowError } from '../schemas/errors.ts'
import { analyticsError, createAnalytics } from './clickhouse.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A client of a server that gives every request the same answer; `seen` keeps URL and body. */
async function clientOf(answer: { status: number; body: string; code?: string }) {
  const seen: { url: URL; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      seen.push({ url: new URL(request.url ?? '/', 'http://x'), body })
      if (answer.code !== undefined) response.setHeader('x-clickhouse-exception-code', answer.code)
      response.writeHead(answer.status).end(answer.body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const analytics = createAnalytics({
    ...configSchema.parse({}).clickhouse,
    url: `http://127.0.0.1:${port}`,
  })
  closers.push(
    () => analytics.close(),
    () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  )
  return { analytics, seen }
}

function exception(code: string, type: string): { status: number; body: string; code: string } {
  return { status: 500, body: `Code: ${code}. DB::Exception: What it says. (${type})`, code }
}

describe('errors of the engine', () => {
  it.each([
    ['60', 'UNKNOWN_TABLE'],
    ['62', 'SYNTAX_ERROR'],
    ['516', 'AUTHENTICATION_FAILED'],
  ])('%s %s is final', async (code, type) => {
    const { analytics } = await clientOf(exception(code, type))
    await expect(analytics.rows('SELECT 1')).rejects.toMatchObject({
      code: 'analytics_refused',
      retryable: false,
      details: { clickhouseCode: Number(code), clickhouseType: type },
      message: expect.stringContaining('What it says') as string,
    })
  })

  it.each([
    ['75', 'CANNOT_WRITE_TO_FILE_DESCRIPTOR'],
    ['159', 'TIMEOUT_EXCEEDED'],
    ['202', 'TOO_MANY_SIMULTANEOUS_QUERIES'],
    ['241', 'MEMORY_LIMIT_EXCEEDED'],
    ['243', 'NOT_ENOUGH_SPACE'],
    ['252', 'TOO_MANY_PARTS'],
    ['1001', 'STD_EXCEPTION'],
  ])('%s %s may pass', async (code, type) => {
    const { analytics } = await clientOf(exception(code, type))
    const insertion = { columns: ['a'] as const, values: [[1]], token: 't' }
    await expect(analytics.insert('x', insertion)).rejects.toMatchObject({
      code: 'analytics_unavailable',
      retryable: true,
    })
  })

  it('a server that is not there is analytics_unavailable', async () => {
    const config = { ...configSchema.parse({}).clickhouse, url: 'http://127.0.0.1:9' }
    const analytics = createAnalytics(config)
    closers.push(() => analytics.close())
    for (const call of [
      () => analytics.ping(),
      () => analytics.rows('SELECT 1'),
      () => analytics.run('SELECT 1'),
      () => analytics.text('SELECT 1', 'JSON'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'analytics_unavailable' })
    }
  })

  it('keeps an error of ours, and names what was tried for others', () => {
    const own = new WinnowError('cancelled', 'stopped')
    expect(analyticsError('x', own)).toBe(own)
    expect(analyticsError('ping', 'text').message).toBe('cannot ping: text')
    const refused = new ClickHouseError({ message: 'no', code: '60', type: 'UNKNOWN_TABLE' })
    expect(analyticsError('query', refused).message).toBe('ClickHouse refused to query: no')
  })
})

describe('an insert', () => {
  it('is one request with the token that makes repeating it harmless', async () => {
    const { analytics, seen } = await clientOf({ status: 200, body: '' })
    const columns = ['a', 'b'] as const
    await analytics.insert('things', { columns, values: [[1, 'x'], [2, 'y']], token: 'once' }) // prettier-ignore
    expect(seen).toHaveLength(1)
    const { url, body } = seen[0]!
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      insert_deduplication_token: 'once',
      insert_deduplicate: '1',
      deduplicate_blocks_in_dependent_materialized_views: '1',
      async_insert: '0',
    })
    expect(url.searchParams.get('query')).toMatch(/^INSERT INTO things \(a, b\)/)
    expect(body.trim().split('\n')).toEqual(['[1,"x"]', '[2,"y"]'])
  })

  it('of no rows sends nothing', async () => {
    const { analytics, seen } = await clientOf({ status: 200, body: '' })
    await analytics.insert('things', { columns: ['a'], values: [], token: 'once' })
    expect(seen).toEqual([])
  })
})
