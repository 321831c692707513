// A place in the order in which results became visible, and the cursor that names it. The first
// part is the number that ClickHouse gives a block of rows when it becomes visible; rows of one
// block follow the order of the table.
import { wholeNumber } from '../exact-json.ts'

/** One row of a block. */
export type LogRow = {
  readonly topic: string
  readonly partition: number
  /** A bigint beyond 2^53. */
  readonly offset: number | bigint
  readonly model: string
  readonly version: string
}

/** The place after one row of a block or, without `row`, after the whole block. */
export type LogPosition = { readonly block: number; readonly row?: LogRow }

/** Whole numbers that fit the columns, and names as Kafka and the model store allow them. */
const number = (digits: number) => `(0|[1-9][0-9]{0,${digits - 1}})`
const name = '([A-Za-z0-9._-]{1,249})'

/** What every cursor matches. Whatever matches is a valid place, with or without a row. */
export const logCursorPattern =
  `^${number(15)}(?:~` + [number(9), number(19), name, name, name].join('~') + ')?$'
const pattern = new RegExp(logCursorPattern)

/** Writes a cursor. */
export function logCursor({ block, row }: LogPosition): string {
  if (row === undefined) return String(block)
  const { partition, offset, topic, model, version } = row
  return [block, partition, offset, topic, model, version].join('~')
}

/** Reads a cursor; undefined for anything else. */
export function readLogCursor(cursor: string): LogPosition | undefined {
  const match = pattern.exec(cursor)
  if (match === null) return undefined
  const [, block, partition, offset, topic, model, version] = match as (string | undefined)[]
  if (partition === undefined) return { block: Number(block) }
  const row = { topic: topic!, partition: Number(partition), offset: wholeNumber(offset!) }
  return { block: Number(block), row: { ...row, model: model!, version: version! } }
}

/** Negative if `a` is before `b`, 0 if they are the same place. */
export function comparePositions(a: LogPosition, b: LogPosition): number {
  if (a.block !== b.block) return a.block - b.block
  if (a.row === undefined || b.row === undefined) {
    return Number(a.row === undefined) - Number(b.row === undefined)
  }
  const [one, other] = [placeOf(a.row), placeOf(b.row)]
  const at = one.findIndex((value, index) => value !== other[index])
  return at < 0 ? 0 : one[at]! < other[at]! ? -1 : 1
}

function placeOf({
  topic,
  partition,
  offset,
  model,
  version,
}: LogRow): (string | number | bigint)[] {
  return [topic, partition, offset, model, version]
}
