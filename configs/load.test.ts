import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { configFields, variableOf } from './environment.ts'
import { loadConfig, profiles } from './load.ts'
import { configurationPage } from './reference.ts'

const dir = mkdtempSync(join(tmpdir(), 'winnow-config-'))
afterAll(() => rmSync(dir, { recursive: true }))
let files = 0

function file(yaml: string): string {
  const path = join(dir, `${files++}.yaml`)
  writeFileSync(path, yaml)
  return path
}

describe('loadConfig', () => {
  it('lets each source override the one before', () => {
    const path = file('gateway: { port: 1001, host: 10.0.0.1 }\nkafka: { clientId: file }\n')
    const discovered = { 'kafka.brokers': ['127.0.0.1:5'], 'kafka.clientId': 'found' }
    const config = loadConfig({
      file: path,
      discovered,
      env: { WINNOW_GATEWAY_PORT: '1002', WINNOW_STREAM_GROUP: 'env' },
      flags: { 'gateway.port': 1003, 'gateway.host': undefined },
      set: ['stream.group=flag'],
    })
    expect(config.gateway).toMatchObject({ port: 1003, host: '10.0.0.1' })
    expect(config.stream.group).toBe('flag')
    expect(config.kafka).toMatchObject({ brokers: ['127.0.0.1:5'], clientId: 'file' })
  })

  it('uses the addresses of a running stack with the local profile only', () => {
    const discovered = { 'clickhouse.url': 'http://127.0.0.1:9', 'clickhouse.password': 'own' }
    expect(loadConfig({ discovered, env: {} }).clickhouse.url).toBe('http://127.0.0.1:9')
    expect(loadConfig({ profile: 'compose', discovered, env: {} }).clickhouse.url).toBe(
      'http://clickhouse:8123',
    )
  })

  it('never uses the credentials of a running stack for another server', () => {
    const discovered = {
      'registry.url': 'http://127.0.0.1:8/v7',
      'registry.token': 'own',
      'clickhouse.url': 'http://127.0.0.1:9',
      'clickhouse.username': 'winnow',
      'clickhouse.password': 'own',
    }
    expect(loadConfig({ discovered, env: {} })).toMatchObject({
      registry: { token: 'own' },
      clickhouse: { username: 'winnow', password: 'own' },
    })
    const env = { WINNOW_CLICKHOUSE_URL: 'http://db:8123', WINNOW_REGISTRY_URL: 'http://sr:8081' }
    const { registry, clickhouse } = loadConfig({ discovered, env })
    expect(registry.token).toBeUndefined()
    expect(clickhouse).toMatchObject({ username: 'default', url: 'http://db:8123' })
    expect(clickhouse.password).toBeUndefined()
    const named = { ...env, WINNOW_CLICKHOUSE_PASSWORD: 'theirs' }
    expect(loadConfig({ discovered, env: named }).clickhouse.password).toBe('theirs')
  })

  it('accepts a known section without settings, but not an unknown one', () => {
    expect(loadConfig({ file: file('kafka:\ngateway: {}\n'), env: {} })).toEqual(
      loadConfig({ env: {} }),
    )
    for (const yaml of ['streem: {}', 'streem:', 'streem: { group: x }', 'constructor: {}']) {
      expect(() => loadConfig({ file: file(yaml), env: {} })).toThrow(/is not a setting \(set by/)
    }
  })

  it('reads a section within a section from each source', () => {
    const path = file('tracking: { mlflow: { url: "http://file:1", requestMsMax: 7 } }\n')
    const env = { WINNOW_TRACKING_MLFLOW_TOKEN: 'secret' }
    const set = ['tracking.mlflow.url=http://flag:2']
    expect(loadConfig({ file: path, env, set }).tracking.mlflow).toMatchObject({
      url: 'http://flag:2',
      token: 'secret',
      requestMsMax: 7,
    })
    expect(loadConfig({ file: file('tracking:\n  mlflow:\n'), env: {} })).toEqual(
      loadConfig({ env: {} }),
    )
    expect(() => loadConfig({ file: file('tracking: { mlflow: { uri: x } }'), env: {} })).toThrow(
      /^tracking\.mlflow\.uri is not a setting \(set by .*did you mean tracking\.mlflow\.url\?/,
    )
    expect(() => loadConfig({ env: {}, set: ['tracking.mlflow.requestMsMax=x'] })).toThrow(
      /^tracking\.mlflow\.requestMsMax is "x" \(set by --set\)/,
    )
    expect(() => loadConfig({ file: file('tracking: { mlflow: 5 }'), env: {} })).toThrow(
      /^tracking\.mlflow is 5 \(set by /,
    )
  })

  it('reads lists, JSON, numbers and booleans from the environment', () => {
    const config = loadConfig({
      env: {
        WINNOW_KAFKA_BROKERS: 'a:1, b:2',
        WINNOW_KAFKA_SSL: 'true',
        WINNOW_LIMITS_TEXT_BYTES_MAX: '10',
        WINNOW_GATEWAY_KEYS: '[{"key":"0123456789abcdef","scopes":["read"]}]',
        HF_ENDPOINT: 'https://mirror.example',
      },
    })
    expect(config.kafka).toMatchObject({ brokers: ['a:1', 'b:2'], ssl: true })
    expect(config.limits.textBytesMax).toBe(10)
    expect(config.gateway.keys[0]!.scopes).toEqual(['read'])
    expect(config.base.endpoint).toBe('https://mirror.example')
  })

  it.each([
    [
      { set: ['gateway.prt=1'] },
      'gateway.prt is not a setting (set by --set); did you mean gateway.port?',
    ],
    [{ set: ['gatway.port=1'] }, 'gatway is not a setting'],
    [
      { set: ['gateway.port=x'] },
      'gateway.port is "x" (set by --set): must be a number, not a string',
    ],
    [{ set: ['gateway.port=70000'] }, 'gateway.port is 70000 (set by --set)'],
    [{ set: ['kafka.brokers=localhost'] }, 'must be host:port'],
    [{ set: ['oops'] }, '--set takes PATH=VALUE'],
    [{ env: { WINNOW_KAFKA_BROKER: 'a:1' } }, 'did you mean WINNOW_KAFKA_BROKERS?'],
    [{ env: { WINNOW_KAFKA_SSL: 'yes' } }, 'kafka.ssl is "yes" (set by WINNOW_KAFKA_SSL)'],
    [{ profile: 'prod' }, 'the profiles are local, compose, cluster'],
    [{ file: '/does/not/exist.yaml' }, 'cannot read /does/not/exist.yaml'],
  ])('refuses %j', (sources, sentence) => {
    expect(() => loadConfig({ env: {}, ...sources })).toThrow(sentence)
  })

  it('refuses invalid YAML and YAML that is not a mapping', () => {
    expect(() => loadConfig({ env: {}, file: file('a: [') })).toThrow('is not YAML')
    expect(() => loadConfig({ env: {}, file: file('- a') })).toThrow(
      'must hold sections with settings',
    )
    expect(() => loadConfig({ env: {}, file: file('kafka: 5') })).toThrow(/kafka is 5/)
  })

  it('ignores the service links that Kubernetes injects', () => {
    const env = {
      WINNOW_GATEWAY_PORT: 'tcp://10.0.0.1:80',
      WINNOW_GATEWAY_SERVICE_HOST: '10.0.0.1',
      WINNOW_GATEWAY_PORT_80_TCP_ADDR: '10.0.0.1',
    }
    expect(loadConfig({ env }).gateway.port).toBe(18_080)
  })

  it.each(profiles)('profile %s is valid', (profile) => {
    expect(loadConfig({ profile, env: {} }).topics.prefix).toBe('winnow.')
  })
})

describe('secrets in files', () => {
  const secretFile = (content: string | Buffer): string => {
    const path = join(dir, `secret-${files++}`)
    writeFileSync(path, content)
    return path
  }

  it('are read for every secret setting, without the line break at the end', () => {
    const keys = '[{"key":"0123456789abcdef","scopes":["read"]}]'
    const config = loadConfig({
      env: {
        WINNOW_KAFKA_PASSWORD_FILE: secretFile('one\n'),
        WINNOW_REGISTRY_PASSWORD_FILE: secretFile('two\r\n'),
        WINNOW_CLICKHOUSE_PASSWORD_FILE: secretFile(' three \n\n'),
        WINNOW_STORE_SECRET_ACCESS_KEY_FILE: secretFile('four'),
        WINNOW_STORE_SESSION_TOKEN_FILE: secretFile('five'),
        WINNOW_TRACKING_MLFLOW_TOKEN_FILE: secretFile('six\n'),
        WINNOW_TRACKING_MLFLOW_PASSWORD_FILE: secretFile('seven'),
        WINNOW_GATEWAY_KEYS_FILE: secretFile(keys),
      },
    })
    const { kafka, registry, clickhouse, store, gateway, tracking } = config
    expect([kafka.password, registry.password, clickhouse.password]).toEqual([
      'one',
      'two',
      ' three \n',
    ])
    expect([store.secretAccessKey, store.sessionToken]).toEqual(['four', 'five'])
    expect([tracking.mlflow.token, tracking.mlflow.password]).toEqual(['six', 'seven'])
    expect(gateway.keys).toEqual(JSON.parse(keys))
    const secrets = configFields().filter(({ secret }) => secret)
    expect(secrets).toHaveLength(14)
  })

  it.each([
    ['a missing file', join(dir, 'none'), /cannot be read: there is no such file/],
    ['a folder', dir, /cannot be read: this is a folder/],
    ['an empty file', secretFile(''), /is empty$/],
    ['a file of a line break', secretFile('\n'), /is empty$/],
    ['a file that is not text', secretFile(Buffer.from([0xff, 0xfe])), /is not UTF-8 text$/],
    ['a file that is far too large', secretFile('x'.repeat(70_000)), /is larger than 65536 bytes$/],
    ['an endless file', '/dev/zero', /is larger than 65536 bytes$/],
  ])('refuses %s', (_, path, rule) => {
    const env = { WINNOW_CLICKHOUSE_PASSWORD_FILE: path }
    const told = `WINNOW_CLICKHOUSE_PASSWORD_FILE: the file ${path}`
    expect(() => loadConfig({ env })).toThrow(told)
    expect(() => loadConfig({ env })).toThrow(rule)
  })

  it('refuses a secret that is set twice; an empty variable does not count', () => {
    const path = secretFile('sesame')
    const both = { WINNOW_KAFKA_PASSWORD: 'x', WINNOW_KAFKA_PASSWORD_FILE: path }
    expect(() => loadConfig({ env: both })).toThrow(
      'WINNOW_KAFKA_PASSWORD and WINNOW_KAFKA_PASSWORD_FILE are both set; set one of them',
    )
    const blank = { WINNOW_KAFKA_PASSWORD: '', WINNOW_KAFKA_PASSWORD_FILE: path }
    expect(loadConfig({ env: blank }).kafka.password).toBe('sesame')
    const none = { WINNOW_KAFKA_PASSWORD: 'x', WINNOW_KAFKA_PASSWORD_FILE: '' }
    expect(loadConfig({ env: none }).kafka.password).toBe('x')
  })

  it('keep their path where clients follow it, and the last source that sets either wins', () => {
    const path = secretFile('sesame\n')
    const env = { WINNOW_KAFKA_PASSWORD_FILE: path }
    expect(loadConfig({ env }).kafka).toMatchObject({ password: 'sesame', passwordFile: path })
    const yaml = file(`registry: { passwordFile: ${path} }\n`)
    expect(loadConfig({ env: {}, file: yaml }).registry).toMatchObject({
      password: 'sesame',
      passwordFile: path,
    })
    const { registry } = loadConfig({ file: yaml, env: { WINNOW_REGISTRY_PASSWORD: 'other' } })
    expect([registry.password, registry.passwordFile]).toEqual(['other', undefined])
    const own = file(`kafka: { password: x }\n`)
    expect(loadConfig({ file: own, env }).kafka.password).toBe('sesame')
    // The token of the running stack does not replace a token that somebody has set.
    const discovered = { 'registry.token': 'found' }
    const tokenFile = file(`registry: { tokenFile: ${path} }\n`)
    expect(loadConfig({ env: {}, file: tokenFile, discovered }).registry.token).toBe('sesame')
  })

  it('are refused beside the secret itself, or if they cannot be read', () => {
    const both = file(`kafka: { password: x, passwordFile: ${secretFile('y')} }\n`)
    expect(() => loadConfig({ env: {}, file: both })).toThrow(
      /^kafka\.password and kafka\.passwordFile are both set \(by .*\); set one of them$/,
    )
    const missing = file(`registry: { tokenFile: ${join(dir, 'none')} }\n`)
    expect(() => loadConfig({ env: {}, file: missing })).toThrow(
      /^registry\.tokenFile: the file .*none cannot be read: there is no such file$/,
    )
  })

  it('are for secrets only, and a flag overrides them', () => {
    expect(() => loadConfig({ env: { WINNOW_KAFKA_BROKERS_FILE: '/x' } })).toThrow(
      'WINNOW_KAFKA_BROKERS_FILE is not a setting',
    )
    const env = { WINNOW_KAFKA_PASSWORD_FILE: secretFile('sesame') }
    expect(loadConfig({ env, set: ['kafka.password=flag'] }).kafka.password).toBe('flag')
    expect(() => loadConfig({ env: { WINNOW_GATEWAY_KEYS_FILE: secretFile('sesame') } })).toThrow(
      /^gateway.keys.0 is \*\*\* \(set by WINNOW_GATEWAY_KEYS_FILE\)/,
    )
  })
})

describe('connections', () => {
  it('take pairs of names and values as JSON', () => {
    const env = {
      WINNOW_KAFKA_SASL_MECHANISM: 'oauthbearer',
      WINNOW_KAFKA_OAUTH_TOKEN_URL: 'https://login.example.org/token',
      WINNOW_KAFKA_OAUTH_CLIENT_ID: 'me',
      WINNOW_KAFKA_OAUTH_CLIENT_SECRET: 'sesame',
      WINNOW_KAFKA_OAUTH_EXTENSIONS: '{"logicalCluster":"lkc-1"}',
    }
    expect(loadConfig({ env }).kafka.oauth?.extensions).toEqual({ logicalCluster: 'lkc-1' })
    const wrong = { ...env, WINNOW_KAFKA_OAUTH_EXTENSIONS: 'lkc-1' }
    expect(() => loadConfig({ env: wrong })).toThrow(/^kafka\.oauth\.extensions is "lkc-1"/)
  })

  it.each([
    [['kafka.saslMechanism=plain'], 'kafka.username is missing: this kafka.saslMechanism needs it'],
    [
      ['kafka.saslMechanism=scram-sha-512', 'kafka.username=me'],
      'kafka.password is missing: this kafka.saslMechanism needs it; set it or kafka.passwordFile',
    ],
    [
      ['kafka.saslMechanism=oauthbearer'],
      'kafka.oauth is missing: kafka.saslMechanism oauthbearer',
    ],
    [['kafka.saslMechanism=aws-msk-iam', 'kafka.ssl=true'], 'kafka.awsRegion is missing'],
    [['kafka.saslMechanism=aws-msk-iam', 'kafka.awsRegion=eu-central-1'], 'kafka.ssl is missing'],
    [
      ['kafka.username=me'],
      'kafka.saslMechanism is missing: kafka.username and kafka.oauth have no',
    ],
    [['registry.tls.caFile=ca.pem'], 'registry.tls needs an address that starts with https'],
    [['kafka.tls.certFile=c.pem'], 'kafka.tls.keyFile is missing: certFile needs the private key'],
    [['registry.tls.keyFile=k.pem'], 'registry.tls.certFile is missing: keyFile needs the cert'],
  ])('%j need the other half of their settings', (set, told) => {
    expect(() => loadConfig({ env: {}, set })).toThrow(told)
  })
})

describe('an error message', () => {
  const secret = 'sesame-0123456789'
  it.each([
    [{ set: [`clickhouse.url=me:${secret}@host:8123`] }, 'must be a URL that starts with http'],
    [{ set: [`clickhouse.url=http://me:${secret}/x@host:8123`] }, 'clickhouse.url is "http://***@'],
    [{ set: [`registry.url=ftp://me:${secret}@host`] }, 'registry.url is "ftp://***@host"'],
    [{ set: [`kafka.brokers=me:${secret}@host:9092`] }, 'must be host:port'],
    [{ set: [`gateway.keys=${secret}`] }, 'gateway.keys.0 is ***'],
    [{ set: [`gateway.keys=[{"key":"${secret}","scopes":["x"]}]`] }, 'gateway.keys.0.scopes.0'],
    [{ set: [`kafka.password:${secret}`] }, '--set takes PATH=VALUE, not "kafka.password…"'],
    [{ env: { WINNOW_STORE_ENDPOINT: `s3://me:${secret}@host` } }, 'store.endpoint is "s3://***@'],
    [{ file: file(`clickhouse: [{password: ${secret}}]`) }, 'clickhouse is [{"password":"***"}]'],
    [{ file: file(`clickhouse: {url:http://a:${secret}@host}`) }, 'is not a setting'],
    [{ file: file(`kafka: {password: "${secret}", password: "${secret}"}`) }, 'is not YAML'],
    [{ file: file(`kafka:\n  password: "${secret}\n`) }, 'is not YAML'],
  ])('%j names the setting and no secret', (sources, sentence) => {
    let message = ''
    try {
      loadConfig({ env: {}, ...sources })
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toContain(sentence)
    expect(message).not.toContain(secret)
  })
})

describe('the reference', () => {
  it('has a variable of its own for each field, with a meaning', () => {
    const fields = configFields()
    expect(new Set(fields.map((field) => variableOf(field.path))).size).toBe(fields.length)
    for (const field of fields) expect(field.description, field.path).not.toBe('')
  })

  it('is what docs/configuration.md says', () => {
    const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')
    expect(page).toBe(configurationPage())
  })
})
