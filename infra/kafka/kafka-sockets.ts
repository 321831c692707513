// The sockets of one Kafka client: with TLS if it has settings for that, and closed together with
// the client. kafkajs loses track of some: when a broker closes a connection, the client forgets
// that broker, but a group member still calls it as its coordinator over a new connection. Nobody
// closes that one, and it keeps the process alive.
import { Socket, connect as connectTcp, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ISocketFactory } from 'kafkajs'
import { handshakeClosedCode } from '../../configs/tls-problem.ts'
import type { ClientTls } from '../tls-client.ts'

export type KafkaSockets = {
  /** The `socketFactory` for the client's configuration. */
  readonly factory: ISocketFactory
  /** Closes all open sockets and refuses new ones. */
  readonly end: () => void
}

/**
 * Codes of failures that only the first bytes of a connection tell apart. kafkajs keeps the code
 * of a socket's error, but would report a closed connection without any reason.
 */
export const socketCodes = {
  /** The listener answered a plain connection with an alert of TLS. */
  speaksTls: 'WINNOW_LISTENER_SPEAKS_TLS',
  /** It closed the connection without any answer. */
  closedUnanswered: 'WINNOW_CLOSED_UNANSWERED',
  /** It closed the connection after its first answer, as it does when a login is missing. */
  closedAfterGreeting: 'WINNOW_CLOSED_AFTER_GREETING',
} as const

/** Idle time after which TCP keep-alive probes the peer (kafkajs's own value). */
const keepAliveMs = 60_000
const closed = () => new Error('this client is closed')

/** Creates the socket factory of one client; `tls` gives the options of each new connection. */
export function createKafkaSockets(tls?: () => ClientTls): KafkaSockets {
  const open = new Set<Socket>()
  let ended = false
  return {
    factory({ host, port, onConnect }) {
      if (ended) return new Socket().destroy(closed())
      const socket =
        tls === undefined
          ? connectTcp({ host, port }, onConnect)
          : openTls({ host, port, tls: tls(), onConnect })
      watchGreeting(socket, () => ended)
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

function openTls(to: {
  host: string
  port: number
  tls: ClientTls
  onConnect: () => void
}): Socket {
  const { host, port, tls, onConnect } = to
  // SNI allows host names only, no addresses (RFC 6066, section 3).
  const name = isIP(host) === 0 ? { servername: host } : {}
  const socket = connectTls({ host, port, ...name, ...tls }, onConnect)
  let isSecure = false
  socket.once('secureConnect', () => {
    isSecure = true
  })
  socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (!isSecure && error.code === 'ECONNRESET') error.code = handshakeClosedCode
  })
  return socket
}

/** The type of a TLS record with an alert, and the first byte of its version (RFC 8446). */
const alertStart = [0x15, 0x03]

/** Gives a connection that fails at its beginning an error that says how it failed. */
function watchGreeting(socket: Socket, isClosing: () => boolean): void {
  let chunks = 0
  let answeredBytes = 0
  const fail = (code: string, message: string) => {
    // kafkajs takes the reason from `error`; its listener for `end` knows none.
    socket.emit('error', Object.assign(new Error(message), { code }))
  }
  socket.on('data', (bytes: Buffer) => {
    chunks += 1
    answeredBytes = socket.bytesWritten
    const isAlert = chunks === 1 && alertStart.every((byte, at) => bytes[at] === byte)
    if (isAlert) fail(socketCodes.speaksTls, 'the listener speaks TLS')
  })
  socket.on('end', () => {
    // Nobody waits for an answer when the client itself closes, or was idle.
    if (isClosing() || socket.writableEnded || socket.bytesWritten === answeredBytes) return
    if (chunks === 0) fail(socketCodes.closedUnanswered, 'closed without an answer')
    // The first answer, about the broker's versions, needs no login and is one chunk.
    else if (chunks === 1) fail(socketCodes.closedAfterGreeting, 'closed after the first answer')
  })
}
