// A stack for the fault tests with a relay in front of each service, so that services can be killed
// and links broken without affecting other tests. Clients reach the services through the relays.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, statfs, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDir } from '../../../configs/paths.ts'
import { keptFreeBytes } from '../../../infra/local/analytics/chdb-engine.ts'
import { identityOf, isAlive, writePidFile } from '../../../infra/local/services/pid-file.ts'
import { choosePort } from '../../../infra/local/services/free-ports.ts'
import { runningProcess, serviceFiles } from '../../../infra/local/services/service-runner.ts'
import { connectionsOf, serviceNames } from '../../../infra/local/services/stack-state.ts'
import type {
  ServiceName,
  StackConnections,
  StackState,
} from '../../../infra/local/services/stack-state.ts'
import { startStack, stopStack } from '../../../infra/local/supervisor.ts'
import { raiseEngine } from '../../support/engine-priority.ts'
import { openTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'

export type FaultStack = {
  /** The addresses for clients: those of the relays. */
  readonly addresses: StackConnections
  readonly links: Readonly<Record<ServiceName, TcpProxy>>
  /** Undefined if the system allows no separate file system for the analytics folder. */
  readonly disk: Disk | undefined
  /** Ends a service, at once or in an orderly way. */
  end(service: ServiceName, how: 'kill' | 'stop'): Promise<void>
  /** Starts the services that are not running; resolves when they answer. */
  start(): Promise<StackState>
  close(): Promise<void>
}

/** The small file system of the analytics folder. */
export type Disk = {
  /** Fills it completely. */
  fill(): Promise<void>
  /** Frees what `fill` took. */
  clear(): Promise<void>
}

/** The prefix of tests/global-stack.ts, which stops what a killed run left behind. */
const prefix = 'winnow-test-stack-'
const diskBytes = 1_073_741_824
/** Left free on a full disk: less than the engine leaves free, so that it writes nothing more. */
const spareBytes = keptFreeBytes / 2

/** Starts the stack on free ports; the caller closes it. */
export async function openFaultStack(): Promise<FaultStack> {
  const stateDir = await mkdtemp(join(tmpdir(), prefix))
  const own = await identityOf(process.pid)
  if (own !== undefined) await writePidFile(join(stateDir, 'owner.pid'), own)
  const links = {
    kafka: await openTcpProxy(),
    registry: await openTcpProxy(),
    analytics: await openTcpProxy(),
  }
  const disk = await mountDisk(join(stateDir, 'analytics'))
  const reserved = new Set<number>()
  const ports = { kafka: 0, registry: 0, analytics: 0 }
  for (const name of serviceNames) {
    ports[name] = await choosePort([0], reserved)
    reserved.add(ports[name])
    links[name].aim(`127.0.0.1:${ports[name]}`)
  }
  const start = async () => {
    // The broker advertises its relay to clients; the readiness probe goes through it too.
    const kafkaAdvertisedPort = Number(links.kafka.address.split(':')[1])
    const state = await startStack({ stateDir, cacheDir: cacheDir(), ports, kafkaAdvertisedPort })
    await raiseEngine(stateDir)
    return state
  }
  const close = async () => {
    await stopStack({ stateDir })
    for (const link of Object.values(links)) await link.close()
    await disk?.unmount()
    await rm(stateDir, { recursive: true, force: true })
  }
  let state: StackState
  try {
    state = await start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    addresses: {
      ...connectionsOf(state),
      brokers: [links.kafka.address],
      registryUrl: `http://${links.registry.address}/apis/ccompat/v7`,
      clickhouseUrl: `http://${links.analytics.address}`,
    },
    links,
    disk,
    start,
    close,
    async end(service, how) {
      const identity = await runningProcess(serviceFiles(stateDir, service))
      if (identity === undefined) return
      process.kill(identity.pid, how === 'kill' ? 'SIGKILL' : 'SIGTERM')
      await until(`the end of ${service}`, async () => !(await isAlive(identity)), 60_000)
    },
  }
}

/**
 * Mounts a file system in memory, if the system permits, and links it at `link`. It is outside the
 * stack's folder, because the folder of a killed run could not be removed with a mount in it.
 */
async function mountDisk(link: string): Promise<(Disk & { unmount(): Promise<void> }) | undefined> {
  const run = promisify(execFile)
  const dir = await mkdtemp(join(tmpdir(), 'winnow-fault-disk-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', dir])
  } catch {
    await rm(dir, { recursive: true })
    return undefined
  }
  await symlink(dir, link)
  const ballast = join(dir, 'ballast')
  let taken = 0
  return {
    async fill() {
      // The engine keeps writing, so some of the free space is gone when it is filled.
      await until('a full disk', async () => {
        const { bavail, bsize } = await statfs(dir)
        const free = bavail * bsize
        if (free < 2 * spareBytes) return true
        const bytes = free - spareBytes
        const isTaken = await run('fallocate', [
          '-o',
          String(taken),
          '-l',
          String(bytes),
          ballast,
        ]).then(
          () => true,
          () => false,
        )
        if (isTaken) taken += bytes
        return false
      })
    },
    async clear() {
      await rm(ballast, { force: true })
      taken = 0
    },
    async unmount() {
      await run('umount', [dir])
      await rm(dir, { recursive: true })
    },
  }
}
