// The sockets of one Kafka client, so that closing the client closes all of them. kafkajs loses
// track of some: when a broker closes a connection, the client forgets that broker, but a group
// member still calls it as its coordinator over a new connection. Nobody closes that one, and it
// keeps the process alive.
import { Socket, connect as connectTcp, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'

export type KafkaSockets = {
  /** The `socketFactory` for the client's configuration. */
  readonly factory: ISocketFactory
  /** Closes all open sockets and refuses new ones. */
  readonly end: () => void
}

/** Idle time after which TCP keep-alive probes the peer (kafkajs's own value). */
const keepAliveMs = 60_000
const closed = () => new Error('this client is closed')

/** Creates the socket factory of one client. */
export function createKafkaSockets(): KafkaSockets {
  const open = new Set<Socket>()
  let ended = false
  return {
    factory({ host, port, ssl, onConnect }) {
      if (ended) return new Socket().destroy(closed())
      // SNI allows host names only, no addresses (RFC 6066, section 3).
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
        // The client takes this for the broker closing the connection: it fails pending requests
        // and stops its timers.
        socket.emit('end')
        socket.destroy()
      }
    },
  }
}
