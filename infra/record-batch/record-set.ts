// Decodes the bytes that a broker sends for a partition into messages. A batch that is damaged, or
// too large when decompressed, becomes one message per offset that says so; consumers turn these
// into dead letters and go on. The offsets come from the header of the batch, which is not
// compressed.
import type { EventErrorCode } from '../../schemas/errors.ts'
import { ByteReader, DamagedBytes } from './byte-reader.ts'
import { codecs, type Codec } from './codec.ts'
import { crc32c } from './crc32c.ts'
import { decompress } from './decompression.ts'
import { batchBytesMax } from './fetched-message.ts'
import type { AnswerBudget, DecodeBounds, FetchedMessage } from './fetched-message.ts'
import { readMessageSet, isMessageIntact } from './message-set.ts'
import { contextAt, messageAt, readRecords, type BatchHead } from './records.ts'

/** What a broker sent for one partition. */
export type RecordSet = {
  readonly bytes: Buffer
  /** The offset that was requested. The first batch may start before it. */
  readonly from: number
  /** The offset after the last record of the partition when the broker began to read. */
  readonly highWatermark: number
}

/** A batch, or a message of an older format, in the bytes of a record set. */
type Entry = {
  readonly bytes: Buffer
  readonly base: number
  readonly magic: number
  /** Where the next entry starts, if that can be seen. */
  readonly nextBase: number | undefined
  /** The offset after the previous entry. */
  readonly after: number
}

type Decoded = { readonly messages: FetchedMessage[]; readonly isAll: boolean }

type Decoding = {
  readonly set: RecordSet
  readonly budget: AnswerBudget
  readonly bounds: DecodeBounds
}

/**
 * An offset and the length of what follows; every format has both, and the format byte after them.
 */
const entryHeadBytes = 12
const magicAt = 16
/** The header of a batch; the checksum covers what follows its own field. */
const headBytes = 61
const checkedAt = 21

/**
 * Decodes as much as the budget allows, in offset order. The rest is fetched again, from the offset
 * after the last message. Throws what `decompress` throws.
 */
export async function decodeRecordSet(
  set: RecordSet,
  limits: { budget: AnswerBudget; bounds: DecodeBounds },
): Promise<FetchedMessage[]> {
  const decoding: Decoding = { set, ...limits }
  const parts: FetchedMessage[][] = []
  let at = 0
  let after = set.from
  while (at + magicAt < set.bytes.length && !limits.budget.isSpent) {
    const entry = entryAt(set.bytes, at, after)
    // The last entry is truncated if the response was full, and is fetched again.
    if (entry === undefined) break
    if (entry === 'lengthless') {
      parts.push(lengthless(after))
      break
    }
    const { messages, isAll } = await decodeEntry(entry, decoding)
    parts.push(messages)
    if (!isAll) break
    at += entry.bytes.length
    after = messages.length === 0 ? after : Number(messages.at(-1)!.offset) + 1
  }
  return parts.flat()
}

function entryAt(bytes: Buffer, at: number, after: number): Entry | 'lengthless' | undefined {
  const end = at + entryHeadBytes + bytes.readInt32BE(at + 8)
  if (end <= at + magicAt) return 'lengthless'
  if (end > bytes.length) return undefined
  return {
    bytes: bytes.subarray(at, end),
    base: Number(bytes.readBigInt64BE(at)),
    magic: bytes.readInt8(at + magicAt),
    nextBase: end + 8 <= bytes.length ? Number(bytes.readBigInt64BE(end)) : undefined,
    after,
  }
}

async function decodeEntry(entry: Entry, decoding: Decoding): Promise<Decoded> {
  if (entry.magic === 0 || entry.magic === 1) return decodeOldMessage(entry, decoding)
  if (entry.magic === 2 && entry.bytes.length >= headBytes) return decodeBatch(entry, decoding)
  const reason = entry.magic === 2 ? 'it is shorter than its header' : 'its format is unknown'
  const last = Math.max(entry.base, (entry.nextBase ?? 0) - 1)
  return refuse({ code: 'batch_corrupt', reason, first: entry.base, last }, decoding)
}

async function decodeBatch(entry: Entry, decoding: Decoding): Promise<Decoded> {
  const { set, budget, bounds } = decoding
  const { bytes } = entry
  const { codec, ...head } = headOf(entry)
  const { baseOffset: first, lastOffset } = head
  const end = Math.min(entry.nextBase ?? Infinity, set.highWatermark)
  if (crc32c(bytes.subarray(checkedAt)) !== bytes.readUInt32BE(17)) {
    // The header itself may be damaged. The batch ends where the next one starts, or at the end of
    // the log at the latest.
    const last = Math.max(
      first,
      entry.nextBase === undefined ? Math.min(lastOffset, end - 1) : end - 1,
    )
    return refuse({ code: 'batch_corrupt', reason: 'its checksum is wrong', first, last }, decoding)
  }
  const last = Math.max(first, Math.min(lastOffset, end - 1))
  const refused = { first, last, head, codec }
  // The broker reads the high watermark before the records, so the newest batches may lie beyond
  // it. These are not compacted yet: they have a record for each offset.
  const isFull = head.count === lastOffset - first + 1
  const isNewest = lastOffset < (entry.nextBase ?? Infinity)
  if (lastOffset > last && !(isFull && isNewest)) {
    const reason = `it says that it ends at offset ${lastOffset}`
    return refuse({ code: 'batch_corrupt', reason, ...refused }, decoding)
  }
  if (lastOffset < first || head.count < 0 || head.count > lastOffset - first + 1) {
    const reason = `it says that it has ${head.count} records`
    return refuse({ code: 'batch_corrupt', reason, ...refused }, decoding)
  }
  if (lastOffset < set.from) return { messages: [], isAll: true }
  let records = bytes.subarray(headBytes)
  if (codec !== undefined && head.count > 0) {
    const result = await decompressed(codec, records, decoding)
    if (result.kind !== 'ok') return refuse({ ...result, ...refused }, decoding)
    records = result.bytes
  }
  try {
    const read = readRecords(records, head, { from: set.from, budget, bounds })
    const isPart = !read.isAll || first < set.from
    const messages = isPart ? read.messages.map(detached) : read.messages
    // Compaction can remove the last records of a batch, but the next fetch still starts after
    // them.
    if (read.isAll && Number(messages.at(-1)?.offset ?? -1) < lastOffset) {
      messages.push({
        ...messageAt(head, { offset: lastOffset, timestamp: -1 }),
        isControlRecord: true,
      })
    }
    return { messages, isAll: read.isAll }
  } catch (error) {
    if (!(error instanceof DamagedBytes)) throw error
    return refuse({ code: 'batch_corrupt', reason: error.message, ...refused }, decoding)
  }
}

function headOf({ bytes, base }: Entry): BatchHead & { codec: Codec | undefined } {
  const reader = new ByteReader(bytes.subarray(checkedAt, headBytes))
  const attributes = reader.int16()
  const lastOffset = base + reader.int32()
  const firstTimestamp = reader.int64()
  const maxTimestamp = reader.int64()
  const producerId = String(reader.int64())
  reader.take(6) // Producer epoch and sequence.
  return {
    baseOffset: base,
    lastOffset,
    firstTimestamp,
    maxTimestamp,
    producerId,
    isLogAppendTime: (attributes & 8) !== 0,
    inTransaction: (attributes & 16) !== 0,
    isControl: (attributes & 32) !== 0,
    codec: codecOf(attributes),
    count: reader.int32(),
  }
}

function codecOf(attributes: number): Codec | undefined {
  return (codecs as Record<number, Codec>)[attributes & 7]
}

/** A message with its own copy of the bytes, so that its batch can be freed. */
function detached(message: FetchedMessage): FetchedMessage {
  const { key, value } = message
  return { ...message, key: key && Buffer.from(key), value: value && Buffer.from(value) }
}

async function decompressed(
  codec: Codec,
  bytes: Buffer,
  { budget, bounds }: Decoding,
): Promise<
  { kind: 'ok'; bytes: Buffer } | { kind: 'refused'; code: EventErrorCode; reason: string }
> {
  const bytesMax = batchBytesMax(bounds)
  const result = await decompress(codec, bytes, bytesMax)
  budget.spend(result.kind === 'ok' ? result.bytes.length : bytesMax)
  if (result.kind === 'ok') return result
  return result.kind === 'too_large'
    ? { kind: 'refused', code: 'record_too_large', reason: `it holds more than ${bytesMax} bytes` }
    : { kind: 'refused', code: 'batch_corrupt', reason: result.reason }
}

async function decodeOldMessage(entry: Entry, decoding: Decoding): Promise<Decoded> {
  const { base: last, bytes } = entry
  if (last < decoding.set.from) return { messages: [], isAll: true }
  // A message that wraps others has the offset of the last of them.
  const refused = { first: Math.min(entry.after, last), last }
  try {
    const message = bytes.subarray(entryHeadBytes)
    if (!isMessageIntact(message)) throw new DamagedBytes('its checksum is wrong')
    const reader = new ByteReader(message.subarray(5))
    const codec = codecOf(reader.int8())
    let inner: Buffer | undefined
    if (codec !== undefined) {
      reader.take(entry.magic === 1 ? 8 : 0)
      reader.bytes()
      const result = await decompressed(codec, reader.bytes() ?? Buffer.alloc(0), decoding)
      if (result.kind !== 'ok') return refuse({ ...result, ...refused, codec }, decoding)
      inner = result.bytes
    }
    const { from } = decoding.set
    return readMessageSet({ offset: last, message, inner }, { from, budget: decoding.budget })
  } catch (error) {
    if (!(error instanceof DamagedBytes)) throw error
    return refuse({ code: 'batch_corrupt', reason: error.message, ...refused }, decoding)
  }
}

/** A message for each offset of an unreadable batch, starting at the requested one. */
function refuse(
  batch: {
    readonly code: EventErrorCode
    readonly reason: string
    readonly first: number
    readonly last: number
    readonly codec?: Codec | undefined
    readonly head?: BatchHead
  },
  { set, budget }: Decoding,
): Decoded {
  const { code, reason, first, last, codec, head } = batch
  const offsets = first === last ? `offset ${first}` : `offsets ${first} to ${last}`
  const compressed = codec === undefined ? '' : `, ${codec}`
  const message = `the batch of the record (${offsets}${compressed}) cannot be read: ${reason}`
  const timestamp = head?.maxTimestamp ?? -1
  const messages: FetchedMessage[] = []
  for (let offset = Math.max(first, set.from); offset <= last; offset++) {
    if (!budget.takeMessage(0)) return { messages, isAll: false }
    messages.push({
      ...messageAt(head ?? contextAt(offset), { offset, timestamp }),
      unreadable: { code, message },
    })
  }
  return { messages, isAll: true }
}

/** With an impossible length nothing after it can be found, so one offset is skipped at a time. */
function lengthless(offset: number): FetchedMessage[] {
  const message = `the batch of the record (offset ${offset}) cannot be read: its length is wrong`
  const unreadable = { code: 'batch_corrupt' as const, message }
  return [{ ...messageAt(contextAt(offset), { offset, timestamp: -1 }), unreadable }]
}
