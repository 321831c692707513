// A broker with TLS, logins and an authorizer: the stream works through each of them, and each wrong
// setting is one sentence that says which.
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import {
  createKafka,
  openProducer,
  pingBroker,
  type RecordProducer,
} from '../../infra/kafka/kafka.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import {
  rightText,
  rightsOf,
  type KafkaCommand,
  type Operation,
  type Right,
} from '../../serving/checks/command-rights.ts'
import { openLabelStage } from '../../serving/label-stage.ts'
import { openAll } from '../../serving/open-resources.ts'
import { consumptionsOf } from '../../serving/consumption.ts'
import { openStage } from '../../serving/stage.ts'
import { hasOpenssl, lockKey } from '../support/certificates.ts'
import { startWinnow, type Environment } from '../support/cli.ts'
import { secureKafkaPassword, startSecureKafka, type SecureKafka } from '../support/secure-kafka.ts'
import { startTokenProvider, type TokenProvider } from '../support/token-provider.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { openWorkspace, sampleText, type Workspace } from '../support/workspace.ts'

const audience = 'urn:kafka'
/** Users that lack one right each. */
const lessUsers = Array.from({ length: 7 }, (_, at) => `less-${at}`)
/** Users that have the rights of one command each. */
const onlyUsers = [
  ...['migrate', 'produce', 'replay', 'dlq-replay', 'models-promote', 'status', 'serve'],
].map((name) => `only-${name}`)
let dir: string
let provider: TokenProvider
let kafka: SecureKafka
let space: Workspace
let producer: RecordProducer

beforeAll(async () => {
  if (!hasOpenssl) return
  dir = await mkdtemp(join(tmpdir(), 'winnow-secure-'))
  provider = await startTokenProvider({ clients: ['stream', 'other'], lifeS: 20 })
  const { issuer } = provider
  const users = ['alice', 'bob', ...lessUsers, ...onlyUsers]
  kafka = await startSecureKafka({ dir, users, tokens: { issuer, audience } })
  space = await openWorkspace(inject('stack'), { WINNOW_KAFKA_BROKERS: kafka.address('PLAIN') })
  producer = await openProducer(space.kafka)
}, 180_000)

afterAll(async () => {
  if (!hasOpenssl) return
  await producer.close()
  await space.close()
  await kafka.stop()
  provider.close()
  await rm(dir, { recursive: true, force: true })
})

/** The variables of a client that trusts the broker's authority. */
const trusting = (listener: Parameters<SecureKafka['address']>[0]): Environment => ({
  WINNOW_KAFKA_BROKERS: kafka.address(listener),
  WINNOW_KAFKA_TLS_CA_FILE: kafka.authority.certFile,
})
const certificate = (): Environment => ({
  WINNOW_KAFKA_TLS_CERT_FILE: kafka.client.certFile,
  WINNOW_KAFKA_TLS_KEY_FILE: kafka.client.keyFile,
})
const login = (
  mechanism: string,
  { user = 'alice', password = secureKafkaPassword } = {},
): Environment => ({
  WINNOW_KAFKA_SASL_MECHANISM: mechanism,
  WINNOW_KAFKA_USERNAME: user,
  WINNOW_KAFKA_PASSWORD: password,
})
const tokens = (settings: Environment = {}): Environment => ({
  WINNOW_KAFKA_SASL_MECHANISM: 'oauthbearer',
  WINNOW_KAFKA_OAUTH_TOKEN_URL: `${provider.issuer}/token`,
  WINNOW_KAFKA_OAUTH_CLIENT_ID: 'stream',
  WINNOW_KAFKA_OAUTH_CLIENT_SECRET: 'stream-secret',
  WINNOW_KAFKA_OAUTH_AUDIENCE: audience,
  WINNOW_KAFKA_OAUTH_SCOPE: 'kafka',
  ...settings,
})

/** Sends events, and waits until all are rows. */
async function classified(prefix: string, count = 20): Promise<void> {
  const records = Array.from({ length: count }, (_, number) => {
    const id = `${prefix}-${number}`
    return { key: id, value: JSON.stringify({ id, text: sampleText(number).text }) }
  })
  await producer.send(topicOf(space.config.topics, 'events'), records)
  await until(`${count} rows of ${prefix}`, async () => {
    const [row] = await space.analytics.rows<{ n: number }>(
      'SELECT count() AS n FROM classifications WHERE startsWith(event_id, {prefix: String})',
      { prefix: `${prefix}-` },
    )
    return row!.n === count
  })
}

describe.skipIf(!hasOpenssl)('the stream (skipped without openssl)', () => {
  it('consumes and produces over TLS, with an authority of its own', async () => {
    const stream = await startWinnow(['stream'], { env: { ...space.env, ...trusting('TLS') } })
    await classified('tls')
    expect(await stream.stop()).toBe(0)
    expect(stream.output().stderr).not.toMatch(/kafka \w+:/)
  })
})

describe.skipIf(!hasOpenssl)('tokens', () => {
  it('are renewed before they expire, also when the provider is away for a moment', async () => {
    await grant('stream', rightsOf('stream', space.config))
    const before = provider.tokens()
    const env = { ...space.env, ...trusting('OAUTH'), ...tokens() }
    const stream = await startWinnow(['stream'], { env })
    await classified('oauth')
    // The broker asks for a new login every few seconds, and closes connections without one.
    await until('the second token', () => provider.tokens() >= before + 3)
    provider.failWith(503)
    await classified('away')
    provider.failWith(undefined)
    expect(await stream.stop()).toBe(0)
    expect(stream.output().stderr).not.toMatch(/refuses|closed/)
  })
})

describe.skipIf(!hasOpenssl)('files that change', () => {
  it('are used for the next connection: password and authority', async () => {
    const passwordFile = join(dir, 'password')
    const caFile = join(dir, 'current-ca.pem')
    await writeFile(passwordFile, 'former\n')
    await copyFile(kafka.stranger.certFile, caFile)
    const env = {
      WINNOW_KAFKA_SASL_MECHANISM: 'scram-sha-512',
      WINNOW_KAFKA_USERNAME: 'alice',
      WINNOW_KAFKA_BROKERS: kafka.address('LOGIN'),
      WINNOW_KAFKA_TLS_CA_FILE: caFile,
      WINNOW_KAFKA_PASSWORD_FILE: passwordFile,
    }
    const client = createKafka(loadConfig({ env }))
    await expect(pingBroker(client)).rejects.toThrow(/set kafka\.tls\.caFile/)
    await copyFile(kafka.authority.certFile, caFile)
    await expect(pingBroker(client)).rejects.toThrow(/check kafka\.username and kafka\.password/)
    await writeFile(passwordFile, `${secureKafkaPassword}\n`)
    await pingBroker(client)
  })
})

describe.skipIf(!hasOpenssl)('a client that is set up correctly', () => {
  it.each<[string, () => Environment]>([
    ['TLS', () => trusting('TLS')],
    [
      'a name that differs from the address',
      () => ({
        ...trusting('OTHERNAME'),
        WINNOW_KAFKA_TLS_SERVER_NAME: 'kafka.example.org',
      }),
    ],
    ['a client certificate', () => ({ ...trusting('MTLS'), ...certificate() })],
    [
      'a client certificate with an encrypted key',
      () => ({
        ...trusting('MTLS'),
        WINNOW_KAFKA_TLS_CERT_FILE: kafka.client.certFile,
        WINNOW_KAFKA_TLS_KEY_FILE: lockKey(kafka.client, 'a passphrase').keyFile,
        WINNOW_KAFKA_TLS_KEY_PASSPHRASE: 'a passphrase',
      }),
    ],
    ['PLAIN', () => ({ ...trusting('LOGIN'), ...login('plain') })],
    ['SCRAM-SHA-256', () => ({ ...trusting('LOGIN'), ...login('scram-sha-256') })],
    ['SCRAM-SHA-512', () => ({ ...trusting('LOGIN'), ...login('scram-sha-512') })],
    ['OAUTHBEARER', () => ({ ...trusting('OAUTH'), ...tokens() })],
    [
      'OAUTHBEARER with extensions',
      () => ({
        ...trusting('OAUTH'),
        ...tokens({ WINNOW_KAFKA_OAUTH_EXTENSIONS: '{"logicalCluster":"lkc-1"}' }),
      }),
    ],
  ])('reaches the broker by %s', async (_name, env) => {
    await pingBroker(createKafka(loadConfig({ env: env() })))
  })
})

describe.skipIf(!hasOpenssl)('a command with a wrong setting', () => {
  it.each<[string[], () => Environment, RegExp]>([
    [
      ['stream'],
      () => ({ ...trusting('LOGIN'), ...login('scram-sha-512', { password: 'wrong' }) }),
      /^winnow: cannot reach Kafka: the broker refuses the user or the password; check kafka\./m,
    ],
    [
      ['serve'],
      () => trusting('EXPIRED'),
      /^winnow: cannot reach Kafka: localhost:\d+: its certificate has expired; renew it/m,
    ],
    [
      ['migrate'],
      () => ({ ...trusting('LOGIN'), ...login('plain', { user: 'bob' }) }),
      /^winnow: cannot create topics: the broker refuses this client Create on topics whose names/m,
    ],
  ])('%j ends with one sentence, within seconds', async (command, settings, told) => {
    const startMs = performance.now()
    const env = { ...space.env, ...settings() }
    const { status, stderr } = await withinProcess(command, { env })
    expect(status).toBe(1)
    expect(stderr).toMatch(told)
    expect(performance.now() - startMs).toBeLessThan(20_000)
  })
})

/** Wrong settings, and the sentence about each. */
const wrong: readonly [string, () => Environment, string, RegExp][] = [
  [
    'an unknown authority',
    () => ({ WINNOW_KAFKA_BROKERS: kafka.address('TLS'), WINNOW_KAFKA_SSL: 'true' }),
    'broker_refused',
    /localhost:\d+: no authority that this client knows .*; set kafka\.tls\.caFile /,
  ],
  [
    'another authority',
    () => ({ ...trusting('TLS'), WINNOW_KAFKA_TLS_CA_FILE: kafka.stranger.certFile }),
    'broker_refused',
    /no authority that this client knows .*; set kafka\.tls\.caFile /,
  ],
  [
    'an expired certificate',
    () => trusting('EXPIRED'),
    'broker_refused',
    /its certificate has expired; renew it there/,
  ],
  [
    'another host name',
    () => trusting('OTHERNAME'),
    'broker_refused',
    /for DNS:kafka\.example\.org, not for localhost; .* or set kafka\.tls\.serverName/,
  ],
  [
    'no TLS where the broker expects it',
    () => ({ WINNOW_KAFKA_BROKERS: kafka.address('TLS') }),
    'broker_refused',
    /the listener speaks TLS; set kafka\.ssl to true/,
  ],
  [
    'TLS where the broker expects none',
    () => trusting('PLAIN'),
    'broker_refused',
    /closed the connection during the TLS handshake.*; .* or set kafka\.ssl to false/,
  ],
  [
    'no client certificate',
    () => trusting('MTLS'),
    'broker_refused',
    /it wants a certificate of this client.*; set kafka\.tls\.certFile and kafka\.tls\.keyFile/,
  ],
  [
    'no login',
    () => trusting('LOGIN'),
    'broker_unavailable',
    /as a listener with a login does; .* set kafka\.saslMechanism and the credentials/,
  ],
  [
    'a login where the broker expects none',
    () => ({ ...trusting('TLS'), ...login('plain') }),
    'broker_refused',
    /the listener takes no login; set kafka\.saslMechanism to none/,
  ],
  [
    'a wrong password (PLAIN)',
    () => ({ ...trusting('LOGIN'), ...login('plain', { password: 'wrong' }) }),
    'broker_refused',
    /refuses the user or the password; check kafka\.username and kafka\.password/,
  ],
  [
    'a wrong password (SCRAM)',
    () => ({ ...trusting('LOGIN'), ...login('scram-sha-512', { password: 'wrong' }) }),
    'broker_refused',
    /refuses the user or the password; check kafka\.username and kafka\.password/,
  ],
  [
    'a wrong mechanism',
    () => ({ ...trusting('OAUTH'), ...login('scram-sha-512') }),
    'broker_refused',
    /does not offer this mechanism on this port; set kafka\.saslMechanism/,
  ],
  [
    'a token for another audience',
    () => ({ ...trusting('OAUTH'), ...tokens({ WINNOW_KAFKA_OAUTH_AUDIENCE: 'urn:other' }) }),
    'broker_refused',
    /refuses the access token .*; check scope and audience under kafka\.oauth/,
  ],
  [
    'a wrong client secret',
    () => ({ ...trusting('OAUTH'), ...tokens({ WINNOW_KAFKA_OAUTH_CLIENT_SECRET: 'wrong' }) }),
    'broker_refused',
    /refuses the client stream with status 401 .*; check clientId, clientSecret/,
  ],
  [
    'a token endpoint that is down',
    () => ({
      ...trusting('OAUTH'),
      ...tokens({ WINNOW_KAFKA_OAUTH_TOKEN_URL: 'http://127.0.0.1:9/token' }),
    }),
    'identity_unavailable',
    /\(kafka\.oauth\.tokenUrl\) gives no token: .*; check that the provider is up/,
  ],
]

describe.skipIf(!hasOpenssl)('a wrong setting', () => {
  it.concurrent.each(wrong)(
    '%s is one sentence, within seconds',
    async (_name, env, code, told) => {
      const startMs = performance.now()
      const failure = await pingBroker(createKafka(loadConfig({ env: env() }))).catch(
        (error: unknown) => error,
      )
      expect(failure).toMatchObject({ code, message: expect.stringMatching(told) as string })
      expect((failure as Error).message).not.toMatch(/\n|wrong$|stream-secret/)
      expect(performance.now() - startMs).toBeLessThan(15_000)
    },
  )
})

describe.skipIf(!hasOpenssl)('winnow doctor', () => {
  const lines = async (settings: Environment) => {
    const env = { ...space.env, ...settings }
    return (await withinProcess(['doctor'], { env })).stdout
  }

  it('checks name, TLS, login, topics and rights, one line each', async () => {
    await grant('bob', rightsOf('stream', space.config).slice(1))
    const said = await lines({ ...trusting('LOGIN'), ...login('scram-sha-512', { user: 'bob' }) })
    expect(said).toMatch(/✓ Kafka: localhost:\d+ \(.*\) answers in \d+ ms/)
    expect(said).toMatch(/! Kafka TLS: .*TLSv1\.3, certificate of server, valid until 2\d{3}-/)
    expect(said).toMatch(/✓ Kafka login: scram-sha-512, bob/)
    expect(said).toMatch(/✓ Kafka topics: \d+ of 10 exist and can be seen/)
    const events = topicOf(space.config.topics, 'events')
    expect(said).toContain(`\`winnow stream\` lacks Read on the topic ${events}\n`)
    expect(said).toMatch(/[✓!] registry schemas: (all 7 are compatible|not registered: )/)
  })

  it.each<[string, () => Environment, RegExp]>([
    [
      'an expired certificate',
      () => trusting('EXPIRED'),
      /✗ Kafka TLS: localhost:\d+: its certificate has expired\n +Renew it there/,
    ],
    [
      'a wrong password',
      () => ({ ...trusting('LOGIN'), ...login('plain', { password: 'wrong' }) }),
      /✗ Kafka login: plain, alice: .*refuses the user or the password\n +Check kafka\.username/,
    ],
    [
      'a cluster that sends its clients to a host that does not exist',
      () => ({ WINNOW_KAFKA_BROKERS: kafka.address('LOST') }),
      /✗ Kafka cluster: the cluster advertises lost\.invalid:\d+: .*\n +.*advertised\.listeners/,
    ],
    [
      'a name that does not exist',
      () => ({ WINNOW_KAFKA_BROKERS: 'no-such-broker.invalid:9092' }),
      /✗ Kafka: no-such-broker\.invalid:9092: .*\n +Correct kafka\.brokers/,
    ],
  ])('says what is wrong with %s', async (_name, settings, told) => {
    expect(await lines(settings())).toMatch(told)
  })
})

/** Grants rights to a user of the listener LOGIN. */
function grant(user: string, rights: readonly Right[]): Promise<() => Promise<void>> {
  return kafka.grant(
    rights.map(({ operation, resource, name }) => ({
      principal: `User:${user}`,
      resource,
      resourceName: name.replace(/\*$/, ''),
      pattern: name.endsWith('*') ? 'prefixed' : 'literal',
      operation: operation.toLowerCase() as Lowercase<Operation>,
    })),
  )
}

describe.skipIf(!hasOpenssl)('with ACLs', () => {
  const streamRights = () => rightsOf('stream', space.config)

  const badEvent = (key: string) =>
    producer.send(topicOf(space.config.topics, 'events'), [{ key, value: 'no json' }])

  it('the stream runs under exactly its least rights', async () => {
    await grant('alice', streamRights())
    const env = { ...space.env, ...trusting('LOGIN'), ...login('scram-sha-512') }
    const stream = await startWinnow(['stream'], { env })
    await badEvent('bad')
    const label = { eventId: 'acl-1', label: 'parcel', by: 'test' }
    await producer.send(topicOf(space.config.topics, 'labels'), [
      { key: 'acl-1', value: JSON.stringify(label) },
    ])
    await classified('acl')
    await until('the dead letter and the label', async () => {
      const [row] = await space.analytics.rows<{ n: number }>(
        'SELECT (SELECT count() FROM dead_letters) + (SELECT count() FROM labels) AS n',
      )
      return row!.n >= 2
    })
    expect(await stream.stop()).toBe(0)
    expect(stream.output().stderr).not.toMatch(/kafka \w+:/)
  })

  it.each<[KafkaCommand, () => string[]]>([
    ['migrate', () => ['migrate']],
    ['produce', () => ['produce', '--data', join(dir, 'events.jsonl')]],
    ['replay', () => ['replay', '--model', 'test@1']],
    ['dlq replay', () => ['dlq', 'replay']],
    ['models promote', () => ['models', 'promote', 'test@1']],
    ['status', () => ['status']],
  ])('%s works with its least rights', async (command, argv) => {
    await writeFile(join(dir, 'events.jsonl'), '{"id":"produced","text":"where is my parcel"}\n')
    const user = `only-${command.replace(' ', '-')}`
    await grant(user, rightsOf(command, space.config))
    const env = { ...space.env, ...trusting('LOGIN'), ...login('scram-sha-512', { user }) }
    const { status, stderr } = await withinProcess(argv(), { env })
    expect(status, stderr).toBe(0)
    expect(stderr).not.toContain('Not authorized')
  })

  it('the gateway works with its least rights', async () => {
    const user = 'only-serve'
    await grant(user, rightsOf('serve', space.config))
    const env = { ...space.env, ...trusting('LOGIN'), ...login('scram-sha-512', { user }) }
    const gateway = await startWinnow(['serve'], { env })
    const post = async (path: string, body: object) => {
      const response = await fetch(`${String(gateway.document['url'])}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return response.status
    }
    expect(await post('/v1/events', { id: 'posted', text: 'where is my parcel' })).toBe(202)
    expect(await post('/v1/labels', { id: 'posted', label: 'parcel' })).toBe(202)
    const promotion = { version: '1', reason: 'a test' }
    expect(await post('/v1/models/test/promote', promotion)).toBe(200)
    expect(await gateway.stop()).toBe(0)
  })

  it.each([0, 1, 2, 3, 4, 5, 6])('one right less (%i) is a sentence that names it', async (at) => {
    // What another stream has delivered is not produced again.
    await badEvent(`less-${at}`)
    const rights = streamRights()
    expect(rights).toHaveLength(7)
    const missing = rights[at]!
    const user = lessUsers[at]!
    await grant(
      user,
      rights.filter((right) => right !== missing),
    )
    const config = loadConfig({
      env: {
        ...space.env,
        ...trusting('LOGIN'),
        ...login('scram-sha-256', { user }),
        WINNOW_INFERENCE_WORKERS: '1',
      },
    })
    const log = () => undefined
    const group = `winnow.${user}`
    const options = { group, config, storeDir: space.storeDir, log }
    const failure = await openAll(async (resources) => {
      const range = { first: 'validate', last: 'infer' } as const
      const consumptions = consumptionsOf(config, { range, group })
      const stage = resources.add(await openStage({ ...options, range, consumptions }), (one) =>
        one.close(),
      )
      const labels = resources.add(
        await openLabelStage({
          ...options,
          group: `${group}-labels`,
          telemetry: stage.telemetry,
        }),
        (one) => one.close(),
      )
      const ended = Promise.race([stage.ended, labels.runner.ended])
      ended.catch(() => undefined)
      try {
        for (const runner of stage.runners) await runner.start()
        await labels.runner.start()
        await ended
      } finally {
        await resources.close()
      }
    }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'broker_refused' })
    const named =
      missing.resource === 'group' && missing.name.startsWith('winnow.')
        ? `Read on the consumer group winnow.${user}`
        : rightText(missing)
    expect((failure as Error).message).toContain(`the broker refuses this client ${named}`)
  })
})
