// Hand-made record batches (message format 2): valid ones, damaged ones, and compression bombs.
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { compressFrameSync } from 'lz4-napi'
import { compressSync } from 'snappy'
import { crc32c } from '../../infra/record-batch/crc32c.ts'
import { codecs, type Codec } from '../../infra/record-batch/codec.ts'

export type MadeRecord = {
  readonly value: Buffer | string | null
  readonly key?: string
  readonly headers?: readonly (readonly [string, string])[]
}

export type BatchFields = {
  codec?: Codec
  base?: number
  timestamp?: number
  /** Replaces the number of records. */
  count?: number
  lastOffsetDelta?: number
  attributes?: number
  producerId?: number
  /** Replaces the compressed records. */
  payload?: Buffer
}

/** Compressors for Kafka's codecs, at the fastest level. */
export const compressors: Record<Codec, (bytes: Buffer) => Buffer> = {
  gzip: (bytes) => gzipSync(bytes, { level: 1 }),
  snappy: (bytes) => compressSync(bytes),
  lz4: (bytes) => compressFrameSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
}

/** A whole batch with a correct checksum. */
export function makeBatch(records: readonly MadeRecord[], fields: BatchFields = {}): Buffer {
  const { codec, base = 0, timestamp = 1_700_000_000_000, producerId = -1 } = fields
  const type = Object.entries(codecs).find(([, name]) => name === codec)?.[0] ?? 0
  const plain = fields.payload === undefined ? Buffer.concat(records.map(encodeRecord)) : undefined
  const payload = fields.payload ?? (codec === undefined ? plain! : compressors[codec](plain!))
  const head = Buffer.alloc(61)
  head.writeBigInt64BE(BigInt(base), 0)
  head.writeInt32BE(49 + payload.length, 8)
  head.writeInt8(2, 16)
  head.writeInt16BE(Number(type) | (fields.attributes ?? 0), 21)
  head.writeInt32BE(fields.lastOffsetDelta ?? Math.max(0, records.length - 1), 23)
  head.writeBigInt64BE(BigInt(timestamp), 27)
  head.writeBigInt64BE(BigInt(timestamp), 35)
  head.writeBigInt64BE(BigInt(producerId), 43)
  head.writeInt16BE(-1, 51)
  head.writeInt32BE(-1, 53)
  head.writeInt32BE(fields.count ?? records.length, 57)
  return sealed(Buffer.concat([head, payload]))
}

/** The batch with its checksum corrected. */
export function sealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
  return batch
}

function encodeRecord({ value, key, headers = [] }: MadeRecord, at: number): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(0),
    varint(at),
    ...varbytes(key ?? null),
    ...varbytes(value),
    varint(headers.length),
    ...headers.flatMap(([name, text]) => [...varbytes(name), ...varbytes(text)]),
  ])
  return Buffer.concat([varint(body.length), body])
}

/** Zigzag-encoded. */
export function varint(value: number): Buffer {
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  const bytes: number[] = []
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

function varbytes(value: Buffer | string | null): Buffer[] {
  if (value === null) return [varint(-1)]
  const bytes = Buffer.from(value)
  return [varint(bytes.length), bytes]
}

/** One event whose text has `bytes` bytes, in one batch. */
export function bomb(codec: Codec, bytes: number): Buffer {
  const value = Buffer.concat([
    Buffer.from('{"text":"'),
    Buffer.alloc(bytes, 'a'),
    Buffer.from('"}'),
  ])
  return makeBatch([{ value }], { codec })
}
