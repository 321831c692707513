// Patches the request timer of kafkajs 2.2.4. Its queue re-arms a timer with the delay
// `throttledUntil - now`, which is negative whenever the broker does not throttle. Node 24 warns
// (TimeoutNegativeWarning), and every version of Node then runs a 1 ms timer per connection.
// Nothing else is changed.
import { createRequire } from 'node:module'
import { strict as assert } from 'node:assert'

type RequestQueue = {
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  pending: unknown[]
  checkPendingRequests(): void
}

/** How often a queue that waits for in-flight requests checks again (kafkajs's own value). */
const checkMs = 10

/**
 * Replaces `RequestQueue.prototype.scheduleCheckPendingRequests` with one that arms the timer only
 * while requests are pending, and never with a negative delay. Safe to call again.
 *
 * The timer serves pending requests only: `push` arms it for each request that cannot be sent at
 * once.
 */
export function patchRequestQueue(): void {
  const require = createRequire(import.meta.url)
  const queueClass = require('kafkajs/src/network/requestQueue/index.js') as {
    prototype: RequestQueue & { scheduleCheckPendingRequests?: unknown }
  }
  assert.equal(typeof queueClass.prototype.scheduleCheckPendingRequests, 'function')
  queueClass.prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests
}

function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return
  const throttledMs = this.throttledUntil - Date.now()
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    },
    throttledMs > 0 ? throttledMs : checkMs,
  )
}
