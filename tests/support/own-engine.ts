// Starts an embedded engine for one test, with rights, quotas and a cluster of its own. The shared
// stack has one engine with the rights that `winnow up` gives it.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configSchema, type Config } from '../../configs/schema.ts'

/** What differs from the engine of `winnow up`. */
export type EngineSetup = {
  /** The users file as XML; every statement runs as its user `default`. */
  readonly users?: string | undefined
  /** Further server settings as XML. */
  readonly server?: string | undefined
}

export type OwnEngine = {
  /** The settings under `clickhouse` that reach it. */
  readonly clickhouse: Config['clickhouse']
  /** Stops it and starts it with another setup over the same tables. */
  restart(setup: EngineSetup): Promise<void>
  close(): Promise<void>
}

/** A cluster of one server, which is the engine itself: it answers itself without a network. */
export const clusterOfOne = `<tcp_port>9000</tcp_port>
  <macros><shard>01</shard><replica>r1</replica><cluster>one</cluster></macros>
  <remote_servers><one><shard><internal_replication>true</internal_replication><replica>
    <host>127.0.0.1</host><port>9000</port>
  </replica></shard></one></remote_servers>`

/** The same cluster with a second server of the same shard, which does not answer. */
export const clusterWithLostServer = clusterOfOne.replace(
  '</replica></shard>',
  '</replica><replica><host>127.0.0.1</host><port>1</port></replica></shard>',
)

/**
 * A users file whose user has these rights only, and a quota if one is given. Reading system tables
 * and using table engines needs a grant, as on a server that is set up with care.
 */
export function usersWith(grants: readonly string[], quota = ''): string {
  const queries = grants.map((grant) => `<query>${grant}</query>`).join('')
  return `<clickhouse>
    <profiles><default></default></profiles>
    <users><default>
      <password></password><networks><ip>::/0</ip></networks>
      <profile>default</profile><quota>default</quota>
      <grants>${queries}</grants>
    </default></users>
    <quotas><default>${quota}</default></quotas>
  </clickhouse>`
}

/** Starts it; the caller closes it. */
export async function openOwnEngine(setup: EngineSetup = {}): Promise<OwnEngine> {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-engine-'))
  const password = randomUUID()
  let running = await start({ ...setup, dir, password })
  return {
    get clickhouse() {
      const url = `http://127.0.0.1:${running.port}`
      return configSchema.parse({ clickhouse: { url, username: 'winnow', password } }).clickhouse
    },
    async restart(next) {
      await running.stop()
      running = await start({ ...next, dir, password })
    },
    async close() {
      await running.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function start(setup: EngineSetup & { dir: string; password: string }) {
  const file = fileURLToPath(new URL('engine-child.ts', import.meta.url))
  const child = spawn(process.execPath, [file, JSON.stringify(setup)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    exited.then(([code]) => {
      throw new Error(`the engine ended at its start with status ${String(code)}`)
    }),
  ])) as [Buffer]
  return {
    port: Number(line.toString().trim()),
    async stop() {
      child.stdin.end()
      await exited
    },
  }
}
