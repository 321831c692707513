// How far a connection to a server gets: name, TCP, TLS. It sends nothing and logs in nowhere; what
// a failure means to a person is for the caller to say.
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** A step of the way to a server. */
export type ProbeStep = 'name' | 'tcp' | 'tls'

/** How far the connection got, and what was found. */
export type ConnectionProbe = {
  /** The addresses of the host name. */
  readonly addresses: readonly string[]
  /** How long the TCP connection took. Milliseconds. */
  readonly connectMs: number | undefined
  readonly certificate:
    { readonly protocol: string; readonly subject: string; readonly validToMs: number } | undefined
  /** The step that failed, and its error; undefined if none did. */
  readonly failure: { readonly step: ProbeStep; readonly error: unknown } | undefined
}

/**
 * Connects to a server and hangs up; each step takes `waitMsMax` at most. `openTls` opens a second
 * connection, with TLS. It throws nothing: the failure is part of the result.
 */
export async function probeConnection({
  host,
  port,
  waitMsMax,
  openTls,
}: {
  readonly host: string
  readonly port: number
  readonly waitMsMax: number
  readonly openTls: (() => Socket) | undefined
}): Promise<ConnectionProbe> {
  let addresses: string[] = []
  let connectMs: number | undefined
  let certificate: ConnectionProbe['certificate']
  let step: ProbeStep = 'name'
  try {
    addresses = (await lookup(host, { all: true })).map(({ address }) => address)
    step = 'tcp'
    const startMs = performance.now()
    await opened(connect({ host, port }), 'connect', waitMsMax)
    connectMs = performance.now() - startMs
    step = 'tls'
    if (openTls !== undefined) {
      certificate = await opened(openTls(), 'secureConnect', waitMsMax, certificateOf)
    }
    return { addresses, connectMs, certificate, failure: undefined }
  } catch (error) {
    return { addresses, connectMs, certificate, failure: { step, error } }
  }
}

/** Waits until a socket is open, looks at it, and closes it. Throws its error, or ETIMEDOUT. */
async function opened<Found>(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  waitMsMax: number,
  look?: (socket: Socket) => Found,
): Promise<Found | undefined> {
  try {
    await once(socket, event, { signal: AbortSignal.timeout(waitMsMax) })
    return look?.(socket)
  } catch (error) {
    const isTimeout = error instanceof Error && error.name === 'AbortError'
    throw isTimeout ? Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }) : error
  } finally {
    socket.destroy()
  }
}

function certificateOf(socket: Socket): ConnectionProbe['certificate'] {
  if (!(socket instanceof TLSSocket)) return undefined
  const { subject, valid_to: validTo } = socket.getPeerCertificate()
  return {
    protocol: socket.getProtocol() ?? 'TLS',
    subject: [subject.CN].flat().join(', '),
    validToMs: Date.parse(validTo),
  }
}
