// Requests that two parsers could read in two ways (request smuggling) are refused, whatever a
// proxy in front made of them: each is written to a socket as it is.
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configWith, gatewayUnderTest } from '../tests/support/gateway-under-test.ts'
import { listen, type GatewayServer } from './server.ts'

const gateway = gatewayUnderTest()
let server: GatewayServer
beforeAll(async () => {
  server = await listen(gateway.app, { ...configWith().gateway, port: 0 })
})
afterAll(() => server.close({ drainMsMax: 0 }))

const body = '{"text":"a"}'
const post = (...headers: string[]) =>
  ['POST /v1/events HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', ...headers]
    .concat('Connection: close', '', '')
    .join('\r\n')
const get = (...lines: string[]) => [...lines, 'Connection: close', '', ''].join('\r\n')

/** The statuses of all answers until the connection ends. */
async function statuses(request: string): Promise<number[]> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => (text += part))
  socket.on('error', () => undefined)
  socket.write(request, 'latin1')
  await once(socket, 'close')
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]))
}

const chunked = `c\r\n${body}\r\n0\r\n\r\n`
const smuggled = 'GET /v1/results HTTP/1.1\r\nHost: localhost\r\n\r\n'

describe('what is plain', () => {
  it.each([
    ['a length', post(`Content-Length: ${body.length}`) + body, 202],
    ['chunks', post('Transfer-Encoding: chunked') + chunked, 202],
    ['one Host', get('GET /livez HTTP/1.1', 'Host: localhost'), 200],
    ['a whole address', get('GET http://localhost/livez HTTP/1.1', 'Host: localhost'), 200],
  ])('%s', async (_, request, status) => {
    expect(await statuses(request)).toEqual([status])
  })
})

describe('what is ambiguous', () => {
  it.each([
    ['two Host headers', get('GET /livez HTTP/1.1', 'Host: localhost', 'Host: localhost')],
    [
      'two Host headers, one of them another',
      get('GET /livez HTTP/1.1', 'Host: localhost', 'host: b'),
    ],
    ['no Host', get('GET /livez HTTP/1.1')],
    ['an empty Host', get('GET /livez HTTP/1.1', 'Host:')],
    ['a Host that is none', get('GET /livez HTTP/1.1', 'Host: a b')],
    [
      'a length and chunks',
      post(`Content-Length: ${chunked.length}`, 'Transfer-Encoding: chunked') + chunked + smuggled,
    ],
    [
      'chunks and a length',
      post('Transfer-Encoding: chunked', 'Content-Length: 5') + chunked + smuggled,
    ],
    ['two lengths', post(`Content-Length: ${body.length}`, 'Content-Length: 2') + body + smuggled],
    [
      'two equal lengths',
      post(`Content-Length: ${body.length}`, `Content-Length: ${body.length}`) + body,
    ],
    ['a list of lengths', post(`Content-Length: ${body.length}, ${body.length}`) + body],
    ['a length with a sign', post(`Content-Length: +${body.length}`) + body],
    ['chunks that are not the last coding', post('Transfer-Encoding: chunked, identity') + chunked],
    ['a coding that nobody knows', post('Transfer-Encoding: xchunked') + chunked + smuggled],
    ['a space before the colon', post(`Content-Length : ${body.length}`) + body],
    ['a folded header', post(`X-One: a\r\n Content-Length: ${body.length}`) + body],
    ['a folded length', post(`Content-Length:\r\n ${body.length}`) + body],
    ['a line that ends in LF', post(`X-One: a\nContent-Length: ${body.length}`) + body],
    ['a NUL in a header', post('X-One: a\0b', `Content-Length: ${body.length}`) + body],
    [
      'a chunk of a size that is no number',
      post('Transfer-Encoding: chunked') + `xc\r\n${body}\r\n0\r\n\r\n`,
    ],
    [
      'a chunk larger than any',
      post('Transfer-Encoding: chunked') + `fffffffffffffffff\r\n${body}`,
    ],
    [
      'a chunk longer than it says',
      post('Transfer-Encoding: chunked') + `2\r\n${body}\r\n0\r\n\r\n`,
    ],
    ['a backslash in the path', get('GET /v1\\results HTTP/1.1', 'Host: localhost')],
    ['a path that is none', get('GET livez HTTP/1.1', 'Host: localhost')],
  ])('%s: 400', async (_, request) => {
    const published = gateway.published.length
    expect(await statuses(request)).toEqual([400])
    expect(gateway.published).toHaveLength(published)
    expect(gateway.filters).toEqual([])
    expect(gateway.failures).toEqual([])
  })

  it('headers larger than 16 KiB: 431', async () => {
    const large = get('GET /livez HTTP/1.1', 'Host: localhost', `X-One: ${'a'.repeat(17_000)}`)
    expect(await statuses(large)).toEqual([431])
  })
})
