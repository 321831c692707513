// A real MLflow 3 server for tests: installs it into a virtual environment of the cache, starts it
// with a SQLite database and its artifact proxy, and ends it.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../support/until.ts'

/** A running server. */
export type MlflowServer = {
  readonly url: string
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
}

/** Long, because MLflow imports for half a minute of processor time. */
const startMsMax = 600_000

/** The program that the virtual environment has, or what is missing. */
export function installMlflow(venv: string): { program: string } | { missing: string } {
  const program = join(venv, 'bin', 'mlflow')
  if (existsSync(program)) return { program }
  const made = spawnSync('python3', ['-m', 'venv', venv], { encoding: 'utf8' })
  if (made.error !== undefined) return { missing: 'there is no python3' }
  if (made.status !== 0) {
    return { missing: `python3 -m venv failed (Debian: python3-venv): ${lastLine(made.stderr)}` }
  }
  const pip = spawnSync(join(venv, 'bin', 'pip'), ['install', '--quiet', 'mlflow>=3,<4'], {
    encoding: 'utf8',
  })
  if (pip.status === 0 && existsSync(program)) return { program }
  return { missing: `pip could not install mlflow: ${lastLine(pip.stderr)}` }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

/** Starts a server on a port; another start with the same folder has the same content. */
export async function startMlflow(options: {
  readonly program: string
  readonly dir: string
  readonly port: number
}): Promise<MlflowServer> {
  const { program, dir, port } = options
  const log = await open(join(dir, 'server.log'), 'a')
  const args = [
    ...['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'],
    ...['--backend-store-uri', `sqlite:///${join(dir, 'mlflow.db')}`],
    ...['--artifacts-destination', join(dir, 'artifacts')],
  ]
  // A group of its own, because the server starts workers.
  const child = spawn(program, args, {
    cwd: dir,
    detached: true,
    // Workers for language models, which cost as much as the server.
    env: { ...process.env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' },
    stdio: ['ignore', log.fd, log.fd],
  })
  await log.close()
  const url = `http://127.0.0.1:${port}`
  await until(
    () => `${url} (see ${join(dir, 'server.log')})`,
    async () => {
      if (child.exitCode !== null) throw new Error(`MLflow ended with status ${child.exitCode}`)
      // The first answer from the database takes seconds.
      return fetch(`${url}/api/2.0/mlflow/experiments/search?max_results=1`).then(
        ({ ok }) => ok,
        () => false,
      )
    },
    startMsMax,
  ).catch(async (error: unknown) => {
    await killGroup(child)
    throw error
  })
  return { url, kill: () => killGroup(child) }
}

async function killGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  process.kill(-child.pid!, 'SIGKILL')
  await ended
}
