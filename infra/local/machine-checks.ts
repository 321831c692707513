// Checks whether this machine can run the embedded stack, with a fix for each finding. It changes
// nothing. Callers add checks of configuration and models.
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, statfs } from 'node:fs/promises'
import { availableParallelism, freemem, totalmem } from 'node:os'

import { noRegistry } from '../../configs/schema.ts'
import {
  engineInstall,
  findEngine,
  installHints,
  javaMajor,
  javaMajorMin,
  javaVersion,
  mavenVersion,
  nodeMin,
} from './services/prerequisites.ts'
import { isPortFree } from './services/free-ports.ts'
import { stackStatus } from './stack-status.ts'
import type { ServiceStatus } from './stack-status.ts'
import { serviceNames, type ServiceName } from './services/stack-state.ts'

/** One finding; `fix` is one sentence, present unless the state is `ok`. */
export type DoctorCheck = {
  name: string
  state: 'ok' | 'warn' | 'fail'
  detail: string
  fix?: string
}

/**
 * Runs every check, `extraChecks` last; a check that throws becomes a failed one. Without `ports`,
 * the embedded stack is not meant to run here, and what only it needs is left out.
 */
export async function runDoctor(options: {
  stateDir: string
  cacheDir: string
  /** Where base encoders and model versions are stored. */
  modelStoreDir: string
  /** The preferred ports of the services that `winnow up` would start; 0 means any free one. */
  ports: Readonly<Partial<Record<ServiceName, number>>> | undefined
  extraChecks?: readonly (() => Promise<DoctorCheck | DoctorCheck[]>)[]
}): Promise<DoctorCheck[]> {
  const { ports } = options
  const services = await stackStatus({ stateDir: options.stateDir })
  const checks: (() => Promise<DoctorCheck | DoctorCheck[]>)[] = [
    () => Promise.resolve(checkNode(process.versions.node)),
    ...(ports === undefined ? [] : [checkJava, checkMaven]),
    () => checkFolder('state folder', options.stateDir),
    () => checkFolder('cache folder', options.cacheDir),
    () => checkFolder('model store', options.modelStoreDir),
    () => checkDisk(options.stateDir),
    () => Promise.resolve(checkMemory({ freeBytes: freemem(), totalBytes: totalmem() })),
    ...(ports === undefined
      ? []
      : [
          () => Promise.resolve(checkEngine(`${process.platform}-${process.arch}`)),
          () => checkPorts(ports, services),
        ]),
    () => Promise.resolve(checkServices(services)),
    ...(options.extraChecks ?? []),
  ]
  const found: DoctorCheck[] = []
  for (const check of checks) found.push(...[await check().catch(broken)].flat())
  return found
}

/** Node 24 runs the TypeScript sources; the published JavaScript runs on `nodeMin` and newer. */
export function checkNode(version: string): DoctorCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const name = 'Node.js'
  const [majorMin = 0, minorMin = 0] = nodeMin.split('.').map(Number)
  const isNewEnough = major > majorMin || (major === majorMin && minor >= minorMin)
  if (isNewEnough) return { name, state: 'ok', detail: version }
  const fix = `Install Node.js ${nodeMin} or newer from https://nodejs.org.`
  return { name, state: 'fail', detail: `${version} is too old`, fix }
}

async function checkJava(): Promise<DoctorCheck> {
  const version = await javaVersion()
  if (version !== undefined && javaMajor(version) >= javaMajorMin) {
    return { name: 'Java', state: 'ok', detail: version }
  }
  const detail = version === undefined ? 'not found' : `${version} is too old`
  return { name: 'Java', state: 'fail', detail, fix: installHints.java }
}

async function checkMaven(): Promise<DoctorCheck> {
  const version = await mavenVersion()
  if (version !== undefined) return { name: 'Maven', state: 'ok', detail: version }
  return { name: 'Maven', state: 'fail', detail: 'not found', fix: installHints.maven }
}

async function checkFolder(name: string, path: string): Promise<DoctorCheck> {
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.W_OK)
    return { name, state: 'ok', detail: path }
  } catch {
    const fix = `Make ${path} writable for this user, or choose another folder.`
    return { name, state: 'fail', detail: `${path} cannot be written`, fix }
  }
}

/** Jars 220 MB, models 100 MB, and room for topics and tables. */
const diskBytesMin = 2 * 2 ** 30

async function checkDisk(path: string): Promise<DoctorCheck> {
  const { bavail, bsize } = await statfs(path)
  const freeBytes = bavail * bsize
  const detail = `${gibibytes(freeBytes)} free at ${path}`
  if (freeBytes >= diskBytesMin) return { name: 'disk', state: 'ok', detail }
  const fix = `Free some space: the stack needs at least ${gibibytes(diskBytesMin)}.`
  return { name: 'disk', state: 'fail', detail, fix }
}

/** Kafka, registry, engine and one consumer with its model need less than this together. */
const memoryBytesMin = 2 * 2 ** 30

/**
 * Checks the machine's memory. Little free memory is only a warning, because caches count as used.
 */
export function checkMemory(memory: { freeBytes: number; totalBytes: number }): DoctorCheck {
  const { freeBytes, totalBytes } = memory
  const cores = `${availableParallelism()} cores`
  const detail = `${gibibytes(freeBytes)} free of ${gibibytes(totalBytes)}, ${cores}`
  if (totalBytes < memoryBytesMin) {
    const fix = `Use a machine with at least ${gibibytes(memoryBytesMin)} of memory.`
    return { name: 'memory', state: 'fail', detail, fix }
  }
  if (freeBytes >= memoryBytesMin / 2) return { name: 'memory', state: 'ok', detail }
  return { name: 'memory', state: 'warn', detail, fix: 'Close programs that use much memory.' }
}

/** Looks for the engine's package and for its library for a platform such as `linux-x64`. */
export function checkEngine(platform: string): DoctorCheck {
  const name = 'embedded ClickHouse engine'
  const orServer = 'or set clickhouse.url to a ClickHouse server.'
  const found = findEngine(platform)
  if (found.kind === 'present') {
    return { name, state: 'ok', detail: 'the npm package chdb is installed' }
  }
  if (found.kind === 'no_package') {
    const fix = `Run "${engineInstall}", ${orServer}`
    return { name, state: 'warn', detail: 'the npm package chdb is not installed', fix }
  }
  const detail = `chdb has no library here for ${platform}`
  const fix =
    found.library === undefined
      ? `Use another platform, ${orServer}`
      : `Install ${found.library} as docs/supply-chain.md says, ${orServer}`
  return { name, state: 'warn', detail, fix }
}

/** A taken port is only a warning, because the stack takes another one. */
async function checkPorts(
  ports: Readonly<Partial<Record<ServiceName, number>>>,
  services: readonly ServiceStatus[],
): Promise<DoctorCheck[]> {
  const wanted = serviceNames.flatMap((service) => {
    const port = ports[service]
    return port === undefined ? [] : [{ service, port }]
  })
  return Promise.all(
    wanted.map(async ({ service, port }): Promise<DoctorCheck> => {
      const own = services.find((candidate) => candidate.port === port && candidate.pid !== null)
      if (own !== undefined) {
        const name = `port ${port} (${service})`
        return { name, state: 'ok', detail: `used by the running ${own.name}` }
      }
      return checkPort({
        service,
        port,
        fix: 'Nothing to do: `winnow up` picks another port and remembers it.',
      })
    }),
  )
}

/** Whether a port that Winnow would listen on is free; `fix` says what to do if it is not. */
export async function checkPort(wanted: {
  readonly service: string
  readonly port: number
  readonly fix: string
}): Promise<DoctorCheck> {
  const { service, port, fix } = wanted
  const name = `port ${port} (${service})`
  if (port === 0) return { name, state: 'ok', detail: '0: a free one is picked' }
  if (await isPortFree(port)) return { name, state: 'ok', detail: 'free' }
  return { name, state: 'warn', detail: `taken by ${await portHolder(port)}`, fix }
}

function checkServices(services: readonly ServiceStatus[]): DoctorCheck[] {
  return services.map(({ name, pid, ready, url, logFile }): DoctorCheck => {
    if (url === noRegistry) return { name, state: 'ok', detail: 'not used (registry.url is none)' }
    if (ready) return { name, state: 'ok', detail: `answers at ${url}` }
    const detail = pid === null ? 'is not running' : `process ${pid} is running but does not answer`
    const fix =
      pid === null ? 'Start it with `winnow up`.' : `Restart it with \`winnow up\`; see ${logFile}.`
    return { name, state: 'warn', detail, fix }
  })
}

/** Who listens on a port, as far as `lsof` or `ss` tell this user. */
async function portHolder(port: number): Promise<string> {
  const lsof = await output('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'])
  const [, pid, command] = /p(\d+)\nc([^\n]+)/.exec(lsof) ?? []
  if (pid !== undefined) return `${command ?? ''} (pid ${pid})`
  const ss = await output('ss', ['-Hltnp', `sport = :${port}`])
  const [, ssCommand, ssPid] = /\("([^"]+)",pid=(\d+)/.exec(ss) ?? []
  return ssPid === undefined ? 'another program' : `${ssCommand ?? ''} (pid ${ssPid})`
}

function output(command: string, args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 5_000 }, (error, stdout) => {
      resolve(error === null ? stdout : '')
    })
  })
}

function broken(error: unknown): DoctorCheck {
  const detail = error instanceof Error ? error.message : String(error)
  return {
    name: 'doctor',
    state: 'fail',
    detail,
    fix: 'This is a defect in Winnow: please report it.',
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
