// Runs the analytics service in a process of its own: opens the engine over `--dir` and serves it
// on the port in the state folder `--state`, to callers with the password from there. Drains on
// SIGTERM and SIGINT.
import { once } from 'node:events'
import { mkdtemp, rmdir } from 'node:fs/promises'
import type { Server } from 'node:http'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { errorMessage } from '../../../schemas/errors.ts'
import { analyticsServer, defaultServerLimits } from './analytics-server.ts'
import { freshExchangeDir, openEngine } from './chdb-engine.ts'
import type { AnalyticsEngine } from './chdb-engine.ts'
import { analyticsUser, readStackState } from '../services/stack-state.ts'
import { yieldProcessor } from './yield-processor.ts'

/** After a stop signal, running requests have this long to finish. */
const drainMsMax = 10_000

async function main(): Promise<void> {
  // People wait for classified texts; nobody waits for merges. If inserts fall behind, the stream
  // slows down.
  yieldProcessor()
  const { values } = parseArgs({
    options: { dir: { type: 'string' }, state: { type: 'string' } },
    strict: true,
  })
  const dir = resolve(values.dir ?? '.')
  const state = await readStackState(resolve(values.state ?? '.'))
  if (state === undefined) throw new Error('--state must name the folder of a stack')
  const { analytics: port } = state.ports
  const exchangeDir = await freshExchangeDir(dir)
  const engine = await openEngine({ dir })
  await leaveWorkingFolder(dir)
  const credentials = { user: analyticsUser, password: state.secrets.analyticsPassword }
  const server = analyticsServer({ engine, exchangeDir, credentials, limits: defaultServerLimits })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  process.stdout.write(`ClickHouse ${engine.version} (embedded) on http://127.0.0.1:${port}\n`)
  stopOnSignal(server, engine)
}

/**
 * Removes the process's working folder. The engine resolves every file that a statement names
 * against that folder before anything else, so all of these fail. That includes the scalar function
 * `file`, which no grant covers.
 */
async function leaveWorkingFolder(dir: string): Promise<void> {
  const folder = await mkdtemp(join(dir, 'removed-'))
  process.chdir(folder)
  await rmdir(folder)
}

/** The first signal drains; a second one, or the end of the grace period, stops at once. */
function stopOnSignal(server: Server, engine: AnalyticsEngine): void {
  let isStopping = false
  const stop = () => {
    if (isStopping) process.exit(1)
    isStopping = true
    setTimeout(() => process.exit(1), drainMsMax).unref()
    server.close(() => {
      engine.close()
      process.exit(0)
    })
    server.closeIdleConnections()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error: unknown) => {
  process.stderr.write(`${errorMessage(error)}\n`)
  process.exitCode = 1
})
