// The analytics service's own process: opens the engine over `--dir`, serves it on `--port`, and
// leaves cleanly on SIGTERM or SIGINT. Started by the supervisor; everything comes by argument.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'

import { errorMessage } from '../../schemas/errors.ts'
import { analyticsServer, defaultServerLimits } from './analytics-server.ts'
import { freshExchangeDir, openEngine } from './chdb-engine.ts'
import type { AnalyticsEngine } from './chdb-engine.ts'
import { yieldProcessor } from './yield-processor.ts'

/** Requests that still run get this long to finish when the process is told to stop. */
const drainMsMax = 10_000

async function main(): Promise<void> {
  // Merges can wait for a text that somebody waits for; inserts that fall behind slow the stream down.
  yieldProcessor()
  const { values } = parseArgs({
    options: { dir: { type: 'string' }, port: { type: 'string' } },
    strict: true,
  })
  const dir = values.dir ?? '.'
  const exchangeDir = await freshExchangeDir(dir)
  const engine = await openEngine({ dir })
  const server = analyticsServer({ engine, exchangeDir, limits: defaultServerLimits })
  server.listen(Number(values.port ?? '8123'), '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  process.stdout.write(`ClickHouse ${engine.version} (embedded) on http://127.0.0.1:${port}\n`)
  stopOnSignal(server, engine)
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
