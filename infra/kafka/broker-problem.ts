// Says what a failure of the Kafka client means and what to do about it: TLS, login, rights. It
// decides which failures no retry can help.
import { tlsProblem } from '../../configs/tls-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { socketCodes } from './kafka-sockets.ts'

/** The rights that a call needs, such as `{ topic: 'Write on the topic winnow.events' }`. */
export type NeededRights = Readonly<
  Partial<Record<'topic' | 'group' | 'cluster' | 'transactionalId', string>>
>

/** A call with the rights that it needs; `what` completes "cannot …". */
export type BrokerWork = { readonly what: string; readonly needs: NeededRights }

export type BrokerProblem = {
  /** What happened and what to do, as a clause. */
  readonly sentence: string
  readonly isFinal: boolean
}

/** An error of kafkajs, or one that it wraps. */
type Failure = Error & {
  readonly code?: unknown
  readonly type?: unknown
  readonly broker?: unknown
}

/** Explains an error of kafkajs; undefined if it is of another kind. */
export function brokerProblem(cause: unknown, needs: NeededRights = {}): BrokerProblem | undefined {
  for (const failure of chainOf(cause)) {
    const problem =
      connectionFailure(failure) ?? loginFailure(failure) ?? missingRight(failure, needs)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Whether the broker refused the call because this client lacks a right. */
export function lacksRight(cause: unknown): boolean {
  return chainOf(cause).some(({ type }) => rightKinds[String(type)] !== undefined)
}

/** The error of Winnow's own code within one of kafkajs, which wraps what it calls. */
export function ownError(cause: unknown): WinnowError | undefined {
  return chainOf(cause).find((failure) => failure instanceof WinnowError)
}

function connectionFailure(failure: Failure): BrokerProblem | undefined {
  const where = typeof failure.broker === 'string' ? `${failure.broker}: ` : ''
  const tls = tlsProblem(failure, {
    section: 'kafka.tls',
    withoutTls: 'name the port of its TLS listener in kafka.brokers, or set kafka.ssl to false',
  })
  if (tls !== undefined) return { sentence: `${where}${tls.what}; ${tls.fix}`, isFinal: true }
  const plain = plainFailures[String(failure.code)]
  return plain && { ...plain, sentence: `${where}${plain.sentence}` }
}

const plainFailures: Readonly<Record<string, BrokerProblem>> = {
  [socketCodes.speaksTls]: {
    sentence:
      'the listener speaks TLS; set kafka.ssl to true, and kafka.tls.caFile if it has its own authority',
    isFinal: true,
  },
  // A broker that is just stopping closes connections too.
  [socketCodes.closedUnanswered]: {
    sentence:
      'it closed the connection without an answer, as a listener with TLS does; if it is one, set kafka.ssl ' +
      'to true',
    isFinal: false,
  },
  [socketCodes.closedAfterGreeting]: {
    sentence:
      'it closed the connection after the first answer, as a listener with a login does; if it is one, set ' +
      'kafka.saslMechanism and the credentials',
    isFinal: false,
  },
}

function loginFailure({ name, type, message }: Failure): BrokerProblem | undefined {
  if (type === 'UNSUPPORTED_SASL_MECHANISM') {
    const sentence =
      'the broker does not offer this mechanism on this port; set kafka.saslMechanism to one that it offers'
    return { sentence, isFinal: true }
  }
  if (type === 'ILLEGAL_SASL_STATE') {
    const sentence =
      'the listener takes no login; set kafka.saslMechanism to none, or name the port of another listener'
    return { sentence, isFinal: true }
  }
  if (name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED') {
    const sentence = `the broker refuses the user or the password; check kafka.username and kafka.password (${message})`
    return { sentence, isFinal: true }
  }
  return undefined
}

function missingRight({ type }: Failure, needs: NeededRights): BrokerProblem | undefined {
  const kind = rightKinds[String(type)]
  if (kind === undefined) return undefined
  const right = needs[kind] ?? `a right on ${kindNames[kind]}`
  const sentence =
    `the broker refuses this client ${right}; ` +
    'grant it (docs/kafka.md lists the rights of each command)'
  return { sentence, isFinal: true }
}

const rightKinds: Readonly<Record<string, keyof NeededRights>> = {
  TOPIC_AUTHORIZATION_FAILED: 'topic',
  GROUP_AUTHORIZATION_FAILED: 'group',
  CLUSTER_AUTHORIZATION_FAILED: 'cluster',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'transactionalId',
}

const kindNames = {
  topic: 'the topic',
  group: 'the consumer group',
  cluster: 'the cluster',
  transactionalId: 'the transactional id',
} as const

/** Most errors that one wraps. */
const depthMax = 10

function chainOf(cause: unknown): Failure[] {
  const chain: Failure[] = []
  const visit = (one: unknown): void => {
    if (!(one instanceof Error) || chain.includes(one) || chain.length >= depthMax) return
    chain.push(one)
    const {
      cause: inner,
      errors,
      originalError,
    } = one as {
      cause?: unknown
      errors?: unknown
      originalError?: unknown
    }
    visit(inner)
    visit(originalError)
    if (Array.isArray(errors)) errors.forEach(visit)
  }
  visit(cause)
  return chain
}
