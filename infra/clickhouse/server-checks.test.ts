// What is refused before anything is written, with a server whose answers the test chooses.
// tests/integration/cluster-tables.test.ts has the checks of a real engine.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configSchema, type Config } from '../../configs/schema.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { checkServer, checkTables, isSupported } from './server-checks.ts'

let scripted: ScriptedEngine

beforeEach(async () => {
  scripted = await openScriptedEngine()
})

afterEach(() => scripted.close())

const configOf = (clickhouse: object): Config['clickhouse'] =>
  configSchema.parse({ clickhouse }).clickhouse

it.each([
  ['25.3', true],
  ['25.3.1.2', true],
  ['25.12.1.1', true],
  ['26.1.1.1', true],
  ['25.2.9.9', false],
  ['24.8.4.1', false],
  ['9.12', false],
  ['', false],
])('version %j: %j', (version, expected) => expect(isSupported(version)).toBe(expected))

describe('checkServer', () => {
  const check = (server: object, settings: object = {}): Promise<unknown> => {
    scripted.answer('version()', [{ version: '26.7.2.1', cloud: '0', ...server }])
    return checkServer(scripted.analytics, configOf(settings)).catch((error: unknown) => error)
  }

  it('takes a server that fits', async () => {
    expect(await check({})).toBeUndefined()
    expect(await check({ cloud: '1' }, { cloud: true })).toBeUndefined()
  })

  it.each<[object, object, RegExp]>([
    [{ version: '24.3.1.1' }, {}, /^ClickHouse 24\.3\.1\.1 is too old: Winnow needs .* or later\./],
    [{ cloud: '1' }, {}, /^the server is ClickHouse Cloud: set clickhouse\.cloud to true/],
    [{}, { cloud: true }, /clickhouse\.cloud is true, but the server is not/],
  ])('refuses %j under %j', async (server, settings, message) => {
    expect(await check(server, settings)).toMatchObject({
      code: 'analytics_unsupported',
      retryable: false,
      message: expect.stringMatching(message) as string,
    })
  })

  it('knows a cluster by its name and the number of its shards', async () => {
    scripted.answer('system.clusters', [
      { name: 'main', shards: 1, isInternal: 0 },
      { name: 'wide', shards: 3, isInternal: 1 },
    ])
    expect(await check({}, { cluster: 'main' })).toBeUndefined()
    expect(await check({}, { cluster: 'wide', sharded: true })).toBeUndefined()
    // The server replaces a macro itself.
    expect(await check({}, { cluster: '{cluster}' })).toBeUndefined()
    expect(String(await check({}, { cluster: 'other' }))).toMatch(
      /knows no cluster other \(clickhouse\.cluster\); it knows main, wide\./,
    )
    expect(String(await check({}, { cluster: 'main', sharded: true }))).toMatch(
      /has a shard without internal_replication: set it to true in remote_servers/,
    )
    expect(String(await check({}, { cluster: 'wide' }))).toMatch(
      /has 3 shards: set clickhouse\.sharded to true/,
    )
  })
})

describe('checkTables', () => {
  const kinds = [
    ['MergeTree', {}],
    ['ReplicatedMergeTree', { cluster: 'main' }],
    ['Distributed', { cluster: 'main', sharded: true }],
    ['SharedMergeTree', { cloud: true }],
  ] as const
  it.each(kinds)('takes %s only where the configuration says so', async (engine, settings) => {
    scripted.answer('system.tables', [{ engine }])
    await checkTables(scripted.analytics, configOf(settings))
    for (const [other, otherwise] of kinds) {
      if (other === engine) continue
      await expect(checkTables(scripted.analytics, configOf(otherwise))).rejects.toMatchObject({
        code: 'analytics_unsupported',
        message: expect.stringContaining(`(${engine}), but the configuration says`) as string,
      })
    }
  })
})
