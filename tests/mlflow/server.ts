// A real MLflow 3 server for tests: installs it into a virtual environment of the cache, starts it
// with a SQLite database and its artifact proxy, and ends it.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { openVenv } from '../support/python-venv.ts'
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
export function installMlflow(dir: string): { program: string } | { missing: string } {
  const venv = openVenv(dir, ['mlflow>=3,<4'])
  return 'missing' in venv ? venv : { program: join(venv.bin, 'mlflow') }
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
