// Requests that two parsers could read differently (request smuggling) are refused, whatever a
// proxy in front made of them. The tests write them to a socket unchanged.
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configWith, gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'
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

/** The statuses of all responses until the connection ends. */
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

describe('plain requests', () => {
  it.each([
    ['a length', post(`Content-Length: ${body.length}`) + body, 202],
    ['chunks', post('Transfer-Encoding: chunked') + chunked, 202],
    ['one Host', get('GET /livez HTTP/1.1', 'Host: localhost'), 200],
    ['an absolute URL', get('GET http://localhost/livez HTTP/1.1', 'Host: localhost'), 200],
  ])('%s', async (_, request, status) => {
    expect(await statuses(request)).toEqual([status])
  })
})

describe('ambiguous requests', () => {
  it.each([
    ['two Host headers', get('GET /livez HTTP/1.1', 'Host: localhost', 'Host: localhost')],
    ['two different Host headers', get('GET /livez HTTP/1.1', 'Host: localhost', 'host: b')],
    ['no Host', get('GET /livez HTTP/1.1')],
    ['an empty Host', get('GET /livez HTTP/1.1', 'Host:')],
    ['an invalid Host', get('GET /livez HTTP/1.1', 'Host: a b')],
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
    ['chunked, but not as the last coding', post('Transfer-Encoding: chunked, identity') + chunked],
    ['an unknown coding', post('Transfer-Encoding: xchunked') + chunked + smuggled],
    ['a space before the colon', post(`Content-Length : ${body.length}`) + body],
    ['a folded header', post(`X-One: a\r\n Content-Length: ${body.length}`) + body],
    ['a folded length', post(`Content-Length:\r\n ${body.length}`) + body],
    ['a line that ends in LF', post(`X-One: a\nContent-Length: ${body.length}`) + body],
    ['a NUL in a header', post('X-One: a\0b', `Content-Length: ${body.length}`) + body],
    [
      'a chunk whose size is not a number',
      post('Transfer-Encoding: chunked') + `xc\r\n${body}\r\n0\r\n\r\n`,
    ],
    [
      'a chunk above any limit',
      post('Transfer-Encoding: chunked') + `fffffffffffffffff\r\n${body}`,
    ],
    [
      'a chunk longer than its size',
      post('Transfer-Encoding: chunked') + `2\r\n${body}\r\n0\r\n\r\n`,
    ],
    ['a backslash in the path', get('GET /v1\\results HTTP/1.1', 'Host: localhost')],
    ['an invalid path', get('GET livez HTTP/1.1', 'Host: localhost')],
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
