// An embedded engine in a process of its own, with the rights, quotas and cluster that a test
// gives it; own-engine.ts starts it.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import {
  analyticsServer,
  defaultServerLimits,
} from '../../infra/local/analytics/analytics-server.ts'
import { freshExchangeDir, openEngine } from '../../infra/local/analytics/chdb-engine.ts'
import type { EngineSetup } from './own-engine.ts'

const {
  dir,
  users,
  server: settings,
  password,
} = JSON.parse(process.argv[2]!) as EngineSetup & {
  dir: string
  password: string
}
const engine = await openEngine({
  dir,
  ...(users !== undefined && { users }),
  ...(settings !== undefined && { server: settings }),
})
const server = analyticsServer({
  engine,
  exchangeDir: await freshExchangeDir(dir),
  credentials: { user: 'winnow', password },
  limits: defaultServerLimits,
}).listen(0, '127.0.0.1')
await once(server, 'listening')
process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
// The parent closes the pipe when it is done, or has died.
process.stdin.resume().on('end', () => {
  server.closeAllConnections()
  server.close(() => {
    engine.close()
    process.exit(0)
  })
})
