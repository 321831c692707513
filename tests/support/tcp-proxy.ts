// A TCP relay in front of a real service, so that a test can take the service away and give it back
// while everyone else goes on using it.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type TcpProxy = {
  /** `host:port` to connect to. */
  readonly address: string
  /** Breaks all connections and refuses new ones. */
  cut(): void
  /** Keeps connections but passes nothing on any more, as a hanging service does. */
  hang(): void
  restore(): void
  close(): Promise<void>
}

/** Relays to `target` (`host:port`); the caller closes it. */
export async function openTcpProxy(target: string): Promise<TcpProxy> {
  const [host, port] = target.split(':') as [string, string]
  const sockets = new Set<Socket>()
  let mode: 'relay' | 'cut' | 'hang' = 'relay'
  const server = createServer((client) => {
    track(client)
    if (mode === 'cut') client.resetAndDestroy()
    if (mode !== 'relay') return
    const upstream = connect(Number(port), host)
    track(upstream)
    client.pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }
  const drop = () => {
    for (const socket of sockets) socket.destroy()
  }
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      mode = 'cut'
      drop()
    },
    hang() {
      mode = 'hang'
      drop()
    },
    restore() {
      mode = 'relay'
      drop()
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      drop()
      await closed
    },
  }
}
