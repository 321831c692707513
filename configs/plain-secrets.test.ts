import { describe, expect, it } from 'vitest'
import { loadConfig } from './load.ts'
import { plainSecrets } from './plain-secrets.ts'

const login = ['kafka.username=me', 'kafka.password=sesame']
const oauth = (protocol: string) => [
  `kafka.oauth.tokenUrl=${protocol}://login.example.org/token`,
  'kafka.oauth.clientId=me',
  'kafka.oauth.clientSecret=sesame',
]
const found = (...set: string[]) => plainSecrets(loadConfig({ env: {}, set }))

describe('plainSecrets', () => {
  it.each([
    [['kafka.saslMechanism=plain', ...login], 'kafka.saslMechanism'],
    [['kafka.saslMechanism=oauthbearer', ...oauth('https')], 'kafka.saslMechanism'],
    [
      ['kafka.saslMechanism=oauthbearer', 'kafka.ssl=true', ...oauth('http')],
      'kafka.oauth.tokenUrl',
    ],
    [['registry.url=http://registry:8081', 'registry.username=me'], 'registry.url'],
    [['registry.url=http://me:x@registry:8081'], 'registry.url'],
    [['clickhouse.url=http://db:8123', 'clickhouse.password=x'], 'clickhouse.url'],
    [['tracking.mlflow.url=http://mlflow:5000', 'tracking.mlflow.token=x'], 'tracking.mlflow.url'],
    [['clickhouse.url=http://me:x@10.0.0.7:8123'], 'clickhouse.url'],
    [['clickhouse.url=http://127.0.0.1.example:8123', 'clickhouse.password=x'], 'clickhouse.url'],
  ])('finds %j, and names no secret', (set, setting) => {
    const [one, ...others] = found(...set)
    expect(others).toEqual([])
    expect(one!.setting).toBe(setting)
    expect(one!.danger).toMatch(/ unencrypted$/)
    expect(one!.advice).toMatch(/^(?:set|use) /)
    expect(JSON.stringify(one)).not.toContain(':x@')
  })

  it.each([
    [],
    ['kafka.saslMechanism=plain', 'kafka.ssl=true', ...login],
    ['kafka.saslMechanism=plain', 'kafka.tls.caFile=ca.pem', ...login],
    ['kafka.saslMechanism=scram-sha-512', ...login],
    ['kafka.saslMechanism=oauthbearer', 'kafka.ssl=true', ...oauth('https')],
    ['registry.url=https://registry', 'registry.username=me', 'registry.password=x'],
    ['registry.url=http://registry:8081'],
    ['registry.url=none', 'registry.token=x'],
    ['clickhouse.url=http://127.0.0.1:8123', 'clickhouse.password=x'],
    ['clickhouse.url=http://[::1]:8123', 'clickhouse.password=x'],
    ['clickhouse.url=http://localhost:8123', 'clickhouse.password=x'],
    ['clickhouse.url=http://db:8123'],
  ])('finds nothing in %j', (...set) => expect(found(...set)).toEqual([]))
})
