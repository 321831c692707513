// Lets the gateway ask for events by their own ids where ids are stored as keyed hashes.
import type { EventOutcomes } from '../../schemas/ports/event-outcomes.ts'
import type { LabellingReader } from '../../schemas/ports/labelling-reader.ts'
import type { ResultReader } from '../../schemas/ports/result-reader.ts'
import type { StoredId } from '../../schemas/hashed-id.ts'

/** The same reader, asked by the id of an event or by its stored form. */
export function resultsByOwnId(reader: ResultReader, storedId: StoredId): ResultReader {
  return {
    byId: (id) => reader.byId(storedId(id)),
    list: (filter) => reader.list(filter),
  }
}

/** The same reader; outcomes have the ids that were asked for. */
export function outcomesByOwnId(outcomes: EventOutcomes, storedId: StoredId): EventOutcomes {
  const asked = (ids: readonly string[]): Map<string, string> =>
    new Map(ids.map((id) => [storedId(id), id]))
  return {
    async newestResults(ids) {
      const own = asked(ids)
      const results = await outcomes.newestResults([...own.keys()])
      return results.map((one) => ({ ...one, eventId: own.get(one.eventId) ?? one.eventId }))
    },
    async deadLetters(ids, sinceMs) {
      const own = asked(ids)
      const letters = await outcomes.deadLetters([...own.keys()], sinceMs)
      return letters.map((one) => ({ ...one, id: own.get(one.id) ?? one.id }))
    },
  }
}

/** The same reader, asked by the id of an event or by its stored form. */
export function labellingByOwnId(reader: LabellingReader, storedId: StoredId): LabellingReader {
  return { ...reader, similar: (id, limit) => reader.similar(storedId(id), limit) }
}
