// What `winnow doctor` says of ClickHouse, on an engine whose rights the test chooses.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkClickHouse } from '../../serving/checks/clickhouse-checks.ts'
import type { Config } from '../../configs/schema.ts'
import { grantsOf } from '../../infra/clickhouse/grants.ts'
import { migrate } from '../../infra/clickhouse/migrations.ts'
import { makeAuthority, hasOpenssl } from '../support/certificates.ts'
import { clusterOfOne, openOwnEngine, usersWith, type OwnEngine } from '../support/own-engine.ts'

let engine: OwnEngine

beforeAll(async () => {
  engine = await openOwnEngine({ users: usersWith(['GRANT ALL ON *.*']) })
})

afterAll(() => engine.close())

/** The lines as `state name: detail`, and the remedies by name. */
async function doctor(changed: Partial<Config['clickhouse']> = {}) {
  const checks = await checkClickHouse({ ...engine.clickhouse, ...changed })
  return {
    lines: checks.map(({ name, state, detail }) => `${state} ${name}: ${detail}`),
    fixes: Object.fromEntries(checks.map(({ name, fix }) => [name, fix])),
  }
}

it('has a line for each step, all well once the tables are there', async () => {
  const before = await doctor()
  expect(before.lines).toContain(
    'warn ClickHouse database: winnow does not exist, or this user may not see it',
  )
  expect(before.lines.join('\n')).toMatch(/warn ClickHouse tables: \d+ migrations missing: 0001_/)
  expect(before.fixes['ClickHouse tables']).toContain('winnow migrate')
  await migrate(engine.clickhouse)
  const { lines } = await doctor()
  expect(lines.slice(0, 3)).toEqual([
    'ok ClickHouse name: 127.0.0.1 is 127.0.0.1',
    `ok ClickHouse connection: ${new URL(engine.clickhouse.url).host} takes connections (clickhouse.url)`,
    'ok ClickHouse login: as default',
  ])
  expect(lines[3]).toMatch(/^ok ClickHouse version: \d+\.\d+/)
  expect(lines.slice(4, 7)).toEqual([
    'ok ClickHouse database: winnow',
    'ok ClickHouse tables: all migrations are applied',
    'ok ClickHouse rights: enough for query, stream, serve, train, replay, migrate',
  ])
  expect(lines[7]).toMatch(/^(?:ok|warn) ClickHouse disk default: [\d.]+ GiB of [\d.]+ GiB free$/)
  expect(lines[8]).toBe('ok ClickHouse clock: agrees with this machine')
  expect(lines).toHaveLength(9)
})

it('names each missing grant with the statement that gives it', async () => {
  const grants = grantsOf('stream', engine.clickhouse).filter(({ on }) => on !== 'winnow.labels')
  await engine.restart({
    users: usersWith(grants.map(({ privilege, on }) => `GRANT ${privilege} ON ${on}`)),
  })
  const { lines, fixes } = await doctor({ username: 'winnow' })
  expect(lines).toContain('ok ClickHouse rights: enough for query')
  expect(lines).toContain('warn ClickHouse rights: stream: 1 grant missing for stream')
  expect(fixes['ClickHouse rights: stream']).toBe(
    'If this user is to do that, run: GRANT INSERT ON winnow.labels TO winnow',
  )
  expect(fixes['ClickHouse rights: serve']).toContain('GRANT INSERT ON winnow.audit TO winnow; ')
})

it.each<[string, Partial<Config['clickhouse']>, RegExp]>([
  [
    'an unknown host',
    { url: 'http://none.invalid:8123' },
    /^fail ClickHouse name: none\.invalid: .*(?:no host|looked up)/,
  ],
  [
    'a port where nothing listens',
    { url: 'http://127.0.0.1:1' },
    /^warn ClickHouse connection: .*nothing listens there/,
  ],
  ['a wrong password', { password: 'wrong' }, /^fail ClickHouse login: .*AUTHENTICATION_FAILED/],
])('ends at %s, and says so', async (_, changed, last) => {
  const { lines } = await doctor(changed)
  expect(lines.at(-1)).toMatch(last)
})

it('says what does not fit the configuration', async () => {
  const { lines } = await doctor({ cluster: 'two' })
  expect(lines.join('\n')).toMatch(/fail ClickHouse cluster: the server knows no cluster two/)
})

it('asks every server of a cluster', async () => {
  const users = usersWith(['GRANT ALL ON *.*'])
  await engine.restart({ users, server: clusterOfOne })
  const answers = await doctor({ cluster: 'one', database: 'other' })
  expect(answers.lines.join('\n')).toMatch(/ok ClickHouse servers: 1 server of the cluster: \S+\n/)
  const away = clusterOfOne.replace('<port>9000</port>', '<port>1</port>')
  await engine.restart({ users, server: away })
  const { lines, fixes } = await doctor({ cluster: 'one', database: 'other' })
  expect(lines.join('\n')).toMatch(/warn ClickHouse servers: .*Connection refused/)
  expect(fixes['ClickHouse servers']).toMatch(
    /^Start the server that does not answer, or take it out/,
  )
})

it.skipIf(!hasOpenssl)('checks the certificate (skipped without openssl)', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'winnow-doctor-'))
  const authority = makeAuthority(dir, 'authority')
  const { certFile, keyFile } = authority.sign('server', {
    valid: ['20200101000000Z', '20490101000000Z'],
  })
  const target = new URL(engine.clickhouse.url)
  const pem = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
  const front = createServer(pem, (client) => {
    const server = connect(Number(target.port), target.hostname)
    client.pipe(server).pipe(client)
    for (const socket of [client, server]) socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  front.on('tlsClientError', () => undefined)
  await once(front, 'listening')
  const url = `https://127.0.0.1:${(front.address() as AddressInfo).port}`
  const trusted = await doctor({ url, tls: { caFile: authority.certFile } })
  expect(trusted.lines[2]).toBe(
    'ok ClickHouse TLS: TLSv1.3, certificate valid until 2049-01-01T00:00:00.000Z',
  )
  expect(trusted.lines[3]).toBe('ok ClickHouse login: as default')
  const { lines } = await doctor({ url })
  expect(lines.at(-1)).toMatch(/^fail ClickHouse TLS: .* not signed by an authority/)
  front.close()
  rmSync(dir, { recursive: true })
})
