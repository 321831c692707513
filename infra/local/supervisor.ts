// Starts and stops the embedded stack: Kafka, the schema registry and the analytics engine as
// background processes with one state folder. Each service's own file knows its command line.
// Clients get addresses from stack-state.ts and never touch processes.
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { jarPaths, ensureJars } from './services/jars.ts'
import { prepareKafka } from './services/kafka-server.ts'
import { choosePort } from './services/free-ports.ts'
import { requireEngine } from './services/prerequisites.ts'
import { isReady } from './services/probe.ts'
import { prepareRegistry } from './services/registry-server.ts'
import type { ServiceCommand } from './services/service-command.ts'
import {
  launch,
  runningProcess,
  serviceFiles,
  stopProcess,
  untilReady,
} from './services/service-runner.ts'
import { withStackLock } from './stack-lock.ts'
import { newStackSecrets } from './services/stack-secrets.ts'
import {
  makeStateDir,
  readStackState,
  serviceNames,
  writeStackState,
} from './services/stack-state.ts'
import type { ServiceName, StackState } from './services/stack-state.ts'

/** The ports that are tried first; 0 means any free one. */
export const preferredPorts = { kafka: 19_092, registry: 18_081, analytics: 18_123 } as const

/** How a stack is started. */
export type StackOptions = {
  /** Folder for everything that belongs to this stack: data, pids, logs, ports. */
  stateDir: string
  /** The user's cache folder for the jars. */
  cacheDir: string
  ports?: Partial<Record<ServiceName, number>>
  /** The port that Kafka advertises to clients, if a relay stands in front of it. */
  kafkaAdvertisedPort?: number
  /** The services to start; all of the stack's services if absent. */
  services?: readonly ServiceName[]
  /** Whether the stack has a registry; if absent, as at the last start, and true at the first. */
  registry?: StackState['registry']
  onProgress?: (line: string) => void
  signal?: AbortSignal
}

/** How long a service may take to become ready on a slow or busy machine. */
const readyMsMax = 120_000
/** How long a service may take to end by itself; Kafka needs about 1 s to close its logs. */
const graceMs = 20_000
/** How long one command waits for another that starts or stops the same stack. */
const lockMsMax = 300_000

/**
 * Starts the services that are not running, and resolves when every service answers. Services
 * survive the caller. If one cannot be started, those that this call started are stopped again.
 *
 * @throws WinnowError `service_start_failed`, `prerequisite_missing`, `download_failed`,
 * `cancelled`, or `deadline_exceeded` if another command holds the stack for too long.
 * @example
 * const state = await startStack({ stateDir: '.winnow', cacheDir: cacheDir() })
 * const { brokers, registryUrl, clickhouseUrl } = connectionsOf(state)
 */
export async function startStack(options: StackOptions): Promise<StackState> {
  const { cacheDir, signal, onProgress = () => undefined } = options
  const stateDir = resolve(options.stateDir)
  const registry = options.registry ?? (await readStackState(stateDir))?.registry ?? 'embedded'
  const isPart = (name: ServiceName) => registry === 'embedded' || name !== 'registry'
  const services = (options.services ?? serviceNames).filter(isPart)
  if (services.includes('analytics')) requireEngine()
  const programs = services.filter((name) => name !== 'analytics')
  if (programs.length > 0) {
    await ensureJars({ cacheDir, programs, onProgress, ...(signal ? { signal } : {}) })
  }
  await makeStateDir(stateDir)
  return withStackLock({ stateDir, waitMsMax: lockMsMax, signal }, async () => {
    const state = { ...(await chooseState(stateDir, options.ports ?? {})), registry }
    await writeStackState(stateDir, state)
    // A registry that still runs from an earlier start would use its 235 MB for nothing.
    if (registry === 'none') await stopProcess(serviceFiles(stateDir, 'registry'), graceMs)
    const { kafkaAdvertisedPort } = options
    const start = { stateDir, cacheDir, state, kafkaAdvertisedPort, onProgress, signal }
    const outcomes = await Promise.allSettled(services.map((name) => ensureService(name, start)))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed === undefined) return state
    const started = services.filter((_, i) => {
      const outcome = outcomes[i]
      return outcome?.status === 'rejected' || outcome?.value === 'started'
    })
    await Promise.all(started.map((name) => stopProcess(serviceFiles(stateDir, name), graceMs)))
    throw failed.reason
  })
}

/** Stops every service of the stack in `stateDir`; does nothing if none runs. */
export async function stopStack(options: {
  stateDir: string
  onProgress?: (line: string) => void
}): Promise<void> {
  const stateDir = resolve(options.stateDir)
  if ((await readStackState(stateDir)) === undefined) return
  await withStackLock({ stateDir, waitMsMax: lockMsMax }, async () => {
    await Promise.all(
      serviceNames.map(async (name) => {
        const files = serviceFiles(stateDir, name)
        const wasRunning = (await runningProcess(files)) !== undefined
        await stopProcess(files, graceMs)
        if (wasRunning) options.onProgress?.(`${name} stopped`)
      }),
    )
  })
}

type StackStart = {
  stateDir: string
  cacheDir: string
  state: StackState
  kafkaAdvertisedPort: number | undefined
  onProgress: (line: string) => void
  signal: AbortSignal | undefined
}

async function ensureService(name: ServiceName, start: StackStart): Promise<'kept' | 'started'> {
  const { stateDir, state, signal } = start
  const files = serviceFiles(stateDir, name)
  const port = state.ports[name]
  const wait = { name, files, isReady: () => isReady(name, state), signal }
  const running = await runningProcess(files)
  if (running !== undefined && (await becomesReady({ ...wait, identity: running }))) {
    start.onProgress(`${name} is running on port ${port}`)
    return 'kept'
  }
  // A process that runs but does not answer is of no use.
  if (running !== undefined) await stopProcess(files, graceMs)
  const begun = performance.now()
  const command = await serviceCommand(name, start)
  const identity = await launch(command, files)
  await untilReady({ ...wait, identity, waitMsMax: readyMsMax })
  const seconds = ((performance.now() - begun) / 1000).toFixed(1)
  start.onProgress(`${name} is ready on port ${port} after ${seconds} s`)
  return 'started'
}

/** A running service may still be starting, after a command that was killed: give it time. */
async function becomesReady(service: Parameters<typeof untilReady>[0] | ReadyWait) {
  return untilReady({ ...service, waitMsMax: 30_000 }).then(
    () => true,
    () => false,
  )
}

type ReadyWait = Omit<Parameters<typeof untilReady>[0], 'waitMsMax'>

async function serviceCommand(name: ServiceName, start: StackStart): Promise<ServiceCommand> {
  const { stateDir, cacheDir, state } = start
  const jars = jarPaths(cacheDir)
  const port = state.ports[name]
  const dir = join(stateDir, name)
  switch (name) {
    case 'kafka':
      return prepareKafka({
        lib: jars.kafkaLib,
        dir,
        port,
        controllerPort: state.ports.kafkaController,
        advertisedPort: start.kafkaAdvertisedPort,
      })
    case 'registry':
      return prepareRegistry({
        program: jars.registryDir,
        dir,
        port,
        publicKey: state.secrets.registryPublicKey,
      })
    case 'analytics':
      await mkdir(dir, { recursive: true })
      return analyticsCommand({ stateDir, dir })
  }
}

/**
 * The engine's calls block threads of libuv's pool: 5 for its queues, 3 left for files and zlib.
 * Node reads the size of the pool before any of Winnow's code runs, so `env` sets it in front of
 * Node.
 */
function analyticsCommand(analytics: { stateDir: string; dir: string }): ServiceCommand {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const entry = fileURLToPath(new URL(`analytics/analytics-process.${extension}`, import.meta.url))
  const args = [process.execPath, entry, '--state', analytics.stateDir, '--dir', analytics.dir]
  return { command: 'env', args: ['UV_THREADPOOL_SIZE=8', ...args], cwd: analytics.dir }
}

/**
 * A running service keeps its port. Otherwise the stored port is used if it is still free, then the
 * wanted one, then any. Secrets are created once.
 */
async function chooseState(
  stateDir: string,
  wanted: Partial<Record<ServiceName, number>>,
): Promise<Omit<StackState, 'registry'>> {
  const remembered = await readStackState(stateDir)
  const before = remembered?.ports
  const isRunning = async (name: ServiceName) =>
    (await runningProcess(serviceFiles(stateDir, name))) !== undefined
  const reserved = new Set<number>()
  const choose = async (name: ServiceName) => {
    const last = before?.[name]
    const candidates = [last ?? 0, wanted[name] ?? preferredPorts[name]]
    const isKept = last !== undefined && (await isRunning(name))
    const port = isKept ? last : await choosePort(candidates, reserved)
    reserved.add(port)
    return port
  }
  const kafka = await choose('kafka')
  const registry = await choose('registry')
  const analytics = await choose('analytics')
  const keepsController = before !== undefined && (await isRunning('kafka'))
  const kafkaController = keepsController
    ? before.kafkaController
    : await choosePort([before?.kafkaController ?? 0, kafka + 1], reserved)
  const secrets = remembered?.secrets ?? newStackSecrets()
  return { version: 1, ports: { kafka, kafkaController, registry, analytics }, secrets }
}
