import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../tests/support/until.ts'
import { createKafkaSockets, socketCodes } from './kafka-sockets.ts'

describe('createKafkaSockets', () => {
  const accepted: Socket[] = []
  const server = createServer((socket) => {
    accepted.push(socket)
    socket.on('error', () => undefined)
  })
  let port: number

  beforeEach(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    port = (server.address() as AddressInfo).port
  })

  afterEach(async () => {
    for (const socket of accepted.splice(0)) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  // kafkajs passes no `ssl` for a plain connection, although its types say so.
  type Arguments = Parameters<ReturnType<typeof createKafkaSockets>['factory']>[0]
  const to = (onConnect: () => void) =>
    ({ host: '127.0.0.1', port, onConnect }) as unknown as Arguments

  it('connects, and ends open connections as if the broker had closed them', async () => {
    const { factory, end } = createKafkaSockets()
    const ended: number[] = []
    for (const number of [0, 1]) {
      await new Promise<void>((resolve) => {
        factory(to(resolve)).on('end', () => ended.push(number))
      })
    }
    end()
    expect(ended).toEqual([0, 1])
    await Promise.all(accepted.map((socket) => once(socket.resume(), 'close')))
  })

  it.each([
    ['an alert of TLS', Buffer.from([0x15, 3, 3, 0, 2, 2, 80]), socketCodes.speaksTls],
    ['nothing', undefined, socketCodes.closedUnanswered],
    ['one answer', Buffer.from([0, 0, 0, 1, 0]), socketCodes.closedAfterGreeting],
  ])('says what a listener did that sent %s and closed', async (_what, answer, code) => {
    const { factory } = createKafkaSockets()
    const socket = factory(to(() => socket.write('request')))
    let failure: NodeJS.ErrnoException | undefined
    socket.on('error', (error) => (failure ??= error))
    let answered = answer === undefined
    socket.on('data', () => (answered = true))
    await until('the connection', () => accepted.length > 0)
    await once(accepted[0]!, 'data')
    if (answer !== undefined) {
      accepted[0]!.write(answer)
      await until('the answer', () => answered)
      socket.write('another request')
      await once(accepted[0]!, 'data')
    }
    accepted[0]!.end()
    await until('the failure', () => failure !== undefined)
    expect(failure?.code).toBe(code)
    socket.destroy()
  })

  it('takes a listener that closes an idle connection for no failure', async () => {
    const { factory } = createKafkaSockets()
    const errors: Error[] = []
    const socket = factory(to(() => socket.write('request')))
    socket.on('error', (error) => errors.push(error))
    await until('the connection', () => accepted.length > 0)
    await once(accepted[0]!, 'data')
    accepted[0]!.end(Buffer.from([0, 0, 0, 1, 0]))
    await once(socket, 'close')
    expect(errors).toEqual([])
  })

  it('fails connections that are still being opened', async () => {
    const { factory, end } = createKafkaSockets()
    const socket = factory(to(() => undefined))
    const failed = once(socket, 'error') as Promise<[Error]>
    end()
    expect((await failed)[0].message).toBe('this client is closed')
  })

  it('refuses new connections after `end`', async () => {
    const { factory, end } = createKafkaSockets()
    end()
    const socket = factory(to(() => undefined))
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toBe('this client is closed')
    expect(accepted).toEqual([])
  })
})
