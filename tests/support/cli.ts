// Runs the command line as a user does: as a process of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

export type Environment = Readonly<Record<string, string>>

/**
 * A program and the arguments before the command's own; by default the sources on the Node that
 * runs the tests.
 */
export type Program = readonly [program: string, ...before: string[]]

const sources: Program = [process.execPath, `${root}cli.ts`]

export type Finished = { status: number; stdout: string; stderr: string }

/** Runs one command to its end. */
export async function winnow(
  args: readonly string[],
  options: { env?: Environment; input?: string; cwd?: string; program?: Program } = {},
): Promise<Finished> {
  const child = start(args, options)
  child.stdin?.end(options.input ?? '')
  const output = collect(child)
  const [status] = (await once(child, 'close')) as [number | null]
  return { status: status ?? -1, ...output() }
}

/** A command that runs until it is stopped. */
export type Running = {
  readonly pid: number
  /** All its output so far. */
  output(): { stdout: string; stderr: string }
  /** The JSON document that it printed when it was ready. */
  readonly document: Record<string, unknown>
  /**
   * Sends a signal and waits for the end. Resolves with the exit status, or -1 if it was killed.
   */
  stop(signal?: NodeJS.Signals): Promise<number>
}

/** Starts a long-running command with --json and waits for its document. */
export async function startWinnow(
  args: readonly string[],
  options: { env?: Environment; readyMsMax?: number; cwd?: string; program?: Program } = {},
): Promise<Running> {
  const child = start([...args, '--json'], options)
  const output = collect(child)
  const ended = once(child, 'close') as Promise<[number | null]>
  const document = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL')
      reject(new Error(`winnow ${args.join(' ')} ${why}\n${output().stdout}${output().stderr}`))
    }
    const timer = setTimeout(() => fail('did not become ready'), options.readyMsMax ?? 60_000)
    child.stdout?.on('data', () => {
      const line = output().stdout.split('\n')[0]!
      if (!output().stdout.includes('\n')) return
      clearTimeout(timer)
      const document = JSON.parse(line) as Record<string, unknown>
      if ('error' in document) fail('failed')
      else resolve(document)
    })
    void ended.then(([status]) => {
      clearTimeout(timer)
      fail(`ended with ${status}`)
    })
  })
  return {
    pid: child.pid!,
    output,
    document,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      const [status] = await ended
      return status ?? -1
    },
  }
}

function start(
  args: readonly string[],
  options: { env?: Environment; cwd?: string; program?: Program },
): ChildProcess {
  const [program, ...before] = options.program ?? sources
  return spawn(program, [...before, ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

function collect(child: ChildProcess): () => { stdout: string; stderr: string } {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return () => ({ stdout, stderr })
}
