// A Kafka broker for tests of security: one process with a listener for each kind of TLS and login,
// and an authorizer. The plain listener belongs to the super user. Clients use other listeners.
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import kafkajs, { type AclEntry } from 'kafkajs'
import { cacheDir } from '../../configs/paths.ts'
import { patchRequestQueue } from '../../infra/kafka/kafkajs-request-queue.ts'
import { choosePort } from '../../infra/local/services/free-ports.ts'
import { jarPaths } from '../../infra/local/services/jars.ts'
import { serverProperties } from '../../infra/local/services/kafka-server.ts'
import {
  launch,
  serviceFiles,
  stopProcess,
  untilReady,
} from '../../infra/local/services/service-runner.ts'
import { makeAuthority, type Authority, type Certificate } from './certificates.ts'

const listenerNames = [
  'TLS',
  'MTLS',
  'EXPIRED',
  'OTHERNAME',
  'LOGIN',
  'OAUTH',
  'OPENLOGIN',
  'LOST',
] as const
export type ListenerName = (typeof listenerNames)[number]

/** The password of every user of the listener LOGIN. */
export const secureKafkaPassword = 'open-sesame-1'

export type SecureKafka = {
  readonly dir: string
  readonly authority: Authority
  /** An authority that the broker does not know, and its certificate. */
  readonly stranger: Authority
  readonly client: Certificate
  /** `localhost:PORT` of a listener; PLAIN is the super user's. */
  address(listener: ListenerName | 'PLAIN'): string
  /** Grants rights, and returns the function that takes them away again. */
  grant(entries: readonly Grant[]): Promise<() => Promise<void>>
  stop(): Promise<void>
}

/** The provider whose tokens the listener OAUTH takes. */
type Tokens = { readonly issuer: string; readonly audience: string }

/** One right; `principal` is `User:…`. */
export type Grant = Pick<AclEntry, 'principal' | 'resourceName'> & {
  readonly resource: 'topic' | 'group' | 'cluster' | 'transactionalId'
  readonly pattern?: 'literal' | 'prefixed'
  readonly operation: 'read' | 'write' | 'create' | 'describe' | 'delete'
}

/**
 * Starts the broker; the caller stops it. `users` log in by PLAIN and SCRAM. Without `tokens`, it
 * has no listener OAUTH.
 */
export async function startSecureKafka(options: {
  dir: string
  users: readonly string[]
  tokens?: Tokens
}): Promise<SecureKafka> {
  const { dir, users, tokens } = options
  await mkdir(dir, { recursive: true })
  const authority = makeAuthority(dir, 'authority')
  const stranger = makeAuthority(dir, 'stranger')
  const certificates = {
    server: authority.sign('server'),
    expired: authority.sign('expired', { valid: ['20200101000000Z', '20200201000000Z'] }),
    otherName: authority.sign('other-name', { names: 'DNS:kafka.example.org' }),
  }
  const ports = new Map<string, number>()
  const used = listenerNames.filter((name) => name !== 'OAUTH' || tokens !== undefined)
  for (const name of ['PLAIN', 'CONTROLLER', ...used]) {
    ports.set(name, await choosePort([], new Set(ports.values())))
  }
  const address = (name: string) => `localhost:${ports.get(name)!}`
  const properties = propertiesOf({ ...options, ports, authority, certificates })
  const base = serverProperties({
    port: ports.get('PLAIN')!,
    controllerPort: ports.get('CONTROLLER')!,
    storage: join(dir, 'storage'),
  })
  // Java takes the last value of a key that comes twice.
  const file = join(dir, 'server.properties')
  await writeFile(file, base + properties.map(([key, value]) => `${key}=${value}\n`).join(''))
  const logging = join(dir, 'log4j2.properties')
  await writeFile(logging, loggingProperties)
  const java = [
    ...['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
    `-Dlog4j2.configurationFile=${logging}`,
    ...(tokens === undefined
      ? []
      : [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${tokens.issuer}/jwks`]),
    ...['-cp', join(jarPaths(cacheDir()).kafkaLib, '*')],
  ]
  const scram = users.flatMap((user) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${user},password=${secureKafkaPassword}]`,
    ]),
  )
  await promisify(execFile)(
    'java',
    [...java, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file, ...scram],
    { timeout: 120_000 },
  )
  const files = serviceFiles(dir, 'secure-kafka')
  const identity = await launch({ command: 'java', args: [...java, 'kafka.Kafka', file] }, files)
  const admin = adminOf(address('PLAIN'))
  const stop = () => stopProcess(files, 20_000)
  try {
    await untilReady({
      name: 'secure-kafka',
      identity,
      files,
      isReady: () => isReady(admin),
      waitMsMax: 120_000,
    })
  } catch (error) {
    await stop()
    throw error
  }
  return {
    dir,
    authority,
    stranger,
    client: authority.sign('client', { subject: 'winnow-client' }),
    address,
    async grant(entries) {
      const acl = entries.map(aclOf)
      await asAdmin(address('PLAIN'), (one) => one.createAcls({ acl }))
      return () => asAdmin(address('PLAIN'), (one) => one.deleteAcls({ filters: acl }))
    },
    stop,
  }
}

/** 16 bytes as URL-safe base64. */
const clusterId = Buffer.from('a test of Winnow').toString('base64url')

function propertiesOf(options: {
  users: readonly string[]
  tokens?: Tokens
  ports: ReadonlyMap<string, number>
  authority: Authority
  certificates: Readonly<Record<'server' | 'expired' | 'otherName', Certificate>>
}): [string, string][] {
  const { users, tokens, ports, authority, certificates } = options
  const all = [...ports].filter(([name]) => name !== 'CONTROLLER')
  const protocol = (name: string) => {
    if (name === 'PLAIN' || name === 'LOST') return 'PLAINTEXT'
    if (name === 'OPENLOGIN') return 'SASL_PLAINTEXT'
    return ['LOGIN', 'OAUTH'].includes(name) ? 'SASL_SSL' : 'SSL'
  }
  const certificateOf = (name: string) =>
    name === 'EXPIRED'
      ? certificates.expired
      : name === 'OTHERNAME'
        ? certificates.otherName
        : certificates.server
  const plainUsers = users.map((user) => `user_${user}="${secureKafkaPassword}"`).join(' ')
  const login = (listener: string): [string, string][] => {
    const at = `listener.name.${listener}`
    return [
      [`${at}.sasl.enabled.mechanisms`, 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512'],
      [`${at}.plain.sasl.jaas.config`, `${common}.plain.PlainLoginModule required ${plainUsers};`],
      ...['scram-sha-256', 'scram-sha-512'].map((mechanism): [string, string] => [
        `${at}.${mechanism}.sasl.jaas.config`,
        `${common}.scram.ScramLoginModule required;`,
      ]),
    ]
  }
  return [
    ['listeners', [...ports].map(([name, port]) => `${name}://127.0.0.1:${port}`).join(',')],
    [
      'advertised.listeners',
      // The cluster sends clients of the listener LOST to a host that does not exist.
      all
        .map(
          ([name, port]) => `${name}://${name === 'LOST' ? 'lost.invalid' : 'localhost'}:${port}`,
        )
        .join(','),
    ],
    [
      'listener.security.protocol.map',
      [...all.map(([name]) => `${name}:${protocol(name)}`), 'CONTROLLER:PLAINTEXT'].join(','),
    ],
    ['inter.broker.listener.name', 'PLAIN'],
    ...all
      .filter(([name]) => /SSL/.test(protocol(name)))
      .flatMap(([name]): [string, string][] => {
        const at = `listener.name.${name.toLowerCase()}`
        return [
          [`${at}.ssl.keystore.type`, 'PEM'],
          [`${at}.ssl.keystore.location`, certificateOf(name).bothFile],
          [`${at}.ssl.truststore.type`, 'PEM'],
          [`${at}.ssl.truststore.location`, authority.certFile],
          [`${at}.ssl.client.auth`, name === 'MTLS' ? 'required' : 'none'],
        ]
      }),
    ...login('login'),
    ...login('openlogin'),
    ...(tokens === undefined ? [] : tokenProperties(tokens)),
    ['authorizer.class.name', 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'],
    ['super.users', 'User:ANONYMOUS'],
    ['allow.everyone.if.no.acl.found', 'false'],
  ]
}

const common = 'org.apache.kafka.common.security'

function tokenProperties({ issuer, audience }: Tokens): [string, string][] {
  const oauth = 'listener.name.oauth.oauthbearer'
  return [
    ['listener.name.oauth.sasl.enabled.mechanisms', 'OAUTHBEARER'],
    [`${oauth}.sasl.jaas.config`, `${common}.oauthbearer.OAuthBearerLoginModule required;`],
    [
      `${oauth}.sasl.server.callback.handler.class`,
      `${common}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
    ],
    [`${oauth}.sasl.oauthbearer.jwks.endpoint.url`, `${issuer}/jwks`],
    [`${oauth}.sasl.oauthbearer.expected.audience`, audience],
    [`${oauth}.sasl.oauthbearer.expected.issuer`, issuer],
    // The client logs in again when less than ten seconds of its session are left.
    [`${oauth}.connections.max.reauth.ms`, '12000'],
  ]
}

const loggingProperties = `status=ERROR
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
`

function adminOf(broker: string) {
  patchRequestQueue()
  const { Kafka, logLevel } = kafkajs
  return new Kafka({
    brokers: [broker],
    clientId: 'secure-kafka-admin',
    retry: { retries: 2 },
    logLevel: logLevel.NOTHING,
  }).admin()
}

/** With a connection of its own: kafkajs may write to one that it has just ended. */
async function asAdmin(
  broker: string,
  work: (admin: ReturnType<typeof adminOf>) => Promise<unknown>,
): Promise<void> {
  const admin = adminOf(broker)
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.disconnect()
  }
}

async function isReady(admin: ReturnType<typeof adminOf>): Promise<boolean> {
  try {
    await admin.connect()
    await admin.fetchOffsets({ groupId: 'secure-kafka-probe', topics: [] })
    return true
  } catch {
    return false
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

function aclOf(grant: Grant): AclEntry {
  const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs
  const { resource, pattern = 'literal', operation, principal, resourceName } = grant
  const types = {
    topic: AclResourceTypes.TOPIC,
    group: AclResourceTypes.GROUP,
    cluster: AclResourceTypes.CLUSTER,
    transactionalId: AclResourceTypes.TRANSACTIONAL_ID,
  }
  const operations = {
    read: AclOperationTypes.READ,
    write: AclOperationTypes.WRITE,
    create: AclOperationTypes.CREATE,
    describe: AclOperationTypes.DESCRIBE,
    delete: AclOperationTypes.DELETE,
  }
  const patterns = {
    literal: ResourcePatternTypes.LITERAL,
    prefixed: ResourcePatternTypes.PREFIXED,
  }
  return {
    principal,
    resourceName,
    host: '*',
    resourceType: types[resource],
    resourcePatternType: patterns[pattern],
    operation: operations[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }
}
