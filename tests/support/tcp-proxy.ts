// A TCP relay in front of a real service, so that a test can cut the service off, slow it down, or
// lose its responses, without affecting others.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type TcpProxy = {
  /** `host:port` to connect to. */
  readonly address: string
  /**
   * Sets the service to relay to, `host:port`, for a service that must know this address before it
   * starts.
   */
  aim(target: string): void
  /** Breaks all connections and refuses new ones. */
  cut(): void
  /** Keeps connections but forwards nothing, as a hanging service does. */
  hang(): void
  /** Forwards requests but no responses: the work is done, but nobody is told. */
  mute(): void
  /** Forwards everything `ms` milliseconds later. */
  delay(ms: number): void
  restore(): void
  close(): Promise<void>
}

/** Relays to `target` (`host:port`), or to what `aim` sets; the caller closes it. */
export async function openTcpProxy(target?: string): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let aimed = target
  let mode: 'relay' | 'cut' | 'hang' = 'relay'
  let isMute = false
  let delayMs = 0
  const server = createServer((client) => {
    track(client)
    if (mode === 'cut') client.resetAndDestroy()
    if (mode !== 'relay' || aimed === undefined) return
    const [host, port] = aimed.split(':') as [string, string]
    const upstream = connect(Number(port), host)
    track(upstream)
    relay(client, upstream, () => false)
    relay(upstream, client, () => isMute)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  const relay = (from: Socket, to: Socket, isLost: () => boolean) => {
    const pass = (bytes: Buffer) => {
      if (to.destroyed || to.writableEnded || to.write(bytes)) return
      from.pause()
      to.once('drain', () => from.resume())
    }
    from.on('data', (bytes) => {
      if (isLost()) return
      // Timers of one length fire in the order in which they were set.
      if (delayMs > 0) setTimeout(pass, delayMs, bytes)
      else pass(bytes)
    })
    from.on('end', () => setTimeout(() => to.end(), delayMs))
  }
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }
  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  const become = (next: typeof mode) => {
    mode = next
    isMute = false
    delayMs = 0
    drop()
  }
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    aim(next) {
      aimed = next
    },
    cut: () => become('cut'),
    hang: () => become('hang'),
    mute() {
      isMute = true
    },
    delay(ms) {
      delayMs = ms
    },
    restore: () => become('relay'),
    async close() {
      const closed = once(server, 'close')
      server.close()
      drop()
      await closed
    },
  }
}
