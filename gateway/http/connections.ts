// Limits connections, of one address and of all: how many are open, how many requests wait on each,
// how many response bytes nobody reads. It knows sockets but no routes; admission.ts limits the
// requests that are processed.
import { IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Config } from '../../configs/schema.ts'

/**
 * Requests on one connection that wait behind the current one. A client that sends more without
 * reading a response is cut off; a client that pipelines must be ready to send again anyway (RFC
 * 9112, 9.3.2).
 */
export const waitingRequestsMax = 32

/** Bytes of finished responses that nobody has read, of all connections together. */
const unreadBytesMax = 67_108_864

/** Answers one request; resolves when the response is handed to the connection. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * Creates the request listener of a server. It answers the requests of a connection one at a time.
 * The next one starts when the previous response has left this process, so that a connection that
 * reads nothing takes the memory of one response. Above `unreadBytesMax` the connections that have
 * waited longest are cut off.
 */
export function answerInTurn(
  answer: Answer,
): (request: IncomingMessage, response: ServerResponse) => void {
  const queues = new WeakMap<Socket, RequestQueue>()
  const unread = new UnreadAnswers()
  const begin = (socket: Socket, queue: RequestQueue) => {
    const next = socket.writable ? queue.waiting.shift() : undefined
    queue.isBusy = next !== undefined
    next?.()
  }
  return (request, response) => {
    const { socket } = request
    const queue = queues.get(socket) ?? { isBusy: false, waiting: [] }
    queues.set(socket, queue)
    if (queue.waiting.length === waitingRequestsMax) socket.destroy()
    if (socket.destroyed) {
      queue.waiting.length = 0
      return
    }
    queue.waiting.push(() => {
      response.once('close', () => {
        begin(socket, queue)
      })
      void answer(request, response).then(() => {
        unread.watch(response)
      })
    })
    if (!queue.isBusy) begin(socket, queue)
  }
}

/**
 * A request that stops Node's parser once its connection is cut off. Otherwise the parser would go
 * on with what it has already read, 64 KiB or 2,000 requests, all kept until the connection closes.
 * The parser stops where a connection leaves HTTP, so such a request claims to be an upgrade. No
 * route here upgrades a connection.
 */
export class StoppableRequest extends IncomingMessage {
  /** Whether the body may take longer than a request; the route limits each piece of it. */
  arrivesInPieces = false

  get upgrade(): boolean {
    return this.socket.destroyed || this.method === 'CONNECT'
  }

  set upgrade(_: boolean | null) {
    // Node's own value; no route here upgrades a connection.
  }
}

/** Exempts a request from the limit on how long its body may take. */
export function markArrivingInPieces(request: IncomingMessage | undefined): void {
  if (request instanceof StoppableRequest) request.arrivesInPieces = true
}

/** Cuts a connection whose request is not complete in time, unless it arrives in pieces. */
export function limitArrival(
  request: IncomingMessage,
  response: ServerResponse,
  msMax: number,
): void {
  const timer = setTimeout(() => {
    const isExempt = request instanceof StoppableRequest && request.arrivesInPieces
    if (!request.complete && !isExempt) request.socket.destroy()
  }, msMax)
  response.once('close', () => {
    clearTimeout(timer)
  })
}

/** The requests of one connection. */
type RequestQueue = { isBusy: boolean; readonly waiting: (() => void)[] }

/** What callers have not read yet of the responses that are finished. */
class UnreadAnswers {
  /** In the order in which they were finished. */
  readonly #bytesByAnswer = new Map<ServerResponse, number>()
  #total = 0

  watch(response: ServerResponse): void {
    if (response.writableFinished || response.socket === null) return
    const bytes = response.socket.writableLength
    this.#bytesByAnswer.set(response, bytes)
    this.#total += bytes
    response.once('close', () => this.#forget(response))
    for (const oldest of this.#bytesByAnswer.keys()) {
      if (this.#total <= unreadBytesMax || this.#bytesByAnswer.size === 1) return
      oldest.socket?.destroy()
      this.#forget(oldest)
    }
  }

  #forget(response: ServerResponse): void {
    this.#total -= this.#bytesByAnswer.get(response) ?? 0
    this.#bytesByAnswer.delete(response)
  }
}

/** Closes connections above the limits as soon as they open. */
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
