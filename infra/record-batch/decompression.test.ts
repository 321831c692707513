// Decompressing batches of three producers in four codecs, and refusing corrupt ones.
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { createHash } from 'node:crypto'
import { compressFrameSync } from 'lz4-napi'
import { describe, expect, it } from 'vitest'
import {
  batchHeadBytes,
  batchValues,
  compressedBatches,
} from '../../tests/support/compressed-batches.ts'
import { decompress } from './decompression.ts'

const bytesMax = 1_048_576
const batches = compressedBatches().map(({ producer, codec, batch }) => ({
  producer,
  codec,
  records: batch.subarray(batchHeadBytes),
}))

/** Checks that the values follow each other. */
function expectValues(bytes: Buffer): void {
  let at = 0
  for (const value of batchValues()) {
    at = bytes.indexOf(value, at)
    expect(at, value).toBeGreaterThan(0)
    at += value.length
  }
}

describe.each(batches)('$codec of $producer', ({ codec, records }) => {
  it('is read', async () => {
    const result = await decompress(codec, records, bytesMax)
    expect(result.kind).toBe('ok')
    if (result.kind === 'ok') expectValues(result.bytes)
  })

  it('is bounded', async () => {
    expect(await decompress(codec, records, 60_000)).toEqual({ kind: 'too_large' })
  })

  it.each([
    ['cut', records.subarray(0, records.length / 2)],
    ['cut at its end', records.subarray(0, -3)],
    ['empty', Buffer.alloc(0)],
    ['of zeros', Buffer.alloc(100)],
    ['of another kind', Buffer.from('{"text":"not compressed at all"}')],
  ])('is corrupt when it is %s', async (_what, damaged) => {
    expect(await decompress(codec, damaged, bytesMax)).toMatchObject({ kind: 'corrupt' })
  })
})

/**
 * `lz4.frame.compress(text * 1628 cut to 70,000, block_linked, content_checksum and
 * block_checksum)` of PyPI's lz4.
 */
const linkedLz4 =
  'BCJNGFxAcBEBAAAAAADjNgEAAP8cVGhlIHBhcmNlbCBjYW1lIGxhdGUgYW5kIHRoZSBib3ggd2FzIG9wZW4uICsA' +
  '/'.repeat(341) +
  '71QIFRoZSATqUhOGwAAAA8rAP//////////////////////aVBhcyBvcOYmgzkAAAAAglLqqQ=='

describe('frames that these producers never write', () => {
  it('of LZ4 may have linked blocks and checksums', async () => {
    const text = 'The parcel came late and the box was open. '.repeat(1_628).slice(0, 70_000)
    const frame = Buffer.from(linkedLz4, 'base64')
    const result = await decompress('lz4', frame, bytesMax)
    expect(result).toEqual({ kind: 'ok', bytes: Buffer.from(text) })
    const changed = Buffer.from(frame)
    changed[40]! ^= 1
    expect(await decompress('lz4', changed, bytesMax)).toMatchObject({ kind: 'corrupt' })
  })

  it('of LZ4 may have large blocks that are nearly empty', async () => {
    const text = Buffer.from('The parcel came late and the box was open. '.repeat(20_000))
    // Blocks of up to 4 MB, but there is only one.
    const frame = compressFrameSync(text)
    expect(await decompress('lz4', frame, text.length)).toEqual({ kind: 'ok', bytes: text })
    expect(await decompress('lz4', frame, text.length - 1)).toEqual({ kind: 'too_large' })
    const bytes = createHash('shake256', { outputLength: 300_000 }).update('noise').digest()
    const noise = compressFrameSync(bytes)
    expect(await decompress('lz4', noise, 300_000)).toMatchObject({ kind: 'ok' })
    expect(await decompress('lz4', noise, 299_999)).toEqual({ kind: 'too_large' })
  })

  it('of zstd may ask for large windows', async () => {
    // A frame of unknown size with a window of 128 MB that holds one block: "a" a thousand times.
    const frame = Buffer.from('28b52ffd0088431f0061', 'hex')
    expect(await decompress('zstd', frame, bytesMax)).toEqual({
      kind: 'ok',
      bytes: Buffer.alloc(1_000, 'a'),
    })
  })

  it('of snappy may be joined streams', async () => {
    const { records } = batches.find(
      ({ producer, codec }) => producer === 'java' && codec === 'snappy',
    )!
    const once = await decompress('snappy', records, bytesMax)
    const twice = await decompress('snappy', Buffer.concat([records, records]), bytesMax)
    if (once.kind !== 'ok' || twice.kind !== 'ok') throw new Error('not read')
    expect(twice.bytes).toEqual(Buffer.concat([once.bytes, once.bytes]))
  })
})

describe('a bomb', () => {
  const zeros = Buffer.alloc(50_000_000)
  it.each([
    ['gzip', gzipSync(zeros, { level: 1 })],
    ['zstd', zstdCompressSync(zeros)],
    ['lz4', compressFrameSync(zeros)],
    ['snappy', Buffer.from('80e1eb17fe0100', 'hex')],
  ] as const)('in %s is refused at the limit, without allocating its size', async (codec, bomb) => {
    const before = process.memoryUsage().rss
    expect(await decompress(codec, bomb, bytesMax)).toEqual({ kind: 'too_large' })
    expect(process.memoryUsage().rss - before).toBeLessThan(20_000_000)
  })

  it('in zstd is refused if its frame does not state its size', async () => {
    // Blocks of 128 KB of one byte, many times, in a frame of unknown size.
    const unsized = Buffer.concat([
      Buffer.from('28b52ffd0058', 'hex'),
      ...Array.from({ length: 1_000 }, () => Buffer.from('02001061', 'hex')),
    ])
    expect(await decompress('zstd', unsized, bytesMax)).toEqual({ kind: 'too_large' })
  })
})
