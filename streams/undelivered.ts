// What of a block a sink lacks, after a write of which nobody knows how it ended: the answer was lost, or
// the server was killed in the middle of it. The sink is asked as after a change of owners.
import type { Lineage } from '../schemas/record.ts'
import type { Origin } from '../schemas/validated.ts'
import { DeliveredOffsets } from './delivered-offsets.ts'
import type { Block, Sink } from './ports.ts'

/**
 * The block without what the sink has. Only right after a fence was raised does the sink tell all.
 * Throws what its reads throw.
 */
export async function undelivered<Output>(
  block: Block<Output>,
  sink: Pick<Sink<Output>, 'delivered' | 'settledAttempts'>,
): Promise<Block<Output>> {
  const byPartition = new Map<string, DeliveredOffsets>()
  const offsetsOf = ({ topic, partition }: Origin): DeliveredOffsets => {
    const key = `${topic}/${partition}`
    const offsets =
      byPartition.get(key) ??
      new DeliveredOffsets({
        page: (from) => sink.delivered(topic, partition, from),
        attempts: (origins) => sink.settledAttempts(topic, partition, origins),
      })
    byPartition.set(key, offsets)
    return offsets
  }
  const letters = block.deadLetters.map((letter) => ({
    ...{ letter, origin: letter, attempt: letter.attempt },
  }))
  const missing = async <Event extends Lineage>(events: readonly Event[]): Promise<Event[]> => {
    const groups = Map.groupBy(events, ({ origin }) => offsetsOf(origin))
    for (const [offsets, group] of groups) await offsets.prepare(group)
    const found: Event[] = []
    for (const event of events) if (!(await offsetsOf(event.origin).has(event))) found.push(event)
    return found
  }
  return {
    token: block.token,
    outputs: await missing(block.outputs),
    deadLetters: (await missing(letters)).map(({ letter }) => letter),
  }
}
