// One process of the real command line under test: starts it with or without faults, watches it,
// sends it signals.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../../support/cli.ts'
import { publishedNode } from '../../support/published-node.ts'
import { until } from '../../support/until.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
/** Most output that is kept of a process; a failing test shows it. */
const outputCharsMax = 20_000

export type Actor = {
  readonly name: string
  readonly pid: number
  /** The document that it printed when it was ready. Rejects if it ends before that. */
  readonly ready: Promise<Record<string, unknown>>
  /** Resolves with the signal or status that ended it. */
  readonly ended: Promise<string>
  isAlive(): boolean
  /** Whether SIGSTOP has stopped it. */
  isPaused(): boolean
  signal(signal: NodeJS.Signals): void
  /** Whether it was already sent SIGTERM; a second one would end it at once. */
  wasAskedToEnd(): boolean
  /** The end of its output. */
  output(): string
  /** Resident bytes. */
  rssBytes(): number
}

/** Starts a command. `faults` is WINNOW_FAULTS: see configs/fault-hook.ts. */
export function startActor(
  args: readonly string[],
  options: { env: Environment; faults?: string | undefined },
): Actor {
  const { env, faults = '' } = options
  const node = publishedNode()
  const child = spawn(process.execPath, [node.flag, `${root}cli.ts`, ...args, '--json'], {
    cwd: root,
    env: {
      ...process.env,
      NO_COLOR: '1',
      ...node.env,
      ...env,
      WINNOW_FAULTS: faults,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-outputCharsMax)
  })
  const ended = (once(child, 'close') as Promise<[number | null, string | null]>).then(
    ([status, signal]) => signal ?? String(status),
  )
  const ready = new Promise<Record<string, unknown>>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-outputCharsMax)
      const [line, rest] = stdout.split('\n')
      if (rest !== undefined) resolve(JSON.parse(line!) as Record<string, unknown>)
    })
    void ended.then((how) => {
      reject(new Error(`${args.join(' ')} ended with ${how}\n${stderr}`))
    })
  })
  ready.catch(() => undefined)
  let asked = false
  const isAlive = () => child.exitCode === null && child.signalCode === null
  return {
    name: args.join(' '),
    pid: child.pid!,
    ready,
    ended,
    isAlive,
    isPaused: () => isAlive() && stateOf(child.pid!).startsWith('T'),
    signal(signal) {
      if (signal === 'SIGTERM') asked = true
      child.kill(signal)
    },
    wasAskedToEnd: () => asked,
    output: () => `${stdout}${stderr}`,
    rssBytes: () => rssOf(child.pid!),
  }
}

/** Ends a process in an orderly way. Throws if its exit status is not 0. */
export async function stopActor(actor: Actor): Promise<void> {
  // A signal before it is ready ends it without a message.
  await actor.ready.catch(() => undefined)
  if (actor.isAlive() && !actor.wasAskedToEnd()) actor.signal('SIGTERM')
  await until(`the end of ${actor.name}`, () => !actor.isAlive(), 90_000)
  const how = await actor.ended
  if (how !== '0') throw new Error(`${actor.name} ended with ${how}\n${actor.output()}`)
}

/** Kills processes, whatever state they are in, and waits until they have ended. */
export async function killActors(actors: Iterable<Actor>): Promise<void> {
  for (const actor of actors) {
    if (actor.isAlive()) actor.signal('SIGKILL')
    await actor.ended
  }
}

function stateOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

/** Field 2 of /proc/PID/statm (proc(5)) in pages, or what ps reports in kilobytes. */
function rssOf(pid: number): number {
  if (process.platform === 'linux') {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4_096
  }
  const text = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
  return Number(text) * 1_024
}
