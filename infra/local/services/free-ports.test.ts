import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { answers, choosePort, isPortFree } from './free-ports.ts'

let server: Server
let taken: number
beforeEach(async () => {
  server = createServer().listen(0, '0.0.0.0')
  await once(server, 'listening')
  taken = (server.address() as AddressInfo).port
})
afterEach(() => server.close())

describe('choosePort', () => {
  it('chooses the first wanted port that is free', async () => {
    const free = await choosePort([])
    expect(await choosePort([free])).toBe(free)
    expect(await choosePort([taken, 0, free])).toBe(free)
  })

  it('chooses another one if all wanted ports are taken or reserved', async () => {
    const free = await choosePort([])
    const chosen = await choosePort([taken, free], new Set([free]))
    expect([taken, free, 0]).not.toContain(chosen)
    expect(await isPortFree(chosen)).toBe(true)
  })

  it('notices a listener on all addresses', async () => {
    expect(await isPortFree(taken)).toBe(false)
    expect(await answers(taken)).toBe(true)
  })
})
