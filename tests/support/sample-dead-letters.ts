// The dead letter of a gateway under test, and the replays that it was asked for.
import type {
  DeadLetters,
  ListedDeadLetter,
  ReplaySelection,
  WholeDeadLetter,
} from '../../schemas/ports/dead-letters.ts'

const listed: ListedDeadLetter = {
  id: 'winnow.events/3/18',
  code: 'text_empty',
  stage: 'validate',
  attempt: 1,
  model: null,
  open: true,
  rejectedAtMs: Date.UTC(2025, 0, 31, 12, 0, 0, 120),
  message: 'text is empty',
}

/** The one dead letter of a gateway under test. */
export const wholeDeadLetter: WholeDeadLetter = {
  ...listed,
  recordTimeMs: Date.UTC(2025, 0, 31, 12),
  key: Buffer.from('k'),
  payload: Buffer.from('{"text":""}'),
  payloadBytes: 11,
  attempts: [
    { attempt: 1, model: null, code: 'text_empty', rejectedAtMs: Date.UTC(2025, 0, 31, 12, 0, 1) },
    { attempt: 0, model: null, code: 'text_empty', rejectedAtMs: Date.UTC(2025, 0, 31, 12) },
  ],
}

/** Dead letters with one entry; adds each replay to `asked`. */
export function sampleDeadLetters(asked: ReplaySelection[] = []): DeadLetters {
  return {
    list: () =>
      Promise.resolve({
        letters: [listed],
        codes: [{ code: 'text_empty', open: 1, all: 2 }],
        cursor: '1~3~18~1~0~winnow.events~',
      }),
    at: ({ topic, partition, offset }) =>
      Promise.resolve(
        `${topic}/${partition}/${offset}` === listed.id ? wholeDeadLetter : undefined,
      ),
    replay(selection) {
      asked.push(selection)
      return Promise.resolve({ matched: 2, sent: 1, skipped: { already_sent: 1 }, stopped: false })
    },
  }
}
