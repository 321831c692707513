// Processes in a container made from an image, under the limits of docker-compose.yml: a read-only
// root file system, a small in-memory /tmp, the image's user, no capabilities and no way to gain
// any.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import type { Environment } from '../../support/cli.ts'
import { until } from '../../support/until.ts'
import type { Buildah, ImageConfig } from './buildah.ts'

/** A process to run; `env` and `mounts` are added to those of the image. */
export type Command = {
  argv: readonly string[]
  env?: Environment
  mounts?: readonly Mount[]
}

export type Mount = { from: string; to: string; access: 'ro' | 'rw' }

export type Ended = { status: number; stdout: string; stderr: string }

export type RunningProcess = {
  readonly ended: Promise<Ended>
  isRunning(): boolean
  output(): string
  /**
   * Sends SIGTERM to the process in the container; resolves with its exit status and the
   * milliseconds.
   */
  stop(): Promise<{ status: number; ms: number }>
  /** Kills everything at once. */
  kill(): void
}

/** How long docker-compose.yml waits before it kills. */
const stopMsMax = 40_000

/** Runs as root in the container's own mount namespace, then becomes the user for good. */
const confine = `set -e
mount -t tmpfs -o size=128m,mode=1777,nosuid,nodev,noexec tmpfs /tmp
mount -o remount,bind,ro /
user=$1; shift
HOME=$(getent passwd "\${user%:*}" | cut -d: -f6)
export HOME
exec setpriv --reuid "\${user%:*}" --regid "\${user#*:}" --clear-groups \\
  --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"`

export class Container {
  readonly config: ImageConfig
  /** The root file system, as this machine sees it. */
  readonly rootDir: string
  readonly #buildah: Buildah
  readonly #name: string
  readonly #processes: RunningProcess[] = []

  private constructor(
    buildah: Buildah,
    options: { name: string; config: ImageConfig; rootDir: string },
  ) {
    this.#buildah = buildah
    this.#name = options.name
    this.config = options.config
    this.rootDir = options.rootDir
  }

  /** Makes a container from an image; the caller closes it. */
  static async open(buildah: Buildah, image: string): Promise<Container> {
    const name = `winnow-test-${process.pid}`
    await buildah.run(['from', '--pull-never', '--name', name, image])
    const config = await buildah.imageConfig(image)
    return new Container(buildah, { name, config, rootDir: await buildah.run(['mount', name]) })
  }

  /** Runs a process to its end. */
  run(command: Command): Promise<Ended> {
    return this.start(command).ended
  }

  /** Starts a process that runs until it is stopped. */
  start({ argv, env = {}, mounts = [] }: Command): RunningProcess {
    const args = [
      'run',
      '--isolation=chroot',
      '--user',
      '0:0',
      '--cap-add=CAP_SYS_ADMIN',
      ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...mounts.flatMap(({ from, to, access }) => ['--volume', `${from}:${to}:${access}`]),
      this.#name,
      '--',
      'sh',
      '-c',
      confine,
      'confine',
      this.config.User,
      ...argv,
    ]
    const child = spawn('buildah', [...this.#buildah.global, ...args], {
      env: this.#buildah.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const ended = (once(child, 'close') as Promise<[number | null]>).then(([status]) => {
      return { status: status ?? -1, stdout, stderr: withoutBuildah(stderr) }
    })
    const isRunning = () => child.exitCode === null && child.signalCode === null
    const kill = () => {
      if (!isRunning()) return
      const inner = userProcess(child.pid!, this.config.User)
      if (inner !== undefined) process.kill(inner, 'SIGKILL')
      child.kill('SIGKILL')
    }
    const stop = async () => {
      const find = () => userProcess(child.pid!, this.config.User)
      const pid = isRunning() ? await until('a process of the user', find, 5_000) : undefined
      if (pid === undefined) throw new Error(`it has ended by itself\n${stdout}${stderr}`)
      const beganMs = performance.now()
      process.kill(pid, 'SIGTERM')
      const timer = setTimeout(kill, stopMsMax)
      const { status } = await ended
      clearTimeout(timer)
      return { status, ms: performance.now() - beganMs }
    }
    const running = { ended, isRunning, output: () => stdout + withoutBuildah(stderr), stop, kill }
    this.#processes.push(running)
    return running
  }

  /** The processes of this machine whose root is that of the container. */
  processIds(): number[] {
    const root = fileIdentity(this.rootDir)
    return entriesOf('/proc')
      .filter((name) => /^\d+$/.test(name) && fileIdentity(`/proc/${name}/root`) === root)
      .map(Number)
  }

  /** Kills what is still running. */
  async endAll(): Promise<void> {
    for (const running of this.#processes) running.kill()
    await Promise.all(this.#processes.map(({ ended }) => ended))
  }

  /** Kills what is still running, and removes the container. */
  async close(): Promise<void> {
    await this.endAll()
    await this.#buildah.run(['rm', this.#name])
  }
}

/**
 * The device and inode of a folder, which no mount changes; undefined if a process has ended
 * meanwhile.
 */
function fileIdentity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

/** The first process below `pid` that belongs to `user`, given as UID:GID. */
function userProcess(pid: number, user: string): number | undefined {
  const [uid, gid] = user.split(':')
  for (const child of childrenOf(pid)) {
    if (idsOf(child, 'Uid') === uid && idsOf(child, 'Gid') === gid) return child
    const below = userProcess(child, user)
    if (below !== undefined) return below
  }
  return undefined
}

/** Children by the thread that started each; buildah starts them from any thread. */
function childrenOf(pid: number): number[] {
  const threads = entriesOf(`/proc/${pid}/task`)
  const texts = threads.map((thread) => read(`/proc/${pid}/task/${thread}/children`))
  return texts.join(' ').split(' ').filter(Boolean).map(Number)
}

/** The id of a process, if its real, effective, saved and file system ids are the same. */
function idsOf(pid: number, kind: 'Uid' | 'Gid'): string | undefined {
  const line = new RegExp(`^${kind}:\\s+(\\d+)\\s+\\1\\s+\\1\\s+\\1$`, 'm')
  return line.exec(read(`/proc/${pid}/status`))?.[1]
}

/** The names in a folder of /proc; empty if the process has ended meanwhile. */
function entriesOf(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** The text of a file of /proc; empty if the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Removes what buildah prints about a status other than 0. */
function withoutBuildah(text: string): string {
  return text.replaceAll(/^(subprocess exited .*|Error: exit status \d+)\n?/gm, '')
}
