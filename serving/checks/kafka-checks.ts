// What `winnow doctor` finds out about the configured Kafka, step by step: names, TCP, TLS, login,
// the addresses of the cluster, topics, rights. A failed step ends the checks, since those after it
// would fail too.
import type { Config } from '../../configs/schema.ts'
import {
  authorizedOperations,
  type Authorized,
  type AuthorizedOperations,
} from '../../infra/kafka-checks/authorized-operations.ts'
import { probeBroker, type BrokerProbe } from '../../infra/kafka-checks/probe-broker.ts'
import { brokerCall, brokerConnection, createKafka, pingBroker } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import type { DoctorCheck } from '../../infra/local/machine-checks.ts'
import { errorMessage } from '../../schemas/errors.ts'
import { topicNames } from '../../schemas/subjects.ts'
import { defaultGroup } from '../group-name.ts'
import { rightText, rightsOf, type KafkaCommand, type Right } from './command-rights.ts'

/** A certificate that expires sooner is reported. */
const certificateMsMin = 14 * 86_400_000
const dayMs = 86_400_000
/** Longest wait for one broker, so that a cluster that is away does not delay the report. */
const probeMsMax = 3_000

/** Checks the broker that the configuration names; one finding for each step. */
export async function checkKafka(config: Config): Promise<DoctorCheck[]> {
  const { brokers, connectMsMax } = config.kafka
  let tls: ReturnType<typeof brokerConnection>['tls']
  try {
    tls = brokerConnection(config.kafka).tls
  } catch (error) {
    const fix = 'Correct the files under kafka.tls.'
    return [{ name: 'Kafka TLS', state: 'fail', detail: errorMessage(error), fix }]
  }
  const probing = { tls, waitMsMax: Math.min(connectMsMax, probeMsMax) }
  const probes = await Promise.all(brokers.map((broker) => probeBroker(broker, probing)))
  const found = [addressCheck(probes), ...(tls === undefined ? [] : tlsChecks(probes))]
  if (probes.every(({ failure }) => failure !== undefined)) return found
  const login = await loginCheck(config)
  found.push(login)
  if (login.state !== 'ok') return found
  const asked = await askBroker(config, probes.find(({ failure }) => failure === undefined)!.broker)
  if (asked.kind === 'unknown') return [...found, asked.check]
  return [
    ...found,
    ...(await advertisedChecks(asked.answer, { known: brokers, probing })),
    topicsCheck(config, asked.answer),
    ...rightsChecks(config, asked.answer),
  ]
}

/** Names and TCP in one line: `localhost:9092 (127.0.0.1) answers in 1 ms`. */
function addressCheck(probes: readonly BrokerProbe[]): DoctorCheck {
  const name = 'Kafka'
  const texts = probes.map(({ broker, addresses, connectMs, failure }) => {
    if (failure !== undefined && failure.step !== 'tls') return `${broker}: ${failure.why}`
    return `${broker} (${addresses.join(', ')}) answers in ${Math.ceil(connectMs ?? 0)} ms`
  })
  const detail = `${texts.join('; ')} (kafka.brokers)`
  const away = probes.filter(({ failure }) => failure !== undefined && failure.step !== 'tls')
  if (away.length === 0) return { name, state: 'ok', detail }
  const isName = away.some(({ failure }) => failure?.step === 'name')
  const fix = isName
    ? 'Correct kafka.brokers, or let the DNS of this machine know the name.'
    : 'Start the embedded stack with `winnow up`, or set kafka.brokers to your own. A firewall may be in ' +
      'the way too.'
  // An unreachable broker is a warning, because it may not have been started yet.
  return { name, state: isName && away.length === probes.length ? 'fail' : 'warn', detail, fix }
}

function tlsChecks(probes: readonly BrokerProbe[]): DoctorCheck[] {
  const name = 'Kafka TLS'
  return probes.flatMap(({ broker, certificate, failure }): DoctorCheck[] => {
    if (failure?.step === 'tls') {
      const [what, fix] = splitAdvice(failure.why)
      return [{ name, state: 'fail', detail: `${broker}: ${what}`, fix: sentence(fix) }]
    }
    if (certificate === undefined) return []
    const { protocol, subject, validToMs } = certificate
    const leftMs = validToMs - Date.now()
    const until = new Date(validToMs).toISOString().slice(0, 10)
    const detail = `${broker}: ${protocol}, certificate of ${subject}, valid until ${until}`
    if (leftMs >= certificateMsMin) return [{ name, state: 'ok', detail }]
    const days = Math.floor(leftMs / dayMs)
    const fix = `Renew it: clients refuse the broker in ${days} ${days === 1 ? 'day' : 'days'}.`
    return [{ name, state: 'warn', detail, fix }]
  })
}

async function loginCheck(config: Config): Promise<DoctorCheck> {
  const name = 'Kafka login'
  const { saslMechanism, username, oauth, tls } = config.kafka
  const certificate = tls?.certFile === undefined ? 'none' : `certificate ${tls.certFile}`
  const who = username ?? oauth?.clientId
  const by =
    saslMechanism === 'none'
      ? certificate
      : `${saslMechanism}${who === undefined ? '' : `, ${who}`}`
  try {
    await pingBroker(createKafka(config))
    return { name, state: 'ok', detail: by }
  } catch (error) {
    const [what, fix] = splitAdvice(errorMessage(error))
    return { name, state: 'fail', detail: `${by}: ${what}`, fix: sentence(fix) }
  }
}

type Asked =
  | { readonly kind: 'answered'; readonly answer: AuthorizedOperations }
  | { readonly kind: 'unknown'; readonly check: DoctorCheck }

async function askBroker(config: Config, broker: string): Promise<Asked> {
  const name = 'Kafka rights'
  const rights = checkedCommands.flatMap((command) => rightsOf(command, config))
  const groups = rights.filter(({ resource }) => resource === 'group')
  const names = {
    topics: topicNames.map((topic) => topicOf(config.topics, topic)),
    groups: [...new Set(groups.flatMap((right) => groupsOf(config, right)))],
  }
  try {
    const connection = brokerConnection(config.kafka)
    const answer = await brokerCall('ask for the rights of this client', () =>
      authorizedOperations(connection, broker, names),
    )
    if (answer !== undefined) return { kind: 'answered', answer }
    const detail =
      'the broker is older than Kafka 2.3 and does not say which rights this client has'
    const fix = 'Compare them with the table in docs/kafka.md.'
    return { kind: 'unknown', check: { name, state: 'warn', detail, fix } }
  } catch (error) {
    const fix = 'Compare the rights of this client with the table in docs/kafka.md.'
    return { kind: 'unknown', check: { name, state: 'warn', detail: errorMessage(error), fix } }
  }
}

/**
 * Clients reach the brokers at the addresses that the cluster advertises, not at those that are
 * configured.
 */
async function advertisedChecks(
  { brokers }: AuthorizedOperations,
  { known, probing }: { known: readonly string[]; probing: Parameters<typeof probeBroker>[1] },
): Promise<DoctorCheck[]> {
  const others = brokers.filter((broker) => !known.includes(broker))
  if (others.length === 0) return []
  const probes = await Promise.all(others.map((broker) => probeBroker(broker, probing)))
  const name = 'Kafka cluster'
  const away = probes.filter(({ failure }) => failure !== undefined)
  const detail = `${brokers.length} brokers: ${brokers.join(', ')}`
  if (away.length === 0) return [{ name, state: 'ok', detail }]
  const what = away.map(({ broker, failure }) => `${broker}: ${failure!.why}`).join('; ')
  const fix =
    'The cluster tells clients these addresses (advertised.listeners): make them reachable from here, or ' +
    'correct them there.'
  return [{ name, state: 'fail', detail: `the cluster advertises ${what}`, fix }]
}

function topicsCheck(config: Config, { topics }: AuthorizedOperations): DoctorCheck {
  const name = 'Kafka topics'
  const names = topicNames.map((topic) => topicOf(config.topics, topic))
  const missing = names.filter((topic) => topics.get(topic)?.kind === 'absent')
  if (missing.length === 0) {
    const seen = names.filter((topic) => topics.get(topic)?.kind === 'known')
    const detail = `${seen.length} of ${names.length} exist and can be seen`
    return { name, state: 'ok', detail }
  }
  const fix = 'Create them with `winnow migrate`, or let somebody who may do that run it.'
  return { name, state: 'warn', detail: `missing: ${missing.join(', ')}`, fix }
}

/** The commands that run all the time; docs/kafka.md has the rights of the others. */
const checkedCommands: readonly KafkaCommand[] = ['stream', 'serve']

function rightsChecks(config: Config, answer: AuthorizedOperations): DoctorCheck[] {
  return checkedCommands.map((command) => {
    const name = `Kafka rights (${command})`
    const lacking = rightsOf(command, config).filter((right) => isLacking(config, right, answer))
    if (lacking.length === 0) return { name, state: 'ok', detail: 'all are granted' }
    const detail = `\`winnow ${command}\` lacks ${lacking.map(rightText).join('; ')}`
    const fix = `Grant them if this client is to run it; docs/kafka.md shows how.`
    return { name, state: 'warn', detail, fix }
  })
}

function isLacking(config: Config, right: Right, answer: AuthorizedOperations): boolean {
  const granted = (one: Authorized | undefined): boolean =>
    // Nobody can say which rights there are on a topic that does not exist.
    one === undefined ||
    one.kind === 'absent' ||
    (one.kind === 'known' && one.operations.has(right.operation))
  switch (right.resource) {
    case 'topic':
      return !granted(answer.topics.get(right.name))
    case 'group':
      return groupsOf(config, right).some((group) => !granted(answer.groups.get(group)))
    case 'transactionalId':
      // Kafka tells the rights on topics and groups only.
      return false
  }
}

/** Groups whose rights show whether a right is granted: those of stages have fixed names. */
function groupsOf(config: Config, { name }: Right): string[] {
  if (name !== `${config.stream.group}.*`) return [name.replace(/\*$/, 'doctor')]
  const { model } = config.inference
  const range = { first: 'validate', last: 'infer' } as const
  const stages = defaultGroup(config, { range, model, configured: model })
  return [stages, defaultGroup(config, 'labels')]
}

/** Splits `what is wrong; what to do`. */
function splitAdvice(text: string): [string, string] {
  const at = text.indexOf('; ')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 2)]
}

function sentence(advice: string): string {
  if (advice === '') return 'Compare the settings under kafka with docs/kafka.md.'
  return `${advice[0]!.toUpperCase()}${advice.slice(1)}.`
}
