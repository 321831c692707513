// A thousand readers of /v1/stream at once, each with a connection of its own, on a gateway in a
// process of its own: all get every result, and other requests are answered meanwhile.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startGatewayChild, type GatewayChild } from '../../tests/support/gateway-child.ts'

const readersMax = 1_000
const megabyte = 1_000_000

let child: GatewayChild
const readers: { socket: Socket; text: string }[] = []
beforeAll(async () => {
  child = await startGatewayChild()
  await Promise.all([publish(0), publish(1)])
})
afterAll(async () => {
  for (const { socket } of readers) socket.destroy()
  await child.stop()
})

async function publish(number: number): Promise<void> {
  const response = await fetch(`${child.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: `event-${number}`, text: `text ${number} ${'x'.repeat(500)}` }),
  })
  expect(response.status).toBe(202)
}

async function openReader(): Promise<void> {
  const socket = connect(child.port, '127.0.0.1')
  const reader = { socket, text: '' }
  readers.push(reader)
  socket.setEncoding('utf8').on('data', (part: string) => (reader.text += part))
  socket.write('GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
}

const idsOf = (text: string) =>
  [...text.matchAll(/data: \{"id":"(event-\d+)"/g)].map(([, id]) => id!)

describe(`${readersMax} readers`, () => {
  it('get every result, in order, with little memory and short turns', async () => {
    const before = await child.measure()
    for (let opened = 0; opened < readersMax; opened += 100) {
      await Promise.all(Array.from({ length: 100 }, openReader))
    }
    const refused = await fetch(`${child.url}/v1/stream`)
    expect(refused.status).toBe(503)
    await refused.text()
    await child.measure()
    const numbers = Array.from({ length: 40 }, (_, at) => 100 + at)
    for (const number of numbers) await publish(number)
    const expected = numbers.map((number) => `event-${number}`)
    await vi.waitFor(
      () => {
        for (const { text } of readers) expect(idsOf(text)).toEqual(expected)
      },
      { timeout: 20_000, interval: 500 },
    )
    const after = await child.measure()
    expect(after.longestTurnMs).toBeLessThan(150)
    expect(after.rssBytesMax - before.rssBytes).toBeLessThan(150 * megabyte)
    expect((await fetch(`${child.url}/livez`)).status).toBe(200)
  })
})
