// Decodes the records of a batch (message format 2): checks all of them, hands out those from an
// offset on.
import type { EventError } from '../../schemas/errors.ts'
import { ByteReader, DamagedBytes } from './byte-reader.ts'
import type { AnswerBudget, DecodeBounds, FetchedMessage } from './fetched-message.ts'

/** What the header of a batch says, which all its records share. */
export type BatchHead = {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  readonly isLogAppendTime: boolean
  readonly isControl: boolean
  readonly inTransaction: boolean
  readonly producerId: string
  readonly count: number
}

/** Headers beyond these are dropped: nothing uses them, and each would take memory of its own. */
const headersMax = 256

/**
 * Decodes records from the offset `from` on, as many as the budget allows. Checks all records of
 * the batch, so that a batch is decoded or refused as a whole. Throws DamagedBytes.
 */
export function readRecords(
  bytes: Buffer,
  head: BatchHead,
  options: { from: number; budget: AnswerBudget; bounds: DecodeBounds },
): { messages: FetchedMessage[]; isAll: boolean } {
  const reader = new ByteReader(bytes)
  const messages: FetchedMessage[] = []
  let isAll = true
  let before = -1
  for (let at = 0; at < head.count; at++) {
    const size = reader.varint()
    const record = new ByteReader(reader.take(size))
    const attributes = record.int8()
    const timestampDelta = record.varlong()
    const offsetDelta = record.varint()
    const offset = head.baseOffset + offsetDelta
    if (offsetDelta <= before || offset > head.lastOffset) {
      throw new DamagedBytes('the offsets of the records are out of order')
    }
    before = offsetDelta
    const key = record.varbytes()
    const value = record.varbytes()
    const headers = readHeaders(record)
    if (record.left > 0) throw new DamagedBytes('a record is shorter than it says')
    if (offset < options.from || !isAll) continue
    const isTooLarge = size > options.bounds.recordBytesMax
    isAll = options.budget.takeMessage(isTooLarge ? 0 : size)
    if (!isAll) continue
    const time = head.isLogAppendTime ? head.maxTimestamp : head.firstTimestamp + timestampDelta
    messages.push({
      ...messageAt(head, { offset, timestamp: time }),
      ...(isTooLarge
        ? { unreadable: tooLarge(size, options.bounds) }
        : { attributes, key, value, headers }),
    })
  }
  if (reader.left > 0) throw new DamagedBytes('there are more records than the batch says')
  return { messages, isAll }
}

/** What kafkajs needs of a batch's header for its messages. */
export type MessageContext = Pick<
  BatchHead,
  'baseOffset' | 'lastOffset' | 'isControl' | 'inTransaction' | 'producerId'
>

/** The context of a single message whose header cannot be trusted. */
export function contextAt(offset: number): MessageContext {
  const range = { baseOffset: offset, lastOffset: offset }
  return { ...range, isControl: false, inTransaction: false, producerId: '-1' }
}

/** A message without content of its own. */
export function messageAt(
  head: MessageContext,
  place: { offset: number; timestamp: number; magicByte?: number },
): FetchedMessage {
  const { baseOffset, lastOffset, isControl, inTransaction, producerId } = head
  return {
    magicByte: place.magicByte ?? 2,
    attributes: 0,
    timestamp: String(place.timestamp),
    offset: String(place.offset),
    key: null,
    value: null,
    headers: {},
    isControlRecord: isControl,
    batchContext: {
      firstOffset: String(baseOffset),
      lastOffsetDelta: lastOffset - baseOffset,
      producerId,
      inTransaction,
    },
  }
}

function tooLarge(size: number, { recordBytesMax }: DecodeBounds): EventError {
  const message = `the record has ${size} bytes when its batch is decompressed; at most ${recordBytesMax}`
  return { code: 'record_too_large', message }
}

/** One header of a name is a value, several are a list, as in kafkajs. */
function readHeaders(record: ByteReader): FetchedMessage['headers'] {
  const headers: FetchedMessage['headers'] = {}
  const count = record.varint()
  if (count < 0) throw new DamagedBytes('a record has a negative number of headers')
  for (let at = 0; at < count; at++) {
    const name = record.varbytes()
    const value = record.varbytes()
    if (at >= headersMax || name === null || value === null) continue
    const text = name.toString()
    const earlier = Object.hasOwn(headers, text) ? headers[text] : undefined
    // Assigning to this name would set the prototype.
    if (text === '__proto__') Object.defineProperty(headers, text, own(value))
    else if (earlier === undefined) headers[text] = value
    else if (Array.isArray(earlier)) earlier.push(value)
    else headers[text] = [earlier, value]
  }
  return headers
}

function own(value: Buffer): PropertyDescriptor {
  return { value, enumerable: true, writable: true, configurable: true }
}
