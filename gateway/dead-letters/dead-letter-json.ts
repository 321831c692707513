// The JSON of dead letters, with its schemas.
import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import type { TextView } from '../http/text-view.ts'
import type { ListedDeadLetter, WholeDeadLetter } from '../../schemas/ports/dead-letters.ts'

/** A dead letter in a list. */
export function letterOnTheWire(
  { rejectedAtMs, message, ...letter }: ListedDeadLetter,
  { show }: TextView,
) {
  return { ...letter, message: show(message), rejectedAt: new Date(rejectedAtMs).toISOString() }
}

/** A dead letter with its payload. */
export function wholeOnTheWire(
  letter: WholeDeadLetter,
  view: TextView,
): z.output<typeof oneDeadLetter> {
  const { key, payload, payloadBytes, attempts, recordTimeMs, ...listed } = letter
  const isCut = payload.length < payloadBytes
  return {
    ...letterOnTheWire(listed, view),
    recordTime: new Date(recordTimeMs).toISOString(),
    key: view.isMasked ? hidden : { text: textOf(key), base64: key.toString('base64') },
    payload: {
      ...(view.isMasked
        ? hidden
        : {
            text: textOf(isCut ? withoutCutCharacter(payload) : payload),
            base64: payload.toString('base64'),
          }),
      bytes: payloadBytes,
      isCut,
    },
    attempts: attempts.map(({ rejectedAtMs, ...attempt }) => ({
      ...attempt,
      rejectedAt: new Date(rejectedAtMs).toISOString(),
    })),
  }
}

/**
 * What masked readers get of a record: its bytes may be of any form, with escapes or compressed, so
 * nothing in them can be masked reliably.
 */
const hidden = { text: null, base64: '' }

function textOf(bytes: Buffer): string | null {
  return isUtf8(bytes) ? bytes.toString('utf8') : null
}

/** Without the character at the end that has lost some of its bytes; UTF-8 has at most four. */
function withoutCutCharacter(bytes: Buffer): Buffer {
  const lengths = [0, 1, 2, 3].map((cut) => Math.max(0, bytes.length - cut))
  const length = lengths.find((end) => isUtf8(bytes.subarray(0, end)))
  return bytes.subarray(0, length)
}

const listedFields = {
  id: z.string().describe('topic/partition/offset of the event.'),
  code: z.string().describe('Why it was rejected: stable.'),
  stage: z.string().describe('The stage that rejected it.'),
  attempt: z.int().describe('How often the event had been replayed before.'),
  model: z
    .string()
    .nullable()
    .describe('The model whose consumer rejected it; null: a stage that serves every model.'),
  open: z.boolean().describe('Whether no later attempt gave a row or another dead letter.'),
  rejectedAt: z.iso.datetime(),
  message: z.string(),
}

const listedExample = {
  id: 'winnow.events/3/17',
  code: 'text_empty',
  stage: 'validate',
  attempt: 0,
  model: null,
  open: true,
  rejectedAt: '2025-01-31T12:00:00.120Z',
  message: 'text is empty',
}

/** One page of dead letters. */
export const deadLetterPage = z
  .strictObject({
    deadLetters: z.array(z.strictObject(listedFields)),
    codes: z
      .array(z.strictObject({ code: z.string(), open: z.int(), all: z.int() }))
      .describe('How many there are between since and until, whatever code and state are asked.'),
    cursor: z.string().optional().describe('The last page has none.'),
  })
  .meta({
    examples: [{ deadLetters: [listedExample], codes: [{ code: 'text_empty', open: 1, all: 3 }] }],
  })

const textDescription = 'Null if it is not UTF-8, and for a key with the scope read-masked.'

/** One dead letter with its payload. */
export const oneDeadLetter = z
  .strictObject({
    ...listedFields,
    recordTime: z.iso.datetime().describe('The time of the record on the topic.'),
    key: z.strictObject({
      text: z.string().nullable().describe(textDescription),
      base64: z.string().describe('Empty for a key with the scope read-masked.'),
    }),
    payload: z
      .strictObject({
        text: z.string().nullable().describe(textDescription),
        base64: z.string().describe('Empty for a key with the scope read-masked.'),
        bytes: z.int().describe('The length of the value.'),
        isCut: z.boolean().describe('Whether only the first 64 KiB were kept.'),
      })
      .describe('The value of the record.'),
    attempts: z
      .array(
        z.strictObject({
          attempt: z.int(),
          model: z.string().nullable(),
          code: z.string(),
          rejectedAt: z.iso.datetime(),
        }),
      )
      .describe('All dead letters of the event, the latest first; at most 100.'),
  })
  .meta({
    examples: [
      {
        ...listedExample,
        recordTime: '2025-01-31T12:00:00.000Z',
        key: { text: '', base64: '' },
        payload: { text: 'hi', base64: 'aGk=', bytes: 2, isCut: false },
        attempts: [
          { attempt: 0, model: null, code: 'text_empty', rejectedAt: '2025-01-31T12:00:00.120Z' },
        ],
      },
    ],
  })
