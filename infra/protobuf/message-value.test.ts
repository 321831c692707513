// Messages that protobufjs writes, read back: every kind of field, with all digits, defaults and
// well-known types. Bytes that are no message, or ask for more than they should, are refused.
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../schemas/outcome.ts'
import { readMessage } from './message-value.ts'
import { readProtoSchema } from './proto-schema.ts'
import type { ProtoMessage } from './proto-message.ts'

function typeOf(text: string, name: string): ProtoMessage {
  const read = readProtoSchema(text, () => undefined)
  if (read.kind === 'rejected') throw new TypeError(read.message)
  return read.schema.byName(name)!
}

/** Writes with protobufjs, reads with Winnow. */
function written(text: string, name: string, value: object): Outcome<unknown> {
  const type = protobuf.parse(text, { keepCase: true }).root.lookupType(name)
  const bytes = Buffer.from(type.encode(type.fromObject(value)).finish())
  return readMessage(typeOf(text, name), bytes, { bytes: 'base64' })
}

const everyKind = `
  syntax = "proto3";
  package shop;
  message Order {
    int32 i32 = 1; int64 i64 = 2; uint32 u32 = 3; uint64 u64 = 4;
    sint32 s32 = 5; sint64 s64 = 6; fixed32 f32 = 7; fixed64 f64 = 8;
    sfixed32 sf32 = 9; sfixed64 sf64 = 10; double d = 11; float f = 12;
    bool b = 13; string text = 14; bytes raw = 15; Status status = 16;
    repeated int64 packed = 17; repeated int32 loose = 18 [packed = false];
    repeated string tags = 19; map<string, int64> counts = 20; map<int32, Line> lines = 21;
    repeated Line list = 22; Line line = 23; optional string note = 24;
    oneof way { string post = 25; Line courier = 26; }
    enum Status { UNKNOWN = 0; PAID = 1; REFUNDED = -2; }
    message Line { string what = 1; uint32 count = 2; Line inner = 3; }
  }`

describe('readMessage', () => {
  it('reads every kind of field with all its digits', () => {
    expect(
      written(everyKind, 'shop.Order', {
        i32: -7,
        i64: '-9223372036854775808',
        u32: 4_294_967_295,
        u64: '18446744073709551615',
        s32: -2_147_483_648,
        s64: '-9007199254740993',
        f32: 4_294_967_295,
        f64: '9007199254740993',
        sf32: -1,
        sf64: -2,
        d: 0.1,
        f: 0.5,
        b: true,
        text: 'naïve ☕',
        raw: Buffer.from([0, 255]),
        status: 'REFUNDED',
        packed: [1, '-1', '9007199254740993'],
        loose: [1, -1],
        tags: ['a', ''],
        counts: { a: 1, b: '9007199254740993' },
        lines: { 7: { what: 'x', count: 2 } },
        list: [{ what: 'y', inner: { what: 'z' } }],
        line: {},
        note: '',
        courier: { what: 'van' },
      }),
    ).toEqual({
      kind: 'ok',
      value: {
        i32: -7,
        i64: -9_223_372_036_854_775_808n,
        u32: 4_294_967_295,
        u64: 18_446_744_073_709_551_615n,
        s32: -2_147_483_648,
        s64: -9_007_199_254_740_993n,
        f32: 4_294_967_295,
        f64: 9_007_199_254_740_993n,
        sf32: -1,
        sf64: -2,
        d: 0.1,
        f: 0.5,
        b: true,
        text: 'naïve ☕',
        raw: 'AP8=',
        status: 'REFUNDED',
        packed: [1, -1, 9_007_199_254_740_993n],
        loose: [1, -1],
        tags: ['a', ''],
        counts: { a: 1, b: 9_007_199_254_740_993n },
        lines: { 7: { what: 'x', count: 2 } },
        list: [{ what: 'y', count: 0, inner: { what: 'z', count: 0 } }],
        line: { what: '', count: 0 },
        note: '',
        courier: { what: 'van', count: 0 },
      },
    })
  })

  it('gives fields of proto3 their default, and leaves out what has presence', () => {
    const { value } = written(everyKind, 'shop.Order', {}) as { value: object }
    expect(value).toMatchObject({ text: '', i64: 0, b: false, status: 'UNKNOWN', tags: [] })
    expect(value).toMatchObject({ counts: {}, list: [] })
    for (const name of ['line', 'note', 'post', 'courier']) expect(value).not.toHaveProperty(name)
  })

  it('leaves out every single field of proto2 that a value lacks', () => {
    const text = 'message M { required string a = 1; optional int32 b = 2; repeated int32 c = 3; }'
    expect(written(text, 'M', { a: 'x' })).toEqual({ kind: 'ok', value: { a: 'x', c: [] } })
  })

  it('lets the last member of a oneof count', () => {
    const text = 'syntax = "proto3"; message M { oneof way { string a = 1; string b = 2; } }'
    const bytes = Buffer.from([0x0a, 1, 0x61, 0x12, 1, 0x62])
    const read = readMessage(typeOf(text, 'M'), bytes, { bytes: 'base64' })
    expect(read).toEqual({ kind: 'ok', value: { b: 'b' } })
  })

  it('merges a message that is written in two parts', () => {
    const text = 'syntax = "proto3"; message M { I i = 1; } message I { int32 a = 1; int32 b = 2; }'
    const bytes = Buffer.from([0x0a, 2, 0x08, 1, 0x0a, 2, 0x10, 2])
    const read = readMessage(typeOf(text, 'M'), bytes, { bytes: 'base64' })
    expect(read).toEqual({ kind: 'ok', value: { i: { a: 1, b: 2 } } })
  })

  it('reads groups, and skips fields that the schema lacks', () => {
    const text = 'message M { optional group Item = 1 { optional string name = 2; } }'
    const group = [0x0b, 0x12, 1, 0x61, 0x0c]
    const unknown = [0x53, 0x08, 1, 0x54, 0x48, 1, 0x3a, 1, 0, 0x45, 0, 0, 0, 0]
    const read = readMessage(typeOf(text, 'M'), Buffer.from([...unknown, ...group]), {
      bytes: 'base64',
    })
    expect(read).toEqual({ kind: 'ok', value: { item: { name: 'a' } } })
  })

  it('gives well-known types the form of JSON', () => {
    const text = `syntax = "proto3";
      import "google/protobuf/timestamp.proto";
      import "google/protobuf/duration.proto";
      import "google/protobuf/wrappers.proto";
      import "google/protobuf/struct.proto";
      message M {
        google.protobuf.Timestamp at = 1; google.protobuf.Duration took = 2;
        google.protobuf.StringValue note = 3; google.protobuf.StringValue none = 4;
        google.protobuf.Struct free = 5; google.protobuf.Int64Value big = 6;
        google.protobuf.Duration before = 7;
      }`
    const bytes = Buffer.concat([
      field(1, [0x08, 0x80, 0xe2, 0xcf, 0xaa, 0x06, 0x10, 0xc0, 0x84, 0x3d]),
      field(2, [0x08, 3, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]),
      field(3, [0x0a, 1, 0x61]),
      field(5, [...field(1, [0x0a, 1, 0x6b, ...field(2, field(6, field(1, [0x20, 1])))])]),
      field(6, [0x08, 5]),
      field(7, [0x08, ...Array<number>(9).fill(0xff), 1]),
    ])
    expect(readMessage(typeOf(text, 'M'), bytes, { bytes: 'base64' })).toEqual({
      kind: 'ok',
      value: {
        at: '2023-11-14T22:13:20.001Z',
        took: '3.500s',
        note: 'a',
        free: { k: [true] },
        big: 5,
        before: '-1s',
      },
    })
  })

  it('reads bytes as UTF-8 where the caller asks for it', () => {
    const type = typeOf('syntax = "proto3"; message M { bytes a = 1; }', 'M')
    const read = (bytes: number[]) => readMessage(type, Buffer.from(bytes), { bytes: 'utf8' })
    expect(read([0x0a, 1, 0x61])).toEqual({ kind: 'ok', value: { a: 'a' } })
    expect(read([0x0a, 1, 0xff])).toEqual({
      kind: 'rejected',
      error: { code: 'utf8_invalid', message: 'a is not valid UTF-8' },
    })
  })

  it('reads what protobufjs writes of any value', () => {
    const type = protobuf.parse(everyKind, { keepCase: true }).root.lookupType('shop.Order')
    const own = typeOf(everyKind, 'shop.Order')
    const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    const values = fc.record({
      i32: fc.integer(),
      i64: long.map(String),
      u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      s32: fc.integer(),
      s64: long.map(String),
      // JSON, through which the results go, has no negative zero.
      d: fc.double({ noNaN: true }).map((number) => (number === 0 ? 0 : number)),
      text: fc.string({ unit: 'binary' }),
      raw: fc.base64String(),
      packed: fc.array(long.map(String)),
      list: fc.array(fc.record({ what: fc.string(), count: fc.nat() })),
    })
    fc.assert(
      fc.property(values, (value) => {
        const message = type.fromObject(value)
        const bytes = Buffer.from(type.encode(message).finish())
        const read = readMessage(own, bytes, { bytes: 'base64' })
        const expected = type.toObject(message, { longs: String, bytes: String })
        expect(read.kind).toBe('ok')
        if (read.kind !== 'ok') return
        const texts = JSON.parse(
          JSON.stringify(read.value, (_key, one: unknown) =>
            typeof one === 'bigint' ? String(one) : one,
          ),
        ) as Record<string, unknown>
        for (const [name, one] of Object.entries(expected)) {
          if (['i64', 'u64', 's64'].includes(name)) expect(String(texts[name])).toBe(one)
          else if (name === 'packed') expect((texts[name] as unknown[]).map(String)).toEqual(one)
          else expect(texts[name]).toEqual(one === Infinity || one === -Infinity ? null : one)
        }
      }),
    )
  })
})

/** A field behind its length. */
function field(number: number, body: readonly number[] | Buffer): Buffer {
  return Buffer.from([number * 8 + 2, body.length, ...body])
}

describe('bytes that are no message', () => {
  const type = typeOf(everyKind, 'shop.Order')
  const deep = (depth: number) => {
    let bytes = Buffer.alloc(0)
    for (let at = 0; at < depth; at++) {
      bytes = Buffer.concat([Buffer.from([0x1a, ...varint(bytes.length)]), bytes])
    }
    return bytes
  }
  it.each<[string, Buffer, string]>([
    ['a length past the end', Buffer.from([0x72, 5, 0x61]), 'needs 5 bytes where 1 are left'],
    ['a length of 2^60', Buffer.from([0x72, ...Array<number>(8).fill(0xff), 0x0f]), 'are left'],
    ['a number without an end', Buffer.alloc(12, 0x80), 'more than ten bytes'],
    ['a tag without a number', Buffer.from([0]), 'without a valid number'],
    ['an end of a group that is not open', Buffer.from([0xa4, 0x06]), 'wire type 4'],
    ['text that is not UTF-8', Buffer.from([0x72, 1, 0xff]), 'text is not valid UTF-8'],
    [
      'messages 10,000 deep',
      Buffer.concat([Buffer.from([0xba, 1, ...varint(deep(5_000).length)]), deep(5_000)]),
      'nested deeper',
    ],
    [
      'unknown groups 100,000 deep',
      Buffer.alloc(200_000, Buffer.from([0xa3, 0x06])),
      'nested deeper',
    ],
    ['a part of a number', Buffer.from([0x61, 0, 0, 0]), 'needs 8 bytes'],
    [
      'a name that would set a prototype',
      Buffer.from([0xa2, 1, 13, 0x0a, 9, ...Buffer.from('__proto__'), 0x10, 1]),
      'must not have the name',
    ],
  ])('%s is refused', (_name, bytes, message) => {
    const startMs = performance.now()
    const read = readMessage(type, bytes, { bytes: 'base64' })
    expect(read).toMatchObject({
      kind: 'rejected',
      error: { message: expect.stringContaining(message) as string },
    })
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })

  it('that ask for defaults without end are refused', () => {
    const fields = Array.from({ length: 5_000 }, (_, at) => `string f${at} = ${at + 2};`).join('')
    const text = `syntax = "proto3"; message M { repeated M list = 1; ${fields} }`
    const bytes = Buffer.alloc(2_000, Buffer.from([0x0a, 0]))
    const read = readMessage(typeOf(text, 'M'), bytes, { bytes: 'base64' })
    expect(read).toMatchObject({ kind: 'rejected', error: { code: 'protobuf_undecodable' } })
  })

  it('never throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const read = readMessage(type, Buffer.from(bytes), { bytes: 'base64' })
        expect(['ok', 'rejected']).toContain(read.kind)
      }),
    )
  })
})

function varint(value: number): number[] {
  const bytes: number[] = []
  for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80)
  return [...bytes, value]
}
