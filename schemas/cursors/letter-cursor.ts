// The cursor of a page of dead letters: the place of its last one, newest first. It is readable
// text, so that one pattern defines it here and in openapi.json.
import { wholeNumber } from '../exact-json.ts'

/** A place among the dead letters. */
export type LetterPosition = {
  /** Epoch milliseconds. */
  readonly rejectedAtMs: number
  readonly topic: string
  readonly partition: number
  /** A bigint beyond 2^53. */
  readonly offset: number | bigint
  readonly recordTimeMs: number
  /** Empty for a stage that serves every model. */
  readonly model: string
  readonly attempt: number
}

/** Whole numbers that fit the columns, and names as Kafka and the model store allow them. */
const number = (digits: number) => `(0|[1-9][0-9]{0,${digits - 1}})`
const name = '([A-Za-z0-9._-]{1,249})'
const parts = [number(13), number(9), number(19), number(13), number(9), name]

/** What every cursor matches. Whatever matches is a valid place, with or without a dead letter. */
export const letterCursorPattern = `^${parts.join('~')}~([A-Za-z0-9._-]{0,249})$`
const pattern = new RegExp(letterCursorPattern)

/** Writes a cursor. */
export function letterCursor(position: LetterPosition): string {
  const { rejectedAtMs, partition, offset, recordTimeMs, attempt, topic, model } = position
  return [rejectedAtMs, partition, offset, recordTimeMs, attempt, topic, model].join('~')
}

/** Reads a cursor; undefined for anything else. */
export function readLetterCursor(cursor: string): LetterPosition | undefined {
  const match = pattern.exec(cursor)
  if (match === null) return undefined
  const [, rejectedAt, partition, offset, recordTime, attempt, topic, model] =
    match as unknown as string[]
  return {
    rejectedAtMs: Number(rejectedAt),
    partition: Number(partition),
    offset: wholeNumber(offset!),
    recordTimeMs: Number(recordTime),
    attempt: Number(attempt),
    topic: topic!,
    model: model!,
  }
}
