// The sink of the runner that consumes dead letters of inputs sent again (winnow.retries). Another
// runner owns the partitions in which these events entered and writes their first outcomes. This
// one writes only outcomes of later attempts.
import type { Sink, StoredReads } from '../../schemas/ports/sink.ts'

/**
 * The sink, for events that were sent again only. An event without any outcome is not taken: it was
 * sent for the dead letter of another model, and the runner of its topic still has it.
 */
export function retrySink<Output>(sink: Sink<Output>): Sink<Output> {
  const { ofModel } = sink
  return {
    ...laterAttempts(sink),
    ofModel: ofModel && ((model) => laterAttempts(ofModel(model))),
    fence: (partitions, after) => sink.fence(partitions, after),
    write: (block, fence) => sink.write(block, fence),
  }
}

function laterAttempts(reads: StoredReads): StoredReads {
  return {
    // Notes of swaps are about first attempts.
    recover: () => Promise.resolve(),
    storedFrom: (topic, partition, fromOffset) => reads.storedFrom(topic, partition, fromOffset),
    async storedAttempts(topic, partition, origins) {
      const attempts = await reads.storedAttempts(topic, partition, origins)
      return attempts.map((attempt) => (attempt < 0 ? Infinity : attempt))
    },
  }
}
