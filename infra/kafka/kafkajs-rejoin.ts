// Patches how a member of kafkajs 2.2.4 rejoins its group when its metadata are stale, because
// partitions were added or a leader moved. kafkajs rejoins from within the fetch of one broker
// while batches of other brokers are still being handled. Those batches then move the positions of
// the new assignment past records that no handler got. With the patch all fetches end first, as
// they do when the broker asks for a rebalance.
import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'

type Group = { cluster: { refreshMetadata(): Promise<void> } }
type Recover = (this: Group, error: Failure) => Promise<void>
type Failure = Error & { readonly type?: string }

/** The errors that kafkajs takes for stale metadata (its STALE_METADATA_ERRORS). */
const staleTypes = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
])

/** Replaces `ConsumerGroup.prototype.recoverFromFetch` for these errors; safe to call again. */
export function patchRejoin(): void {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/consumer/consumerGroup.js') as {
    prototype: { recoverFromFetch: Recover }
  }
  const { recoverFromFetch } = prototype
  assert.equal(typeof recoverFromFetch, 'function')
  if (recoverFromFetch.name === 'recoverInOrder') return
  prototype.recoverFromFetch = async function recoverInOrder(error) {
    const isStale =
      staleTypes.has(error.type ?? '') || error.name === 'KafkaJSTopicMetadataNotLoaded'
    if (isStale) await this.cluster.refreshMetadata()
    else if (error.name !== 'KafkaJSStaleTopicMetadataAssignment') {
      return recoverFromFetch.call(this, error)
    }
    // This type makes kafkajs's runner stop its fetches and join again.
    throw Object.assign(error, { type: 'REBALANCE_IN_PROGRESS' })
  }
}
