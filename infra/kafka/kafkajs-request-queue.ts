// Mends one method of kafkajs 2.2.4: its request queue re-arms a timer with the delay
// `throttledUntil - now`, which is negative whenever the broker does not throttle. Node 24 warns
// (TimeoutNegativeWarning), and every Node spins a 1 ms timer a connection. Nothing else is
// changed.
import { createRequire } from 'node:module'
import { strict as assert } from 'node:assert'

type RequestQueue = {
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  pending: unknown[]
  checkPendingRequests(): void
}

/**
 * Interval at which a queue that waits for in-flight requests looks again (kafkajs's own value).
 */
const checkMs = 10

/**
 * Replaces `RequestQueue.prototype.scheduleCheckPendingRequests` by one that arms the timer only
 * while requests are pending, and never with a negative delay. Safe to call again.
 * Pending requests are the only thing that the timer serves: `push` arms it for each request that
 * it cannot send at once.
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
