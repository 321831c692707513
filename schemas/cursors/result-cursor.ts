// The cursor of a page of results: the place of its last row in the order in which results are
// listed. It is readable text, so that one pattern defines it here and in openapi.json.
import { wholeNumber } from '../exact-json.ts'

/** A place among the results. */
export type ResultPosition = {
  /** Epoch milliseconds. */
  readonly classifiedAtMs: number
  readonly topic: string
  readonly partition: number
  /** A bigint beyond 2^53. */
  readonly offset: number | bigint
  readonly model: string
  readonly version: string
}

/** Whole numbers that fit the columns, and names as Kafka and the model store allow them. */
const number = (digits: number) => `(0|[1-9][0-9]{0,${digits - 1}})`
const name = '([A-Za-z0-9._-]{1,249})'

/** What every cursor matches. Whatever matches is a valid place, with or without a row. */
export const resultCursorPattern = `^${[number(13), number(9), number(19), name, name, name].join('~')}$`
const pattern = new RegExp(resultCursorPattern)

/** Writes a cursor. */
export function resultCursor(position: ResultPosition): string {
  const { classifiedAtMs, partition, offset, topic, model, version } = position
  return [classifiedAtMs, partition, offset, topic, model, version].join('~')
}

/** Reads a cursor; undefined for anything else. */
export function readResultCursor(cursor: string): ResultPosition | undefined {
  const match = pattern.exec(cursor)
  if (match === null) return undefined
  const [, at, partition, offset, topic, model, version] = match as unknown as string[]
  return {
    classifiedAtMs: Number(at),
    partition: Number(partition),
    offset: wholeNumber(offset!),
    topic: topic!,
    model: model!,
    version: version!,
  }
}
