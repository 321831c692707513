// Explains to a person why a server cannot be reached.
import { errorMessage } from '../schemas/errors.ts'

const problems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the host name cannot be looked up at the moment',
  ETIMEDOUT: 'it did not answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer in time',
  EHOSTUNREACH: 'there is no route to that host',
  ENETUNREACH: 'there is no route to that network',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
}

/** An error of a socket, one of its causes, or of the tries of several addresses. */
type Failure = Error & {
  readonly code?: unknown
  readonly address?: unknown
  readonly hostname?: unknown
  readonly host?: unknown
  readonly port?: unknown
  /** Set by kafkajs: `host:port`. */
  readonly broker?: unknown
  readonly errors?: readonly unknown[]
}

/**
 * Says what keeps a client from its server, with the address if the error has it: `127.0.0.1:9092:
 * nothing listens there`. For unusual errors, the error's own message.
 */
export function connectionProblem(cause: unknown): string {
  const chain = causesOf(cause)
  for (const failure of chain) {
    const words = typeof failure.code === 'string' ? problems[failure.code] : undefined
    if (words === undefined) continue
    const where = addressOf(failure)
    return where === undefined ? words : `${where}: ${words}`
  }
  if (chain.some(({ name }) => name === 'TimeoutError')) return 'it did not answer in time'
  // fetch says only that it failed; its cause says why.
  return errorMessage(cause instanceof TypeError ? (chain.at(-1) ?? cause) : cause)
}

function causesOf(cause: unknown): Failure[] {
  const chain: Failure[] = []
  let next = cause
  while (next instanceof Error && !chain.includes(next) && chain.length < 10) {
    chain.push(next)
    const { errors, cause: inner } = next as Failure
    next = inner ?? errors?.[0]
  }
  return chain
}

function addressOf({ broker, address, hostname, host, port }: Failure): string | undefined {
  if (typeof broker === 'string') return broker
  const name = [address, hostname, host].find((one) => typeof one === 'string')
  if (name === undefined) return undefined
  return typeof port === 'number' ? `${name}:${port}` : name
}
