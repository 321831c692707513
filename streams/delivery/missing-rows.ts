// Tells which rows of a block a sink lacks after a write whose end is unknown: the answer was lost,
// or the server was killed during the insert. The sink is asked as after a change of owners.
import { Deduplicator, type OutcomeOf, type SinkReads } from './deduplicator.ts'
import type { Block } from '../../schemas/ports/sink.ts'

/**
 * The block without what the sink has. Call it right after raising a fence; only then the sink
 * tells everything. Throws what its reads throw.
 */
export async function missingRows<Output>(
  block: Block<Output>,
  sink: SinkReads,
): Promise<Block<Output>> {
  const stored = new Deduplicator(sink)
  const letters = block.deadLetters.map((letter) => ({
    letter,
    origin: letter,
    attempt: letter.attempt,
    model: letter.model === '' ? undefined : letter.model,
  }))
  const missing = async <Event extends OutcomeOf>(events: readonly Event[]): Promise<Event[]> => {
    await stored.prepare(events)
    const found: Event[] = []
    for (const event of events) if (!(await stored.has(event))) found.push(event)
    return found
  }
  return {
    token: block.token,
    outputs: await missing(block.outputs),
    deadLetters: (await missing(letters)).map(({ letter }) => letter),
    records: block.records,
    // A note that is written twice counts once.
    filtered: block.filtered,
  }
}
