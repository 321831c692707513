// Decoding what a broker sends: batches of three producers, and every way in which a batch can be
// damaged.
import { createRequire } from 'node:module'
import { crc32, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchValues, compressedBatches } from '../../tests/support/compressed-batches.ts'
import { bomb, compressors, makeBatch, sealed, varint } from '../../tests/support/record-batches.ts'
import { codecs, type Codec } from './codec.ts'
import { crc32c } from './crc32c.ts'
import { AnswerBudget, type FetchedMessage } from './fetched-message.ts'
import { decodeRecordSet } from './record-set.ts'

const bounds = { recordBytesMax: 1_000_000 }
const names = Object.values(codecs)

function decode(
  bytes: Buffer,
  { from = 0, highWatermark = 1_000_000, budget = new AnswerBudget(bounds) } = {},
): Promise<FetchedMessage[]> {
  return decodeRecordSet({ bytes, from, highWatermark }, { budget, bounds })
}

/** Fetches until nothing more comes, as a consumer does; returns the number of fetches too. */
async function decodeAll(bytes: Buffer, highWatermark: number) {
  const messages: FetchedMessage[] = []
  let fetches = 0
  for (let from = 0; from < highWatermark; fetches++) {
    const part = await decode(bytes, { from, highWatermark })
    expect(part.length).toBeGreaterThan(0)
    expect(Number(part[0]!.offset)).toBeGreaterThanOrEqual(from)
    messages.push(...part)
    from = Number(part.at(-1)!.offset) + 1
  }
  return { messages, fetches }
}

const offsetsOf = (messages: readonly FetchedMessage[]) =>
  messages.map(({ offset }) => Number(offset))
const codesOf = (messages: readonly FetchedMessage[]) =>
  messages.map(({ unreadable }) => unreadable?.code)
const textsOf = (messages: readonly FetchedMessage[]) =>
  messages.map(({ value }) => value?.toString() ?? null)
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => from + at)

describe('batches that producers wrote', () => {
  it.each(compressedBatches())('$codec of $producer is read', async ({ batch }) => {
    const messages = await decode(batch)
    expect(textsOf(messages)).toEqual(batchValues())
    expect(messages.map(({ key }) => key?.toString())).toEqual(
      batchValues().map((_, at) => `k-${at}`),
    )
    expect(offsetsOf(messages)).toEqual(numbers(0, 300))
    expect(messages[7]).toMatchObject({ timestamp: '1700000000007', isControlRecord: false })
  })

  it('are read from the middle, and in sequence', async () => {
    const all = compressedBatches().map(({ batch }, at) => {
      batch.writeBigInt64BE(BigInt(at * 300))
      return batch
    })
    const messages = await decode(Buffer.concat(all), { from: 301 })
    expect(offsetsOf(messages)).toEqual(numbers(301, 3_600))
  })

  it('leave a truncated last batch for the next fetch', async () => {
    const [first, second] = [makeBatch([{ value: 'a' }]), makeBatch([{ value: 'b' }], { base: 1 })]
    for (let end = 0; end < second.length; end++) {
      const messages = await decode(Buffer.concat([first, second.subarray(0, end)]))
      expect(textsOf(messages)).toEqual(['a'])
    }
  })
})

describe('a sound batch', () => {
  it('gives the same messages as kafkajs', async () => {
    const headers = [
      ['h', '1'],
      ['__proto__', '2'],
      ['h', '3'],
    ] as const
    const records = [{ value: null }, { value: '', key: 'k' }, { value: 'ü', headers }]
    const batch = makeBatch(records, { base: 5, attributes: 16, producerId: 7 })
    const require = createRequire(import.meta.url)
    const Decoder = require('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => object
    const theirs = require('kafkajs/src/protocol/recordBatch/v0/decoder.js') as (
      decoder: object,
    ) => Promise<{ records: FetchedMessage[] }>
    const expected = (await theirs(new Decoder(batch))).records
    const messages = await decode(batch, { from: 5 })
    expect(messages).toHaveLength(3)
    for (const [at, message] of messages.entries()) {
      const { batchContext, headers: own, ...rest } = message
      expect(expected[at]).toMatchObject(rest)
      expect(expected[at]!.batchContext).toMatchObject(batchContext)
      expect(own['h']).toEqual(expected[at]!.headers['h'])
    }
    expect(Object.keys(messages[2]!.headers)).toEqual(['h', '__proto__'])
  })

  it('without its last records, or without any, moves the position', async () => {
    const short = makeBatch([{ value: 'a' }], { lastOffsetDelta: 9 })
    expect(
      (await decode(short)).map(({ offset, isControlRecord }) => [offset, isControlRecord]),
    ).toEqual([
      ['0', false],
      ['9', true],
    ])
    const empty = makeBatch([], { base: 10, lastOffsetDelta: 4 })
    expect(await decode(empty, { from: 12 })).toMatchObject([
      { offset: '14', isControlRecord: true },
    ])
  })

  it('with more headers than are kept uses no memory for them', async () => {
    const headers = numbers(0, 1_000).map((at) => [`h${at}`, 'x'] as const)
    const [message] = await decode(makeBatch([{ value: 'a', headers }]))
    expect(Object.keys(message!.headers)).toHaveLength(256)
  })
})

describe.each(names)('a bomb in %s', (codec) => {
  it('is one refused record among others', async () => {
    const bytes = Buffer.concat([
      makeBatch([{ value: 'before' }], { codec }),
      bombAt(1, codec, 12_000_000),
      makeBatch([{ value: 'after' }], { base: 2, codec }),
    ])
    const { messages } = await decodeAll(bytes, 3)
    expect(textsOf(messages)).toEqual(['before', null, 'after'])
    expect(codesOf(messages)).toEqual([undefined, 'record_too_large', undefined])
    expect(messages[1]!.unreadable!.message).toMatch(
      new RegExp(`offset 1, ${codec}\\) cannot be read: it holds more than 4000000 bytes`),
    )
  })

  it('of many records gives one refusal per record', async () => {
    const records = numbers(0, 50).map(() => ({ value: Buffer.alloc(100_000, 'a') }))
    const messages = await decode(makeBatch(records, { codec }))
    expect(codesOf(messages)).toEqual(numbers(0, 50).map(() => 'record_too_large'))
    expect(offsetsOf(messages)).toEqual(numbers(0, 50))
  })

  it('within the limit of a batch, with a record above the limit of a record, loses only that record', async () => {
    const records = [{ value: 'a' }, { value: Buffer.alloc(1_100_000, 'b') }, { value: 'c' }]
    const messages = await decode(makeBatch(records, { codec }))
    expect(codesOf(messages)).toEqual([undefined, 'record_too_large', undefined])
    expect(messages[1]!.unreadable!.message).toMatch(/^the record has 11000\d\d bytes/)
  })
})

function bombAt(base: number, codec: Codec, bytes: number): Buffer {
  const batch = bomb(codec, bytes)
  batch.writeBigInt64BE(BigInt(base))
  return batch
}

describe('several bombs in one answer', () => {
  it('are left for later fetches, so that a response takes a bounded time', async () => {
    const bytes = Buffer.concat(numbers(0, 5).map((at) => bombAt(at, 'gzip', 6_000_000)))
    expect(await decode(bytes)).toHaveLength(1)
    const { messages, fetches } = await decodeAll(bytes, 5)
    expect([codesOf(messages), fetches]).toEqual([numbers(0, 5).map(() => 'record_too_large'), 5])
  })
})

describe('more records than one answer hands out', () => {
  const count = 120_000
  const one = makeBatch([{ value: 'x' }]).subarray(61)
  /** The same record many times, each with its own number. */
  const many = Buffer.concat(
    numbers(0, count).map((at) => {
      const body = Buffer.concat([Buffer.from([0, 0]), varint(at), one.subarray(4)])
      return Buffer.concat([varint(body.length), body])
    }),
  )

  it.each([undefined, ...names])('come with later responses (%s)', async (codec) => {
    const payload = codec === undefined ? many : compressors[codec](many)
    const batch = makeBatch([], {
      payload,
      count,
      lastOffsetDelta: count - 1,
      ...(codec && { codec }),
    })
    const { messages, fetches } = await decodeAll(batch, count)
    expect(fetches).toBe(3)
    expect(messages).toHaveLength(count)
    expect(
      messages.every(({ offset, value }, at) => offset === String(at) && value?.length === 1),
    ).toBe(true)
  })
})

describe('a damaged batch', () => {
  const records = numbers(0, 4).map((at) => ({ value: `text ${at}` }))
  const before = makeBatch([{ value: 'before' }])
  const after = makeBatch([{ value: 'after' }], { base: 5 })

  /** Four dead letters replace the batch in the middle; nothing else changes. */
  async function expectRefused(middle: Buffer, reason: RegExp): Promise<void> {
    middle.writeBigInt64BE(1n)
    const { messages } = await decodeAll(Buffer.concat([before, middle, after]), 6)
    expect(offsetsOf(messages)).toEqual(numbers(0, 6))
    expect(codesOf(messages)).toEqual([
      undefined,
      ...numbers(0, 4).map(() => 'batch_corrupt'),
      undefined,
    ])
    expect(messages[1]!.unreadable!.message).toMatch(reason)
  }

  it.each(names)('of %s: the compressed bytes do not decompress', async (codec) => {
    const payload = compressors[codec](Buffer.from('x'.repeat(1_000))).subarray(0, -6)
    await expectRefused(makeBatch(records, { codec, payload }), new RegExp(`1 to 4, ${codec}`))
  })

  it.each(names)('of %s: the decompressed bytes are not records', async (codec) => {
    const payload = compressors[codec](Buffer.alloc(100, 0x7f))
    await expectRefused(makeBatch(records, { codec, payload }), /cannot be read: /)
  })

  it('with any one byte changed has a wrong checksum', async () => {
    const sound = makeBatch(records)
    // After the fields that a broker sets: offset, length, epoch, format.
    for (let at = 17; at < sound.length; at++) {
      const middle = Buffer.from(sound)
      middle[at]! ^= 0x41
      await expectRefused(middle, /its checksum is wrong/)
    }
  })

  it.each([
    ['more records than offsets', { count: 5 }, /has 5 records/],
    ['a negative number of records', { count: -1 }, /has -1 records/],
    ['2^31 - 1 records', { count: 2 ** 31 - 1 }, /has 2147483647 records/],
    ['fewer records than it holds', { count: 3 }, /more records than/],
  ])('by %s', (_what, fields, reason) => expectRefused(makeBatch(records, fields), reason))

  it('has records out of order, of wrong lengths, or truncated', async () => {
    const same = makeBatch(records)
    same[61 + 3] = 2
    await expectRefused(sealed(same), /out of order/)
    for (const [at, value] of [
      [61, 0x7f],
      [61, 1],
      [61 + 4, 9],
      [61 + 5, 0x7f],
      [61 + 12, 1],
    ] as const) {
      const changed = makeBatch(records)
      changed[at] = value
      await expectRefused(sealed(changed), /cannot be read: /)
    }
  })

  it('in an unknown format, or shorter than its header, is refused up to the next batch', async () => {
    const unknown = makeBatch(records)
    unknown[16] = 9
    await expectRefused(unknown, /its format is unknown/)
    const short = Buffer.from(makeBatch(records).subarray(0, 40))
    short.writeInt32BE(28, 8)
    await expectRefused(short, /shorter than its header/)
  })

  it('at the end of the log, with a header that claims 2^31 offsets, is refused up to the end of the log', async () => {
    const middle = makeBatch(records, { lastOffsetDelta: 2 ** 31 - 1 })
    middle[17]! ^= 1
    expect(offsetsOf(await decode(middle, { highWatermark: 4 }))).toEqual([0, 1, 2, 3])
  })

  it('with an impossible length is skipped one offset at a time', async () => {
    const middle = makeBatch(records)
    for (const length of [-1, 0, 4, -(2 ** 31)]) {
      middle.writeInt32BE(length, 8)
      expect(await decode(middle, { from: 3 })).toMatchObject([
        { offset: '3', unreadable: { code: 'batch_corrupt' } },
      ])
    }
  })

  it('of very many offsets is refused over several fetches', async () => {
    const batch = makeBatch([], { count: 130_000, lastOffsetDelta: 129_999 })
    const { messages, fetches } = await decodeAll(batch, 130_000)
    expect([messages.length, fetches]).toEqual([130_000, 3])
    expect(messages.at(-1)!.unreadable!.message).toMatch(/offsets 0 to 129999/)
  })

  it('never throws and never skips an offset, whatever its bytes', async () => {
    const sound = names.map((codec) => makeBatch(records, { codec }))
    const damage = fc.record({
      which: fc.integer({ min: 0, max: 3 }),
      seal: fc.boolean(),
      changes: fc.array(fc.record({ at: fc.nat(1_000), byte: fc.nat(255) }), {
        minLength: 1,
        maxLength: 4,
      }),
    })
    await fc.assert(
      fc.asyncProperty(damage, async ({ which, seal, changes }) => {
        const middle = Buffer.from(sound[which]!)
        // A broker relies on the end and the format of the batch too, so these stay intact.
        for (const { at, byte } of changes) middle[17 + (at % (middle.length - 17))] = byte
        if (seal) sealed(middle)
        middle.writeBigInt64BE(1n)
        const { messages } = await decodeAll(Buffer.concat([before, middle, after]), 6)
        const offsets = offsetsOf(messages)
        if (seal) expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
        else expect(offsets).toEqual(numbers(0, 6))
        expect(textsOf(messages)[0]).toBe('before')
      }),
      { numRuns: 300 },
    )
  })
})

describe('a batch beyond the high watermark', () => {
  const records = Array.from({ length: 4 }, (_, at) => ({ value: `v-${at}` }))

  it('is read if it has a record for each offset, as a new one has', async () => {
    const fresh = Buffer.concat([makeBatch(records), makeBatch(records)])
    fresh.writeBigInt64BE(4n, fresh.length / 2)
    for (const highWatermark of [0, 1, 4, 5]) {
      const messages = await decode(fresh, { highWatermark })
      expect(offsetsOf(messages)).toEqual(numbers(0, 8))
      expect(codesOf(messages).every((code) => code === undefined)).toBe(true)
    }
  })

  it.each([
    ['only claims its offsets', { lastOffsetDelta: 2 ** 31 - 1 }],
    ['only claims its records', { count: 2 ** 31 - 1, lastOffsetDelta: 2 ** 31 - 2 }],
  ])('is refused up to there if it %s', async (_what, fields) => {
    const messages = await decode(makeBatch(records, fields), { highWatermark: 2 })
    expect(codesOf(messages)).toEqual(['batch_corrupt', 'batch_corrupt'])
  })
})

describe('messages of the formats before batches', () => {
  it.each([0, 1] as const)('of magic %d are read, alone and wrapped', async (magic) => {
    const alone = oldMessage(magic, { offset: 0, value: Buffer.from('alone') })
    const inner = numbers(0, 3).map((at) =>
      oldMessage(magic, { offset: magic === 1 ? at : at + 1, value: Buffer.from(`text ${at}`) }),
    )
    const wrapped = oldMessage(magic, { offset: 3, value: gzipSync(Buffer.concat(inner)), type: 1 })
    const messages = await decode(Buffer.concat([alone, wrapped]))
    expect(textsOf(messages)).toEqual(['alone', 'text 0', 'text 1', 'text 2'])
    expect(offsetsOf(messages)).toEqual([0, 1, 2, 3])
    expect(messages[1]).toMatchObject({ magicByte: magic, timestamp: magic === 1 ? '1234' : '-1' })
    expect(offsetsOf(await decode(Buffer.concat([alone, wrapped]), { from: 2 }))).toEqual([2, 3])
  })

  it('are refused up to the offset of the wrapper if they expand too far or are damaged', async () => {
    const alone = oldMessage(1, { offset: 0, value: Buffer.from('alone') })
    const exploding = oldMessage(1, { offset: 3, value: gzipSync(Buffer.alloc(9e6)), type: 1 })
    const after = oldMessage(1, { offset: 4, value: Buffer.from('after') })
    const large = await decodeAll(Buffer.concat([alone, exploding, after]), 5)
    const three = (code: string) => [undefined, code, code, code, undefined]
    expect(codesOf(large.messages)).toEqual(three('record_too_large'))
    const damaged = oldMessage(1, { offset: 3, value: Buffer.from('damaged'), type: 1 })
    const bad = await decodeAll(Buffer.concat([alone, damaged, after]), 5)
    expect(codesOf(bad.messages)).toEqual(three('batch_corrupt'))
    damaged[30]! ^= 1
    const changed = await decodeAll(Buffer.concat([alone, damaged, after]), 5)
    expect(changed.messages[1]!.unreadable!.message).toMatch(/checksum/)
    const empty = oldMessage(1, { offset: 3, value: gzipSync(Buffer.alloc(0)), type: 1 })
    const none = await decodeAll(Buffer.concat([alone, empty, after]), 5)
    expect(codesOf(none.messages)).toEqual(three('batch_corrupt'))
  })
})

function oldMessage(
  magic: 0 | 1,
  { offset, value, type = 0 }: { offset: number; value: Buffer; type?: number },
): Buffer {
  const time = Buffer.alloc(magic === 1 ? 8 : 0)
  if (magic === 1) time.writeBigInt64BE(1_234n)
  const length = Buffer.alloc(4)
  length.writeInt32BE(value.length)
  const body = Buffer.concat([
    Buffer.from([magic, type]),
    time,
    Buffer.alloc(4, 255),
    length,
    value,
  ])
  const head = Buffer.alloc(16)
  head.writeBigInt64BE(BigInt(offset))
  head.writeInt32BE(4 + body.length, 8)
  head.writeUInt32BE(crc32(body), 12)
  return Buffer.concat([head, body])
}

describe('crc32c', () => {
  it('matches RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa)
    expect(crc32c(Buffer.alloc(0))).toBe(0)
  })
})
