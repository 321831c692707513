// Patches what kafkajs 2.2.4 throws when it asks a broker that it has not connected to, which
// happens while a broker restarts. It is a plain Error, which kafkajs does not retry, so a consumer
// would end for good. With the patch it is a connection error as any other.
import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'

type Lookup = (...request: unknown[]) => unknown
type Broker = { lookupRequest: Lookup; readonly connect: unknown }

/** Where a broker keeps the function that it assigns to `lookupRequest`. */
const assigned = Symbol('lookupRequest')

/**
 * Makes `Broker.lookupRequest` throw KafkaJSConnectionError until connected; safe to call again.
 */
export function patchUnconnected(): void {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/broker/index.js') as {
    prototype: Broker & { [assigned]?: Lookup }
  }
  const { KafkaJSConnectionError } = require('kafkajs/src/errors.js') as {
    KafkaJSConnectionError: new (text: string) => Error
  }
  assert.equal(typeof prototype.connect, 'function')
  if (Object.hasOwn(prototype, 'lookupRequest')) return
  Object.defineProperty(prototype, 'lookupRequest', {
    set(this: { [assigned]?: Lookup }, lookup: Lookup) {
      this[assigned] =
        lookup.name === 'notInitializedLookup'
          ? () => {
              throw new KafkaJSConnectionError('Broker not connected')
            }
          : lookup
    },
    get(this: { [assigned]?: Lookup }) {
      return this[assigned]
    },
  })
}
