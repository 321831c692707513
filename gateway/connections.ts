// What one connection, one address and all connections together may take: how many are open, how
// many requests wait on each, and how much of the answers nobody reads. It knows sockets and
// nothing of routes; how many requests are at work is admission.ts's.
import { IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Config } from '../configs/schema.ts'

/**
 * Requests of one connection that wait behind the one at work. A client that sends more without
 * reading an answer is cut off; one that pipelines must be ready to send again anyway (RFC 9112,
 * 9.3.2).
 */
export const waitingRequestsMax = 32

/** Bytes of finished answers that nobody has read yet, of all connections together. */
const unreadBytesMax = 67_108_864

/** Answers one request; resolves when the answer is handed to the connection. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * Makes the listener for the requests of a server. The requests of a connection are answered one
 * after the other: the next one begins when the answer before it has left this process, so that a
 * connection whose answers nobody reads takes the memory of one. When `unreadBytesMax` is passed,
 * those that have waited longest are cut off.
 */
export function answerInTurn(
  answer: Answer,
): (request: IncomingMessage, response: ServerResponse) => void {
  const lines = new WeakMap<Socket, Line>()
  const unread = createUnreadAnswers()
  const begin = (socket: Socket, line: Line) => {
    const next = socket.writable ? line.waiting.shift() : undefined
    line.isBusy = next !== undefined
    next?.()
  }
  return (request, response) => {
    const { socket } = request
    const line = lines.get(socket) ?? { isBusy: false, waiting: [] }
    lines.set(socket, line)
    if (line.waiting.length === waitingRequestsMax) socket.destroy()
    if (socket.destroyed) {
      line.waiting.length = 0
      return
    }
    line.waiting.push(() => {
      response.once('close', () => {
        begin(socket, line)
      })
      void answer(request, response).then(() => {
        unread.watch(response)
      })
    })
    if (!line.isBusy) begin(socket, line)
  }
}

/**
 * A request as Node's parser makes it, which stops the parser once the connection is cut off.
 * Otherwise it would go on with what it has read already, 64 KiB or 2,000 requests, all of which
 * live until the connection is closed. It stops where a connection leaves HTTP, so that is what
 * such a request says of itself; none here does.
 */
export class StoppableRequest extends IncomingMessage {
  get upgrade(): boolean {
    return this.socket.destroyed || this.method === 'CONNECT'
  }

  set upgrade(_: boolean | null) {
    // Node's own idea of it; no route here upgrades a connection.
  }
}

type Line = { isBusy: boolean; readonly waiting: (() => void)[] }

function createUnreadAnswers() {
  /** In the order in which they were finished. */
  const bytesByAnswer = new Map<ServerResponse, number>()
  let total = 0
  const forget = (response: ServerResponse) => {
    total -= bytesByAnswer.get(response) ?? 0
    bytesByAnswer.delete(response)
  }
  return {
    watch: (response: ServerResponse) => {
      if (response.writableFinished || response.socket === null) return
      const bytes = response.socket.writableLength
      bytesByAnswer.set(response, bytes)
      total += bytes
      response.once('close', () => {
        forget(response)
      })
      for (const oldest of bytesByAnswer.keys()) {
        if (total <= unreadBytesMax || bytesByAnswer.size === 1) return
        oldest.socket?.destroy()
        forget(oldest)
      }
    },
  }
}

/** Closes connections beyond the limits as soon as they come. */
export function limitConnections(
  server: Server,
  limits: Pick<Config['gateway'], 'connectionsMax' | 'addressConnectionsMax'>,
): void {
  server.maxConnections = limits.connectionsMax
  const openByAddress = new Map<string, number>()
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? ''
    const open = (openByAddress.get(address) ?? 0) + 1
    if (open > limits.addressConnectionsMax) {
      socket.destroy()
      return
    }
    openByAddress.set(address, open)
    socket.once('close', () => {
      const left = openByAddress.get(address)! - 1
      if (left === 0) openByAddress.delete(address)
      else openByAddress.set(address, left)
    })
  })
}
