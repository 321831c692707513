// Patches how kafkajs 2.2.4 asks the brokers for a group's coordinator. It hides why they refuse,
// and takes a missing right for a coordinator that has not been elected yet, which it waits for.
import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'
import { lacksRight } from './broker-problem.ts'

type Callback = (chosen: unknown) => Promise<unknown>
type WithBroker = (this: unknown, callback: Callback) => Promise<unknown>

/** Makes `BrokerPool.withBroker` throw when the brokers refuse a right; safe to call again. */
export function patchCoordinator(): void {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/cluster/brokerPool.js') as {
    prototype: { withBroker: WithBroker }
  }
  const { withBroker } = prototype
  assert.equal(typeof withBroker, 'function')
  if (withBroker.name === 'withRefusal') return
  prototype.withBroker = async function withRefusal(callback) {
    let refusal: Error | undefined
    const result = await withBroker.call(this, async (chosen) => {
      try {
        return await callback(chosen)
      } catch (error) {
        if (error instanceof Error && lacksRight(error)) refusal = error
        throw error
      }
    })
    if (result === null && refusal !== undefined) throw refusal
    return result
  }
}
