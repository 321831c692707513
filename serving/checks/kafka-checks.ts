// What `winnow doctor` finds out about the configured Kafka, step by step: names, TCP, TLS, login,
// the addresses of the cluster, topics, rights. A failed step ends the checks, since those after it
// would fail too.
import type { Config } from '../../configs/schema.ts'
import {
  groupOperations,
  topicOperations,
  type Authorized,
  type TopicOperations,
} from '../../infra/kafka-checks/authorized-operations.ts'
import { probeBroker, type BrokerProbe } from '../../infra/kafka-checks/probe-broker.ts'
import { brokerCall, brokerConnection } from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import type { DoctorCheck } from '../../infra/local/machine-checks.ts'
import { counted } from '../../schemas/counted.ts'
import { errorMessage } from '../../schemas/errors.ts'
import { topicNames } from '../../schemas/subjects.ts'
import { defaultGroup } from '../group-name.ts'
import { certificateAge } from './certificate-age.ts'
import { rightText, rightsOf, type KafkaCommand, type Right } from './command-rights.ts'

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
  const { broker } = probes.find(({ failure }) => failure === undefined)!
  const login = await logIn(config, broker)
  found.push(login.check)
  if (login.cluster === undefined) return found
  const cluster = await advertisedChecks(login.cluster, { known: brokers, probing })
  found.push(...cluster)
  if (cluster.some(({ state }) => state === 'fail')) return found
  return [...found, ...(await rightsChecks(config, broker, login.cluster.topics))]
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
    const { daysLeft, isShort } = certificateAge(validToMs)
    const until = new Date(validToMs).toISOString().slice(0, 10)
    const detail = `${broker}: ${protocol}, certificate of ${subject}, valid until ${until}`
    if (!isShort) return [{ name, state: 'ok', detail }]
    const fix = `Renew it: clients refuse the broker in ${counted(daysLeft, 'day')}.`
    return [{ name, state: 'warn', detail, fix }]
  })
}

/** Logs in to one broker, once: what the cluster says of its other brokers comes later. */
async function logIn(
  config: Config,
  broker: string,
): Promise<{ check: DoctorCheck; cluster: TopicOperations | undefined }> {
  const name = 'Kafka login'
  const { saslMechanism, username, oauth, tls } = config.kafka
  const certificate = tls?.certFile === undefined ? 'none' : `certificate ${tls.certFile}`
  const who = username ?? oauth?.clientId
  const by =
    saslMechanism === 'none'
      ? certificate
      : `${saslMechanism}${who === undefined ? '' : `, ${who}`}`
  const topics = [...new Set([...ownTopics(config), ...namesOf(config, 'topic')])]
  try {
    const cluster = await brokerCall(`log in to ${broker}`, () =>
      topicOperations(brokerConnection(config.kafka), broker, topics),
    )
    return { check: { name, state: 'ok', detail: by }, cluster }
  } catch (error) {
    const [what, fix] = splitAdvice(errorMessage(error))
    const check = { name, state: 'fail', detail: `${by}: ${what}`, fix: sentence(fix) } as const
    return { check, cluster: undefined }
  }
}

/**
 * Clients reach the brokers at the addresses that the cluster advertises, not at those that are
 * configured.
 */
async function advertisedChecks(
  { brokers }: TopicOperations,
  { known, probing }: { known: readonly string[]; probing: Parameters<typeof probeBroker>[1] },
): Promise<DoctorCheck[]> {
  const others = brokers.filter((broker) => !known.includes(broker))
  if (others.length === 0) return []
  const probes = await Promise.all(others.map((broker) => probeBroker(broker, probing)))
  const name = 'Kafka cluster'
  const away = probes.filter(({ failure }) => failure !== undefined)
  const detail = `${counted(brokers.length, 'broker')}: ${brokers.join(', ')}`
  if (away.length === 0) return [{ name, state: 'ok', detail }]
  const what = away.map(({ broker, failure }) => `${broker}: ${failure!.why}`).join('; ')
  const fix =
    'The cluster tells clients these addresses (advertised.listeners): make them reachable from here, or ' +
    'correct them there.'
  return [{ name, state: 'fail', detail: `the cluster advertises ${what}`, fix }]
}

type Known = ReadonlyMap<string, Authorized>

function ownTopics(config: Config): string[] {
  return topicNames.map((topic) => topicOf(config.topics, topic))
}

/** Whether topics exist, as far as this client may know. */
function topicsCheck(config: Config, topics: Known): DoctorCheck {
  const name = 'Kafka topics'
  const names = ownTopics(config)
  const missing = names.filter((topic) => topics.get(topic)?.kind === 'absent')
  const seen = names.filter((topic) => topics.get(topic)?.kind === 'known')
  if (missing.length === 0 && seen.length > 0) {
    const detail = `${seen.length} of ${names.length} exist and can be seen`
    return { name, state: 'ok', detail }
  }
  if (missing.length === 0) {
    const detail = `none of ${names.length} can be seen: they do not exist, or this client has no right on them`
    const fix =
      'Let somebody who may create topics run `winnow migrate`, then grant the rights below.'
    return { name, state: 'warn', detail, fix }
  }
  const fix = 'Create them with `winnow migrate`, or let somebody who may do that run it.'
  return { name, state: 'warn', detail: `missing: ${missing.join(', ')}`, fix }
}

/** Topics of inputs that are not there. Those that are hidden lack a right: see rightsCheck. */
function inputsCheck({ inputs }: Config, topics: Known): DoctorCheck[] {
  const name = 'Kafka inputs'
  const missing = inputs.flatMap(({ topic }) => (topics.get(topic)?.kind === 'absent' ? topic : []))
  if (missing.length === 0) return []
  const fix = 'Correct the topics of inputs, or create them: Winnow does not.'
  return [{ name, state: 'warn', detail: `missing: ${missing.join(', ')}`, fix }]
}

/** The commands that run all the time; docs/kafka.md has the rights of the others. */
const checkedCommands: readonly KafkaCommand[] = ['stream', 'serve']

/** What these commands need a right on. */
function namesOf(config: Config, kind: Right['resource']): string[] {
  return checkedCommands
    .flatMap((command) => rightsOf(command, config))
    .flatMap(({ resource, name }) => (resource === kind ? name : []))
}

async function rightsChecks(
  config: Config,
  broker: string,
  topics: Known | undefined,
): Promise<DoctorCheck[]> {
  const unknown = (detail: string): DoctorCheck => {
    const fix = 'Compare the rights of this client with the table in docs/kafka.md.'
    return { name: 'Kafka rights', state: 'warn', detail, fix }
  }
  if (topics === undefined) {
    return [unknown('the broker is older than Kafka 2.3 and does not say which rights there are')]
  }
  const rights = checkedCommands.flatMap((command) => rightsOf(command, config))
  const named = rights
    .filter(({ resource }) => resource === 'group')
    .flatMap((right) => groupsOf(config, right))
  try {
    const groups = await brokerCall('ask for the rights on consumer groups', () =>
      groupOperations(brokerConnection(config.kafka), broker, [...new Set(named)]),
    )
    const checks = checkedCommands.map((command) =>
      rightsCheck(config, command, { topics, groups }),
    )
    return [topicsCheck(config, topics), ...inputsCheck(config, topics), ...checks]
  } catch (error) {
    return [topicsCheck(config, topics), unknown(errorMessage(error))]
  }
}

function rightsCheck(
  config: Config,
  command: KafkaCommand,
  known: { topics: Known; groups: Known },
): DoctorCheck {
  const name = `Kafka rights (${command})`
  const lacking = rightsOf(command, config).filter((right) => isLacking(config, right, known))
  if (lacking.length === 0) return { name, state: 'ok', detail: 'all are granted' }
  const detail = `\`winnow ${command}\` lacks ${lacking.map(rightText).join('; ')}`
  const fix = 'Grant them if this client is to run it; docs/kafka.md shows how.'
  return { name, state: 'warn', detail, fix }
}

function isLacking(
  config: Config,
  right: Right,
  { topics, groups }: { topics: Known; groups: Known },
): boolean {
  const granted = (one: Authorized | undefined): boolean =>
    // Nobody can say which rights there are on a topic that does not exist.
    one === undefined ||
    one.kind === 'absent' ||
    (one.kind === 'known' && one.operations.has(right.operation))
  switch (right.resource) {
    case 'topic':
      return !granted(topics.get(right.name))
    case 'group':
      return groupsOf(config, right).some((group) => !granted(groups.get(group)))
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
  const stages = defaultGroup(config, { range, models: [model], configured: [model] })
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
