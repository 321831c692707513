// Decodes the message formats before record batches (magic 0 and 1), which logs from before Kafka
// 0.11 hold. A message stands alone or wraps compressed ones.
import { crc32 } from 'node:zlib'
import { ByteReader, DamagedBytes } from './byte-reader.ts'
import type { AnswerBudget, FetchedMessage } from './fetched-message.ts'
import { contextAt, messageAt } from './records.ts'

/** Whether the checksum of a message is correct. */
export function isMessageIntact(message: Buffer): boolean {
  return message.length > 4 && crc32(message.subarray(4)) === message.readUInt32BE(0)
}

/**
 * Decodes a message, or the messages that it wraps (decompressed in `inner`), from the offset
 * `from` on, as many as the budget allows. Throws DamagedBytes.
 */
export function readMessageSet(
  wrapper: { offset: number; message: Buffer; inner: Buffer | undefined },
  options: { from: number; budget: AnswerBudget },
): { messages: FetchedMessage[]; isAll: boolean } {
  const { offset: lastOffset, message, inner } = wrapper
  const outer = partsOf(message)
  const entries = () => (inner === undefined ? [{ offset: 0, message }] : entriesOf(inner))
  // Wrapped messages of format 1 are numbered from 0; their wrapper has the offset of the last one.
  let last = 0
  let count = 0
  for (const { offset } of entries()) {
    last = offset
    count++
  }
  if (count === 0) throw new DamagedBytes('it holds no message')
  const shift = inner === undefined || outer.magic === 1 ? lastOffset - last : 0
  const messages: FetchedMessage[] = []
  let before = -1
  for (const entry of entries()) {
    const offset = entry.offset + shift
    if (offset <= before || offset > lastOffset || offset < 0) {
      throw new DamagedBytes('the offsets of the messages are out of order')
    }
    before = offset
    if (offset < options.from) continue
    const { magic, key, value, timestamp, isCompressed } = partsOf(entry.message)
    if (isCompressed && inner !== undefined) throw new DamagedBytes('it wraps a wrapper')
    const size = entry.message.length
    if (!options.budget.takeMessage(size)) return { messages: messages.map(owned), isAll: false }
    const time = outer.isLogAppendTime ? outer.timestamp : timestamp
    messages.push({
      ...messageAt(contextAt(offset), { offset, timestamp: time, magicByte: magic }),
      key,
      value,
    })
  }
  return { messages, isAll: true }
}

function owned(message: FetchedMessage): FetchedMessage {
  const { key, value } = message
  return { ...message, key: key && Buffer.from(key), value: value && Buffer.from(value) }
}

function* entriesOf(bytes: Buffer): Generator<{ offset: number; message: Buffer }> {
  const reader = new ByteReader(bytes)
  while (reader.left > 0) {
    const offset = reader.int64()
    yield { offset, message: reader.take(reader.int32()) }
  }
}

function partsOf(message: Buffer) {
  const reader = new ByteReader(message)
  reader.uint32()
  const magic = reader.int8()
  const attributes = reader.int8()
  const timestamp = magic === 1 ? reader.int64() : -1
  return {
    magic,
    timestamp,
    key: reader.bytes(),
    value: reader.bytes(),
    isCompressed: (attributes & 7) !== 0,
    isLogAppendTime: (attributes & 8) !== 0,
  }
}
