// Splits a JSON body into items and counts their entries without parsing, in one pass over the
// bytes. The body is valid JSON exactly if each item is; the parser checks the items.
import type { Work } from '../../models/runtime/sliced-work.ts'

/** The position of one item in the body. */
export type JsonItem = {
  readonly from: number
  readonly to: number
  /**
   * Entries of the objects and arrays within the item, at any depth; an empty one counts as one
   * entry. The nesting is never deeper than this number.
   */
  readonly entries: number
}

/** Bytes between two yields, unless a string or white space is longer. */
const stepBytes = 65_536

const quote = 0x22
const comma = 0x2c
const backslash = 0x5c

/**
 * Splits the array that opens at `open`; undefined if it does not end. `to` is the position after
 * its end. Stops one item above `itemsMax`.
 */
export function* cutArray(
  body: Buffer,
  open: number,
  itemsMax: number,
): Work<{ items: JsonItem[]; to: number } | undefined> {
  const items: JsonItem[] = []
  let from = open + 1
  let depth = 1
  let entries = 0
  let pauseAt = open + stepBytes
  for (let at = from; at < body.length && items.length <= itemsMax; at += 1) {
    if (at >= pauseAt) {
      pauseAt = at + stepBytes
      yield
    }
    const byte = body[at]!
    if (byte === quote) at = endOfString(body, at, body.length)
    else if (isOpening(byte)) {
      depth += 1
      entries += 1
    } else if (byte === comma && depth > 1) entries += 1
    else if (byte === comma) {
      items.push({ from, to: at, entries })
      from = at + 1
      entries = 0
    } else if (isClosing(byte)) {
      depth -= 1
      if (depth > 0) continue
      const isEmpty = items.length === 0 && afterBlank(body, from) === at
      if (!isEmpty) items.push({ from, to: at, entries })
      return String.fromCharCode(byte) === ']' ? { items, to: at + 1 } : undefined
    }
  }
  return items.length > itemsMax ? { items, to: body.length } : undefined
}

/** Counts the entries of the JSON text from `from` to `to`; stops one above `entriesMax`. */
export function* countEntries(
  body: Buffer,
  { from, to, entriesMax }: { from: number; to: number; entriesMax: number },
): Work<number> {
  let entries = 0
  let pauseAt = from + stepBytes
  for (let at = from; at < to && entries <= entriesMax; at += 1) {
    if (at >= pauseAt) {
      pauseAt = at + stepBytes
      yield
    }
    const byte = body[at]!
    if (byte === quote) at = endOfString(body, at, to)
    else if (byte === comma || isOpening(byte)) entries += 1
  }
  return entries
}

/**
 * The first position at or after `from` that is not JSON white space; the length if there is none.
 */
export function afterBlank(body: Buffer, from: number): number {
  let at = from
  while (at < body.length && isBlank(body[at]!)) at += 1
  return at
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isOpening(byte: number): boolean {
  return byte === 0x7b || byte === 0x5b
}

function isClosing(byte: number): boolean {
  return byte === 0x7d || byte === 0x5d
}

/**
 * Searches up to `to` only, so that each line with a missing quote does not cost a pass to the end.
 */
function endOfString(body: Buffer, open: number, to: number): number {
  let at = open + 1
  while (at < to && body[at] !== quote) at += body[at] === backslash ? 2 : 1
  return at
}
