// The analytics service's own process: opens the engine over `--dir`, serves it on the port that
// the state folder `--state` names, to who knows the password there, and leaves cleanly on SIGTERM
// or SIGINT.
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

/** Requests that still run get this long to finish when the process is told to stop. */
const drainMsMax = 10_000

async function main(): Promise<void> {
  // Merges can wait for a text that somebody waits for; inserts that fall behind slow the stream
  // down.
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
 * Ends the process's working folder. The scalar function `file`, which no grant covers, and every
 * other way in which this engine opens a file that a statement names, resolve it against that
 * folder first, and fail.
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
