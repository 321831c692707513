// What of a block a sink lacks, after a write of which nobody knows how it ended: the answer was
// lost, or the server was killed in the middle of it. The sink is asked as after a change of
// owners.
import type { Lineage } from '../../schemas/record.ts'
import { DeliveredEvents, type DeliveredReads } from './delivered-events.ts'
import type { Block } from '../../schemas/ports/sink.ts'

/**
 * The block without what the sink has. Only right after a fence was raised does the sink tell all.
 * Throws what its reads throw.
 */
export async function undelivered<Output>(
  block: Block<Output>,
  sink: DeliveredReads,
): Promise<Block<Output>> {
  const delivered = new DeliveredEvents(sink)
  const letters = block.deadLetters.map((letter) => ({
    letter,
    origin: letter,
    attempt: letter.attempt,
  }))
  const missing = async <Event extends Lineage>(events: readonly Event[]): Promise<Event[]> => {
    await delivered.prepare(events)
    const found: Event[] = []
    for (const event of events) if (!(await delivered.has(event))) found.push(event)
    return found
  }
  return {
    token: block.token,
    outputs: await missing(block.outputs),
    deadLetters: (await missing(letters)).map(({ letter }) => letter),
  }
}
