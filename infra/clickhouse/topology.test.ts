// How statements differ between one server, clusters and ClickHouse Cloud.
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import {
  everywhere,
  fenceReadSettings,
  fenceWriteSettings,
  requestSettings,
  topologyOf,
} from './topology.ts'

const configOf = (clickhouse: object) => configSchema.parse({ clickhouse }).clickhouse
const single = configOf({})
const replicated = configOf({ cluster: 'main' })
const sharded = configOf({ cluster: 'main', sharded: true })
const cloud = configOf({ cloud: true })

it('contradictions are refused', () => {
  expect(() => configOf({ sharded: true })).toThrow(/sharded needs clickhouse\.cluster/)
  expect(() => configOf({ cloud: true, cluster: 'main' })).toThrow(/exclude each other/)
  expect(() => configOf({ cluster: "a'b" })).toThrow(/must be the name of a cluster/)
  const url = 'https://host:8443'
  expect(() => configOf({ url, tls: { certFile: 'a.pem' } })).toThrow(/go together/)
  expect(() => configOf({ tls: { caFile: 'a.pem' } })).toThrow(/starts with https/)
  expect(configOf({ url, tls: { caFile: 'a.pem' } }).tls).toEqual({ caFile: 'a.pem' })
})

describe('everywhere', () => {
  it.each([
    [
      'classifications',
      'classifications',
      'winnow.classifications',
      'winnow.classifications_local',
    ],
    ['labels', 'labels', 'winnow.labels', 'winnow.labels'],
    ['system.processes', 'system.processes', 'system.processes', 'system.processes'],
  ])('reads %s of all servers', (name, here, onReplicas, onShards) => {
    expect(everywhere(single).table(name)).toBe(here)
    expect(everywhere(replicated).table(name)).toBe(`clusterAllReplicas('main', ${onReplicas})`)
    expect(everywhere(sharded).table(name)).toBe(`clusterAllReplicas('main', ${onShards})`)
  })

  it('reads the table of a replay as the one that it was made like', () => {
    const { table } = everywhere(sharded)
    expect(table('again', 'classifications')).toBe("clusterAllReplicas('main', winnow.again_local)")
  })

  it('needs other servers of ClickHouse Cloud only for what runs there', () => {
    expect(everywhere(cloud).table('classifications')).toBe('classifications')
    expect(everywhere(cloud).table('system.processes')).toBe(
      "clusterAllReplicas('default', system.processes)",
    )
  })

  it('leaves out a server that does not answer only where that is configured', () => {
    expect(everywhere(replicated).settings).toBe('')
    expect(everywhere({ ...single, unreachableServers: 'skip' }).settings).toBe('')
    expect(everywhere({ ...replicated, unreachableServers: 'skip' }).settings).toBe(
      ' SETTINGS skip_unavailable_shards = 1',
    )
  })
})

it('fences are seen on every server of a cluster', () => {
  const topologies = [single, replicated, sharded, cloud].map(topologyOf)
  expect(topologies.map(fenceReadSettings)).toEqual([
    {},
    { select_sequential_consistency: '1' },
    { select_sequential_consistency: '1' },
    {},
  ])
  const quorum = { insert_quorum: 'auto', insert_quorum_parallel: 0 }
  expect(topologies.map(fenceWriteSettings)).toMatchObject([{}, quorum, quorum, {}])
  expect(topologies.map(requestSettings)).toMatchObject([
    {},
    {},
    { distributed_foreground_insert: 1, distributed_product_mode: 'global' },
    { select_sequential_consistency: '1' },
  ])
})
