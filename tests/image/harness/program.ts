// Runs one program of the system to its end, with its output in a log file.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

/** Lines of a failed program's output that its error repeats. */
const tailLines = 25
/** How long a program may take to end after SIGTERM. */
const graceMs = 20_000

/**
 * Runs a program and resolves with its stdout. With `log`, both outputs are written there too.
 * `signal` ends the program; its end is awaited.
 *
 * @throws Error with the last lines of its output if its status is not 0.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; log?: string; signal?: AbortSignal } = {},
): Promise<string> {
  const { log, signal, ...rest } = options
  const child = spawn(program, args, { ...rest, stdio: ['ignore', 'pipe', 'pipe'] })
  const file = log === undefined ? undefined : createWriteStream(log, { flags: 'a' })
  let stdout = ''
  let all = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    all += text
    file?.write(text)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text
    file?.write(text)
  })
  let killing: NodeJS.Timeout | undefined
  const stop = () => {
    child.kill('SIGTERM')
    killing = setTimeout(() => child.kill('SIGKILL'), graceMs)
  }
  signal?.addEventListener('abort', stop, { once: true })
  const [status] = (await once(child, 'close')) as [number | null]
  signal?.removeEventListener('abort', stop)
  clearTimeout(killing)
  file?.end()
  signal?.throwIfAborted()
  if (status === 0) return stdout
  const tail = all.trimEnd().split('\n').slice(-tailLines).join('\n')
  const where = log === undefined ? '' : `; all of it is in ${log}`
  throw new Error(`${program} ${args[0] ?? ''} ended with ${status}${where}\n${tail}`)
}
