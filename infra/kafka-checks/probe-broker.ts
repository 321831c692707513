// Checks how far a connection to one broker gets: name, TCP, TLS. It logs in nowhere; a login is
// pingBroker of kafka.ts.
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { connectionProblem } from '../../configs/connection-problem.ts'
import type { ClientTls } from '../tls-client.ts'
import { brokerProblem } from '../kafka/broker-problem.ts'
import { createKafkaSockets } from '../kafka/kafka-sockets.ts'

/** How far the connection got, and what was found. */
export type BrokerProbe = {
  /** `host:port`. */
  readonly broker: string
  /** The addresses of the host name. */
  readonly addresses: readonly string[]
  /** How long the TCP connection took. Milliseconds. */
  readonly connectMs: number | undefined
  readonly certificate:
    { readonly protocol: string; readonly subject: string; readonly validToMs: number } | undefined
  /** The step that failed, and why; undefined if none did. */
  readonly failure: { readonly step: 'name' | 'tcp' | 'tls'; readonly why: string } | undefined
}

/** Connects to a broker and hangs up. It throws nothing: the failure is part of the result. */
export async function probeBroker(
  broker: string,
  { tls, waitMsMax }: { tls: (() => ClientTls) | undefined; waitMsMax: number },
): Promise<BrokerProbe> {
  const split = broker.lastIndexOf(':')
  const [host, port] = [broker.slice(0, split), Number(broker.slice(split + 1))]
  const found = {
    broker,
    addresses: [] as string[],
    connectMs: undefined as number | undefined,
    certificate: undefined as BrokerProbe['certificate'],
  }
  const failed = (step: 'name' | 'tcp' | 'tls', cause: unknown): BrokerProbe => {
    const error = Object.assign(cause instanceof Error ? cause : new Error(String(cause)), {
      broker,
    })
    const said = brokerProblem(error)?.sentence ?? connectionProblem(error)
    const why = said.startsWith(`${broker}: `) ? said.slice(broker.length + 2) : said
    return { ...found, failure: { step, why } }
  }
  try {
    found.addresses = (await lookup(host, { all: true })).map(({ address }) => address)
  } catch (error) {
    return failed('name', error)
  }
  const startMs = performance.now()
  try {
    const socket = connectTcp({ host, port })
    await within(waitMsMax, socket, 'connect')
    found.connectMs = performance.now() - startMs
    socket.destroy()
  } catch (error) {
    return failed('tcp', error)
  }
  if (tls === undefined) return { ...found, failure: undefined }
  try {
    const socket = createKafkaSockets(tls).factory({
      host,
      port,
      ssl: {},
      onConnect: () => undefined,
    })
    await within(waitMsMax, socket, 'secureConnect')
    if (socket instanceof TLSSocket) found.certificate = certificateOf(socket)
    socket.destroy()
    return { ...found, failure: undefined }
  } catch (error) {
    return failed('tls', error)
  }
}

/** Waits for an event of a socket; an `error` is thrown, and so is a wait that takes too long. */
async function within(waitMsMax: number, socket: Socket, event: string): Promise<void> {
  try {
    await once(socket, event, { signal: AbortSignal.timeout(waitMsMax) })
  } catch (error) {
    socket.destroy()
    const isTimeout = error instanceof Error && error.name === 'AbortError'
    throw isTimeout ? Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' }) : error
  }
}

function certificateOf(socket: TLSSocket): BrokerProbe['certificate'] {
  const { subject, valid_to: validTo } = socket.getPeerCertificate()
  return {
    protocol: socket.getProtocol() ?? 'TLS',
    subject: [subject.CN].flat().join(', '),
    validToMs: Date.parse(validTo),
  }
}
