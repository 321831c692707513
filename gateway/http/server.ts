// Listens for the gateway, and stops without breaking off requests. It owns the sockets and their
// timeouts; app.ts handles the requests.
import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Config } from '../../configs/schema.ts'
import { listenError } from '../../configs/listen-problem.ts'
import { answerInTurn, limitArrival, limitConnections, StoppableRequest } from './connections.ts'
import type { Gateway } from './route.ts'
import { followTls, readTls } from './tls.ts'

/** A listening gateway. */
export type GatewayServer = {
  /** For example `http://127.0.0.1:18080`, with the port that was actually taken. */
  readonly url: string
  /**
   * Refuses new connections, lets running requests finish, then resolves. Connections that are
   * still open after `drainMsMax` are cut. May be called twice.
   */
  close(options?: { readonly drainMsMax?: number }): Promise<void>
}

/**
 * Starts to listen; the caller closes the server. Throws `port_taken` if another program has the
 * port, `config_invalid` if the address cannot be used.
 */
export async function listen(
  app: Pick<Gateway, 'fetch'>,
  options: Pick<
    Config['gateway'],
    'host' | 'port' | 'tls' | 'requestMsMax' | 'connectionsMax' | 'addressConnectionsMax'
  >,
  /** Called with a sentence when a changed certificate cannot be used. */
  onProblem: (line: string) => void = () => undefined,
): Promise<GatewayServer> {
  let closing: Promise<void> | undefined
  const atWork = new Set<ServerResponse>()
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const limits = {
    IncomingMessage: StoppableRequest,
    // `limitArrival` has the same purpose, with exceptions.
    requestTimeout: 0,
    headersTimeout: Math.min(10_000, options.requestMsMax),
    // Longer than the 60 s after which load balancers drop idle connections, so that they close
    // them first.
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 1_000,
  }
  const onRequest = answerInTurn((request, response) => {
    if (closing !== undefined) response.shouldKeepAlive = false
    atWork.add(response)
    // The app's own deadline answers first; this one ends connections whose body nobody reads.
    limitArrival(request, response, options.requestMsMax + 5_000)
    response.once('close', () => {
      atWork.delete(response)
      // A connection whose response promised keep-alive before closing started is idle from here
      // on.
      if (closing !== undefined) setImmediate(() => server.closeIdleConnections())
    })
    return answer(request, response)
  })
  const { tls } = options
  const secure = tls && createTlsServer({ ...limits, ...readTls(tls) }, onRequest)
  const server: Server = secure ?? createServer(limits, onRequest)
  limitConnections(server, options)
  // Ends connections that read nothing of a waiting response.
  server.timeout = options.requestMsMax + 30_000
  await bind(server, options)
  const unfollow = secure && followTls(secure, tls, onProblem)
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return {
    url: `${secure === undefined ? 'http' : 'https'}://${host}:${port}`,
    close: ({ drainMsMax = options.requestMsMax } = {}) => {
      for (const response of atWork) response.shouldKeepAlive = false
      unfollow?.()
      closing ??= drain(server, drainMsMax)
      return closing
    },
  }
}

function bind(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError('gateway', { host, port }, cause)))
    server.listen({ host, port }, resolve)
  })
}

async function drain(server: Server, drainMsMax: number): Promise<void> {
  const cut = setTimeout(() => {
    server.closeAllConnections()
  }, drainMsMax)
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  server.closeIdleConnections()
  await closed
  clearTimeout(cut)
}
