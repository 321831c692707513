// The connections of one Kafka client, so that closing it closes all of them. kafkajs loses sight
// of some: when the broker closes a connection, the client forgets that broker, while a group
// member goes on asking it as its coordinator, over a new connection that nobody ends. One such
// connection keeps a process alive.
import { Socket, connect as connectTcp, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'

export type KafkaSockets = {
  /** For the client's configuration. */
  readonly factory: ISocketFactory
  /** Ends what is open, and refuses what is asked for from now on. */
  readonly end: () => void
}

/**
 * Silence after which the system asks whether the other side is still there (kafkajs's own value).
 */
const keepAliveMs = 60_000
const closed = () => new Error('this client is closed')

/** Makes the sockets of one client. */
export function createKafkaSockets(): KafkaSockets {
  const open = new Set<Socket>()
  let ended = false
  return {
    factory({ host, port, ssl, onConnect }) {
      if (ended) return new Socket().destroy(closed())
      // A server name is for names only (RFC 6066, section 3).
      const names = isIP(host) === 0 ? { servername: host } : {}
      const socket = Boolean(ssl)
        ? connectTls({ host, port, ...names, ...ssl }, onConnect)
        : connectTcp({ host, port }, onConnect)
      socket.setKeepAlive(true, keepAliveMs)
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      return socket
    },
    end() {
      ended = true
      for (const socket of open) {
        if (socket.connecting) {
          socket.destroy(closed())
          continue
        }
        // What the client takes for the broker's doing: it fails what was asked and stops its
        // timers.
        socket.emit('end')
        socket.destroy()
      }
    },
  }
}
