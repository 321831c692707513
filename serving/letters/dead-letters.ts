// Dead letters for the gateway: reads them from ClickHouse, and replays them with the code of
// `winnow dlq replay`, one replay at a time.
import { hostname } from 'node:os'
import type { Config } from '../../configs/schema.ts'
import {
  countLetters,
  listLetters,
  readLetter,
  type LetterRow,
} from '../../infra/readers/dead-letter-reader.ts'
import { WinnowError } from '../../schemas/errors.ts'
import {
  letterCursor,
  readLetterCursor,
  type LetterPosition,
} from '../../schemas/cursors/letter-cursor.ts'
import type { DeadLetters, ListedDeadLetter } from '../../schemas/ports/dead-letters.ts'
import { parseEventPlace } from '../../schemas/record.ts'
import { replayLetters, type ReplayClients } from './letter-replay.ts'

/** Makes the reader; the caller closes the clients. */
export function createDeadLetters(
  clients: ReplayClients,
  config: Pick<Config, 'topics' | 'inputs'>,
): DeadLetters {
  const { analytics } = clients
  let isReplaying = false
  return {
    async list({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? undefined : readLetterCursor(cursor)
      if (cursor !== undefined && after === undefined) {
        const message = 'cursor must be the cursor of an earlier page of dead letters'
        throw new WinnowError('parameter_invalid', message)
      }
      const { sinceMs, untilMs } = filter
      const [found, codes] = await Promise.all([
        listLetters(analytics, { ...filter, after }, limit + 1),
        countLetters(analytics, { state: 'all', sinceMs, untilMs }),
      ])
      const letters = found.slice(0, limit)
      const last = found.length > limit ? letters.at(-1) : undefined
      return {
        letters: letters.map(listed),
        codes: codes.map(({ code, open, total }) => ({ code, open, all: total })),
        ...(last === undefined ? {} : { cursor: letterCursor(positionOf(last)) }),
      }
    },

    async at(place) {
      const letter = await readLetter(analytics, place)
      if (letter === undefined) return undefined
      const { recordTimeMs, key, payload, payloadBytes, attempts } = letter
      return {
        ...listed(letter),
        recordTimeMs,
        key,
        payload,
        payloadBytes,
        attempts: attempts.map(({ attempt, model, code, rejectedAtMs }) => ({
          attempt,
          model: model === '' ? null : model,
          code,
          rejectedAtMs,
        })),
      }
    },

    async replay(filter, { eventsMax, by, signal }) {
      if (isReplaying) {
        const message = 'Another replay of dead letters is running; try again when it has ended'
        throw new WinnowError('queue_full', message)
      }
      isReplaying = true
      try {
        const { matched, sent, skipped, stopped } = await replayLetters(
          clients,
          { filter, limit: eventsMax, again: false, by: `${by}@${hostname()}`, signal },
          config,
        )
        return { matched, sent, skipped, stopped }
      } finally {
        isReplaying = false
      }
    },
  }
}

function listed(row: LetterRow): ListedDeadLetter {
  const { id, code, stage, attempt, model, open, rejectedAtMs, message } = row
  return {
    id,
    code,
    stage,
    attempt,
    model: model === '' ? null : model,
    open,
    rejectedAtMs,
    message,
  }
}

function positionOf({ id, rejectedAtMs, recordTimeMs, model, attempt }: LetterRow): LetterPosition {
  return { ...parseEventPlace(id)!, rejectedAtMs, recordTimeMs, model, attempt }
}
