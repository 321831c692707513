// Checks how far a connection to one broker gets: name, TCP, TLS. It logs in nowhere; a login is
// pingBroker of kafka.ts.
import { connectionProblem } from '../../configs/connection-problem.ts'
import { probeConnection, type ConnectionProbe, type ProbeStep } from '../connection-probe.ts'
import { brokerProblem } from '../kafka/broker-problem.ts'
import { createKafkaSockets } from '../kafka/kafka-sockets.ts'
import type { ClientTls } from '../tls-client.ts'

/** How far the connection got, and what was found. */
export type BrokerProbe = Omit<ConnectionProbe, 'failure'> & {
  /** `host:port`. */
  readonly broker: string
  /** The step that failed, and why; undefined if none did. */
  readonly failure: { readonly step: ProbeStep; readonly why: string } | undefined
}

/** Connects to a broker and hangs up. It throws nothing: the failure is part of the result. */
export async function probeBroker(
  broker: string,
  { tls, waitMsMax }: { tls: (() => ClientTls) | undefined; waitMsMax: number },
): Promise<BrokerProbe> {
  const split = broker.lastIndexOf(':')
  const [host, port] = [broker.slice(0, split), Number(broker.slice(split + 1))]
  const to = { host, port, ssl: {}, onConnect: () => undefined }
  const openTls = tls && (() => createKafkaSockets(tls).factory(to))
  const { failure, ...found } = await probeConnection({ host, port, waitMsMax, openTls })
  if (failure === undefined) return { ...found, broker, failure }
  const { step, error } = failure
  const said = brokerProblem(error)?.sentence ?? connectionProblem(error)
  const why = said.startsWith(`${broker}: `) ? said.slice(broker.length + 2) : said
  return { ...found, broker, failure: { step, why } }
}
