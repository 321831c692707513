// The server without an engine: what it answers before it asks one.
// tests/integration/analytics-http.test.ts runs statements.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { analyticsServer, defaultServerLimits } from './analytics-server.ts'

let server: Server
let url: string
beforeEach(async () => {
  server = analyticsServer({
    engine: { version: '1' } as never,
    exchangeDir: '',
    credentials: { user: 'winnow', password: 'secret' },
    limits: defaultServerLimits,
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function get(path: string, password = 'secret') {
  const authorization = `Basic ${Buffer.from(`winnow:${password}`).toString('base64')}`
  const answer = await fetch(url + path, { headers: { authorization } })
  return { status: answer.status, text: await answer.text() }
}

describe('analyticsServer', () => {
  it('answers a ping, and nobody without the password', async () => {
    expect(await get('/ping')).toEqual({ status: 200, text: 'Ok.\n' })
    expect((await get('/ping', 'guess')).status).toBe(401)
  })

  it('has no other address', async () => {
    expect(await get('/dashboard')).toMatchObject({
      status: 404,
      text: expect.stringContaining('There is no handle /dashboard') as string,
    })
  })

  // The offsets of a block of dead letters that were sent again are one parameter, in the URL.
  it('takes parameters as long as ClickHouse does', async () => {
    const offsets = Array.from({ length: 20_000 }, (_, at) => 1_000_000_000 + at)
    const parameters = new URLSearchParams({ param_offsets: JSON.stringify(offsets) })
    expect(await get(`/ping?${parameters.toString()}`)).toEqual({ status: 200, text: 'Ok.\n' })
  })
})
