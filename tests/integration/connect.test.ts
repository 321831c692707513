// docs/connect.md as a newcomer follows it: its YAML blocks and its commands in their order, in an
// empty folder, against a broker with TLS, SCRAM and ACLs, a registry with basic authentication,
// and the engine behind TLS. Every record of its topics becomes a row or a dead letter, or is left
// out.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { loadConfig } from '../../configs/load.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { createKafka, type KafkaClient } from '../../infra/kafka/kafka.ts'
import { createTopics } from '../../infra/kafka/topics.ts'
import { connectionVariables, uniqueName } from '../support/backends.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { startWinnow, type Environment, type Finished } from '../support/cli.ts'
import {
  secureKafkaPassword,
  startSecureKafka,
  type Grant,
  type SecureKafka,
} from '../support/secure-kafka.ts'
import {
  registryUser,
  startSecureRegistry,
  type SecureRegistry,
} from '../support/secure-registry.ts'
import { shellCommands } from '../support/shell-commands.ts'
import {
  cloudEvents,
  debeziumChanges,
  noteOf,
  protobufOrders,
  sendMessages,
  timeMs,
  type Message,
} from '../support/shop-topics.ts'
import { smallBase } from '../support/small-base.ts'
import { openTlsFront, type TlsFront } from '../support/tls-front.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'
import { sampleText } from '../support/workspace.ts'

const page = readFileSync('docs/connect.md', 'utf8')
const stack = inject('stack')

let dir: string
let kafka: SecureKafka
let registry: SecureRegistry
let clickhouse: TlsFront
let analytics: Analytics
/** The super user: somebody who owns the topics. */
let owner: KafkaClient
/** Of the shell in which the page is followed. */
let env: Environment = {}
const before = process.cwd()

beforeAll(async () => {
  if (!hasOpenssl) return
  dir = mkdtempSync(join(tmpdir(), 'winnow-connect-'))
  kafka = await startSecureKafka({ dir: join(dir, 'kafka'), users: ['admin', 'winnow'] })
  const certificate = kafka.authority.sign('front')
  registry = await startSecureRegistry(certificate, { access: stack })
  clickhouse = await openTlsFront(certificate, { target: stack.clickhouseUrl })
  const database = { WINNOW_CLICKHOUSE_DATABASE: uniqueName() }
  const plain = { ...connectionVariables(stack), ...database }
  const config = loadConfig({ env: { ...plain, WINNOW_KAFKA_BROKERS: kafka.address('PLAIN') } })
  owner = createKafka(config)
  analytics = createAnalytics(config.clickhouse)
  copyFileSync(kafka.authority.certFile, join(dir, 'ca.pem'))
  const secrets = {
    'kafka-password': secureKafkaPassword,
    'admin-password': secureKafkaPassword,
    'registry-password': registryUser.password,
    'clickhouse-password': stack.clickhousePassword,
  }
  for (const [name, secret] of Object.entries(secrets)) {
    writeFileSync(join(dir, name), `${secret}\n`)
  }
  const all = kafka.grant(
    (['create', 'describe'] as const).map((operation) => ({
      ...{ principal: 'User:admin', resource: 'topic', resourceName: 'winnow.' },
      ...{ pattern: 'prefixed', operation },
    })),
  )
  await Promise.all([all, smallBase(join(dir, 'models'))])
  env = {
    ...database,
    WINNOW_MODEL_STORE: join(dir, 'models'),
    WINNOW_STATE: join(dir, 'state'),
    // Free ports, since other tests run beside this one.
    WINNOW_GATEWAY_PORT: '0',
    WINNOW_TELEMETRY_PORT: '0',
  }
  process.chdir(dir)
}, 180_000)

afterAll(async () => {
  if (!hasOpenssl) return
  process.chdir(before)
  await analytics.run(`DROP DATABASE IF EXISTS ${env['WINNOW_CLICKHOUSE_DATABASE']!}`)
  await analytics.close()
  clickhouse.close()
  await registry.close()
  await kafka.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** The page with the names of this test. */
function ownNames(text: string): string {
  const names: Record<string, string> = {
    'kafka-1.example.org:9093': kafka.address('LOGIN'),
    'https://registry.example.org': registry.url,
    'https://clickhouse.example.org:8443': `https://localhost:${clickhouse.port}`,
    'username: winnow\n  passwordFile: /run/secrets/registry': `username: ${registryUser.username}\n  passwordFile: /run/secrets/registry`,
    'username: winnow\n  passwordFile: /run/secrets/clickhouse': `username: ${stack.clickhouseUsername}\n  passwordFile: /run/secrets/clickhouse`,
    'partitions: 6': 'partitions: 1',
    'replicationFactor: 3': 'replicationFactor: 1',
    '/etc/winnow/': `${dir}/`,
    '/run/secrets/': `${dir}/`,
  }
  return Object.entries(names).reduce((all, [name, own]) => all.replaceAll(name, own), text)
}

/** The blocks of a step of the page in one language. */
function blocks(step: number, language: string): string[] {
  const [section] = new RegExp(`^## ${step}\\. .*?(?=^## )`, 'ms').exec(page)!
  return [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, one, code]) =>
    one === language ? ownNames(code!) : [],
  )
}

/** The `at`th of the page's commands of a step, as its variables and arguments. */
function command(step: number, at: number): { env: Environment; args: string[] } {
  const words = blocks(step, 'sh').flatMap(shellCommands)[at]!
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word) && word !== 'export')
  const end = first < 0 ? words.length : first
  const set = words.slice(0, end).filter((word) => word !== 'export')
  const variables = set.map((word) => word.split('=') as [string, string])
  return { env: { ...env, ...Object.fromEntries(variables) }, args: words.slice(end + 1) }
}

/** Runs a command of the page; `more` are arguments that only this test needs. */
async function follow(step: number, at: number, more: string[] = []): Promise<Finished> {
  const { env: own, args } = command(step, at)
  const finished = await withinProcess([...args, ...more], { env: own })
  expect([args, finished.stderr, finished.status]).toEqual([args, finished.stderr, 0])
  return finished
}

const count = 20
const numbers = Array.from({ length: count }, (_, number) => number)

/** Every tenth has no note, and two are no JSON. */
function orders(): Message[] {
  return numbers.map((number) => {
    const notes = number % 10 === 9 ? [] : [{ body: noteOf(number) }]
    const order = { number, customer: { id: number }, notes }
    const created = new Date(timeMs + number).toISOString()
    return { value: number % 10 === 8 ? 'no json' : JSON.stringify({ created, order }) }
  })
}

/** One is no UTF-8, and one has no key. */
function lines(): Message[] {
  return numbers.map((number) => {
    const value = number === 3 ? Buffer.from([0xff, 0xfe]) : noteOf(number)
    return number === 4 ? { value } : { key: 'host-1', value }
  })
}

type Outcomes = { rows: number; codes: Record<string, number> }

/** What becomes of the records of each topic. */
const expected: Record<string, Outcomes> = {
  'app-logs': { rows: count - 2, codes: { path_missing: 1, utf8_invalid: 1 } },
  'shop.events': { rows: count - 3, codes: { field_missing: 2, json_invalid: 1 } },
  'shop.orders': { rows: count - 4, codes: { json_invalid: 2, path_missing: 2 } },
  // Of 20 rows, 7 are changed once more; deletions and tombstones are left out.
  'shop.public.reviews': { rows: count + 7, codes: { avro_undecodable: 1, schema_unknown: 1 } },
  'shop.returns': { rows: count - 2, codes: { protobuf_undecodable: 3 } },
}

async function produceAll(): Promise<void> {
  const admin = owner.admin()
  await admin.connect()
  const topics = Object.keys(expected).map((topic) => ({ topic, numPartitions: 1 }))
  await createTopics(admin, topics)
  await admin.disconnect()
  const changes = await debeziumChanges(stack, 'shop.public.reviews', numbers)
  const [{ value: change }] = changes as [{ value: Buffer }]
  changes.push({ value: change.subarray(0, change.length - 9) })
  changes.push({ value: Buffer.from([0, 0x7f, 0xff, 0xff, 0xff, 0]) })
  const returns = await protobufOrders(stack, 'shop.returns', numbers)
  const messages: Record<string, Message[]> = {
    'app-logs': lines(),
    'shop.events': [...cloudEvents(numbers, [1, 2]).slice(0, -1), { value: '{"note":' }],
    'shop.orders': orders(),
    'shop.public.reviews': changes,
    'shop.returns': [...returns, { value: 'no protobuf' }],
  }
  for (const [topic, all] of Object.entries(messages)) await sendMessages(owner, topic, all)
}

/** The ACLs that the page's `kafka-acls.sh` lines grant. */
function pageGrants(): Grant[] {
  const kinds = { '--topic': 'topic', '--group': 'group', '--transactional-id': 'transactionalId' }
  return blocks(5, 'text')
    .flatMap(shellCommands)
    .flatMap((words) => {
      const valueOf = (option: string) => words[words.indexOf(option) + 1]!
      return words.flatMap((word, at): Grant[] => {
        const resource = (kinds as Record<string, Grant['resource']>)[word]
        if (resource === undefined) return []
        return [
          {
            principal: valueOf('--allow-principal'),
            ...{ resource, resourceName: words[at + 1]! },
            pattern: words.includes('prefixed') ? 'prefixed' : 'literal',
            operation: valueOf('--operation').toLowerCase() as Grant['operation'],
          },
        ]
      })
    })
}

async function outcomes(): Promise<Record<string, Outcomes>> {
  const found = await analytics.rows<Outcomes & { topic: string }>(
    `SELECT topic, countIf(code = '') AS rows,
       sumMapIf(map(code, toUInt32(1)), code != '') AS codes
     FROM (SELECT topic, '' AS code FROM classifications
           UNION ALL SELECT topic, code FROM dead_letters)
     GROUP BY topic`,
  )
  return Object.fromEntries(found.map(({ topic, ...rest }) => [topic, rest]))
}

describe.skipIf(!hasOpenssl)('docs/connect.md (skipped without openssl)', () => {
  it('2: doctor reaches Kafka, the registry and ClickHouse, and names what is next', async () => {
    writeFileSync('winnow.yaml', blocks(1, 'yaml').join(''))
    const { env: exported } = command(1, 0)
    env = exported
    const { stdout } = await follow(2, 0)
    expect(stdout).toMatch(/✓ Kafka login: scram-sha-512, winnow/)
    expect(stdout).toMatch(/✓ schema registry: answers at https:/)
    expect(stdout).toMatch(/✓ ClickHouse login: as /)
    expect(stdout).toMatch(/! Kafka topics: none of 10 can be seen/)
    expect(stdout).not.toMatch(/✗|Java|Maven/)
  })

  it('3: migrate shows the SQL, then creates topics and tables', async () => {
    expect((await follow(3, 0)).stdout).toMatch(/CREATE TABLE IF NOT EXISTS classifications/)
    const { stdout } = await follow(3, 1)
    expect(stdout).toMatch(/topics created: +winnow\.events, /)
    expect(stdout).toMatch(/migrations applied: 0001/)
  })

  it('5: with the topics of step 4 and the rights of the page, doctor misses nothing', async () => {
    await produceAll()
    const inputs = blocks(4, 'yaml').flatMap((one) => (parse(one) as { inputs: object[] }).inputs)
    expect(inputs).toHaveLength(5)
    const first = readFileSync('winnow.yaml', 'utf8')
    writeFileSync('winnow.yaml', first + stringify({ inputs }))
    await kafka.grant(pageGrants())
    const { stdout } = await follow(5, 0)
    expect(stdout).toMatch(/✓ Kafka rights \(stream\): all are granted/)
    expect(stdout).toMatch(/✓ Kafka rights \(serve\): all are granted/)
    expect(stdout).toMatch(/✓ ClickHouse tables: all migrations are applied/)
  })

  it('6: inputs try shows events and dead letters', async () => {
    const { stdout } = await follow(6, 0)
    expect(stdout).toMatch(/text +order\.notes\[0\]\.body +where is my parcel/)
    expect(stdout).toMatch(/path_missing: there is nothing at "order\.notes\[0\]\.body"/)
    expect(stdout).toContain(
      '20 records: 16 event, 2 dead letter json_invalid, 2 dead letter path_',
    )
  })

  it('7: data check and train read the file as the page says', async () => {
    const rows = Array.from({ length: 30 }, (_, number) => sampleText(number + 100))
    const texts = rows.map(({ text, label }) => `"${text}",${label}\n`)
    writeFileSync('notes.csv', `body,queue\n${texts.join('')}`)
    // A base that needs no download.
    const base = ['--base', 'small']
    expect((await follow(7, 0, base)).stdout).toMatch(/would learn 3 labels from 30 texts/)
    expect((await follow(7, 1, base)).stdout).toMatch(/queues@1 in /)
  })

  it('8: every record becomes a row or a dead letter, or is left out', async () => {
    const { args, env: own } = command(8, 0)
    const stream = await startWinnow(args, { env: own, cwd: dir })
    const records = ({ rows, codes }: Outcomes) =>
      Object.values(codes).reduce((all, one) => all + one, rows)
    const total = (all: Record<string, Outcomes>) =>
      Object.values(all).reduce((sum, one) => sum + records(one), 0)
    await until('all outcomes', async () => total(await outcomes()) >= total(expected))
    expect(await outcomes()).toEqual(expected)
    expect((await follow(8, 1)).stdout).toMatch(/infer:shop\.orders\S* .* 0 +1 process/)
    expect((await follow(8, 2)).stdout).toMatch(/parcel|refund|praise/)
    expect((await follow(8, 3)).stdout).toMatch(/app-logs\/0\/3 .*utf8_invalid/)
    const { stdout: summary } = await follow(8, 4)
    for (const [topic, { rows, codes }] of Object.entries(expected)) {
      const letters = records({ rows: 0, codes })
      expect(summary).toContain(`${topic}, queues: ${rows} rows + ${letters} open dead letters`)
    }
    const { args: serve } = command(8, 5)
    const gateway = await startWinnow(serve, { env: own, cwd: dir })
    expect((await fetch(`${String(gateway.document['url'])}/readyz`)).status).toBe(200)
    expect(await Promise.all([gateway.stop(), stream.stop()])).toEqual([0, 0])
  })
})
