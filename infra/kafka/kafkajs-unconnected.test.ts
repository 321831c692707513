// What kafkajs throws when it asks a broker that is not connected: an error that it retries.
import { createRequire } from 'node:module'
import { afterAll, expect, it } from 'vitest'
import { patchUnconnected } from './kafkajs-unconnected.ts'
import { takeKafkajsFromCache } from '../../tests/support/kafkajs-cache.ts'

// A kafkajs of this file's own: other files in this process may have patched theirs.
const require = createRequire(import.meta.url)
const shared = takeKafkajsFromCache(require)
afterAll(() => {
  takeKafkajsFromCache(require)
  Object.assign(require.cache, shared)
})

type Broker = { heartbeat(request: object): Promise<unknown> }
const BrokerClass = require('kafkajs/src/broker/index.js') as new (options: object) => Broker

/** What a broker without a connection throws when it is asked. */
async function thrown(): Promise<{ message: string; retriable?: boolean }> {
  const connectionPool = { host: 'localhost', port: 9092, isConnected: () => false }
  const broker = new BrokerClass({
    connectionPool,
    logger: { namespace: () => ({}) },
    versions: null,
  })
  return broker.heartbeat({}).then(
    () => ({ message: 'nothing' }),
    (error: unknown) => error as Error,
  )
}

it('makes a request to a broker without a connection fail as any connection does', async () => {
  const before = await thrown()
  expect(before.message).toBe('Broker not connected')
  expect(before.retriable).toBeUndefined()
  patchUnconnected()
  patchUnconnected()
  expect(await thrown()).toMatchObject({ message: 'Broker not connected', retriable: true })
})
