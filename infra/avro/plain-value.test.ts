// Values that avsc writes, read without knowing their schema; logical types in their plain form.
// Hostile values are refused as those that are read by a schema of Winnow's.
import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainReader } from './plain-value.ts'
import { readSchemaGraph } from './schema-graph.ts'

function readerOf(schema: unknown, bytes: 'base64' | 'utf8' = 'base64') {
  const graph = readSchemaGraph(schema)
  if (graph.kind === 'rejected') throw new TypeError(graph.message)
  return plainReader(graph.root, { bytes })
}

const record = (...fields: object[]) => ({ type: 'record', name: 'R', fields })

describe('plainReader', () => {
  it('reads each type', () => {
    const schema = record(
      { name: 'none', type: 'null' },
      { name: 'yes', type: 'boolean' },
      { name: 'small', type: 'int' },
      { name: 'ratio', type: 'double' },
      { name: 'raw', type: 'bytes' },
      { name: 'text', type: ['null', 'string'] },
      { name: 'kind', type: { type: 'enum', name: 'K', symbols: ['A', 'B'] } },
      { name: 'list', type: { type: 'array', items: 'string' } },
      { name: 'map', type: { type: 'map', values: 'int' } },
      { name: 'hash', type: { type: 'fixed', name: 'F', size: 2 } },
      { name: 'next', type: ['null', 'R'] },
    )
    const inner = { none: null, yes: false, small: -1, ratio: 0.5, raw: Buffer.of(1), text: null }
    const rest = { kind: 'A', list: [], map: {}, hash: Buffer.of(0, 255), next: null }
    const value = {
      ...{ none: null, yes: true, small: 7, ratio: -0.1, raw: Buffer.of(0, 255), text: 'ä' },
      ...{ kind: 'B', list: ['x', ''], map: { a: 1 }, hash: Buffer.of(1, 2) },
      next: { ...inner, ...rest },
    }
    const bytes = avro.Type.forSchema(schema as avro.Schema).toBuffer(value)
    expect(readerOf(schema)(bytes)).toEqual({
      kind: 'ok',
      value: {
        ...{ none: null, yes: true, small: 7, ratio: -0.1, raw: 'AP8=', text: 'ä', kind: 'B' },
        ...{ list: ['x', ''], map: { a: 1 }, hash: 'AQI=' },
        next: { ...inner, ...rest, raw: 'AQ==', hash: 'AP8=' },
      },
    })
  })

  it('keeps all digits of a long', () => {
    const long = avro.types.LongType.__with({
      fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
      toBuffer(value: bigint) {
        const bytes = Buffer.alloc(8)
        bytes.writeBigInt64LE(value)
        return bytes
      },
      fromJSON: (value: number) => BigInt(value),
      toJSON: (value: bigint) => Number(value),
      isValid: (value: unknown) => typeof value === 'bigint',
      compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
    })
    const read = readerOf('long')
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const result = read(long.toBuffer(value))
        expect(result.kind === 'ok' && String(result.value)).toBe(String(value))
      }),
    )
  })

  it.each<[string, object, Buffer, unknown]>([
    ['a date', { type: 'int', logicalType: 'date' }, zigzag(19_675n), '2023-11-14'],
    ['an early date', { type: 'int', logicalType: 'date' }, zigzag(-1n), '1969-12-31'],
    [
      'a date of no year',
      { type: 'int', logicalType: 'date' },
      zigzag(2_000_000_000n),
      2_000_000_000,
    ],
    ['a time', { type: 'int', logicalType: 'time-millis' }, zigzag(3_661_001n), '01:01:01.001'],
    ['a time in µs', { type: 'long', logicalType: 'time-micros' }, zigzag(1n), '00:00:00.000001'],
    [
      'a timestamp',
      { type: 'long', logicalType: 'timestamp-millis' },
      zigzag(1_700_000_000_123n),
      '2023-11-14T22:13:20.123Z',
    ],
    [
      'a timestamp before 1970 in µs',
      { type: 'long', logicalType: 'timestamp-micros' },
      zigzag(-1n),
      '1969-12-31T23:59:59.999999Z',
    ],
    [
      'a timestamp in ns',
      { type: 'long', logicalType: 'timestamp-nanos' },
      zigzag(1_700_000_000_123_456_789n),
      '2023-11-14T22:13:20.123456789Z',
    ],
    [
      'a local timestamp',
      { type: 'long', logicalType: 'local-timestamp-millis' },
      zigzag(0n),
      '1970-01-01T00:00:00.000',
    ],
    [
      'a timestamp of no year',
      { type: 'long', logicalType: 'timestamp-millis' },
      zigzag(2n ** 62n),
      2n ** 62n,
    ],
    [
      "Debezium's time",
      { type: 'long', 'connect.name': 'io.debezium.time.MicroTimestamp' },
      zigzag(1_700_000_000_000_000n),
      '2023-11-14T22:13:20.000000Z',
    ],
    ['a decimal', decimal(2), behind([0xfb, 0x2e]), '-12.34'],
    ['a small decimal', decimal(4), behind([5]), '0.0005'],
    ['a whole decimal', decimal(0), behind([0x01, 0x00]), '256'],
    ['a decimal without bytes', decimal(1), behind([]), '0.0'],
    [
      'bytes with a scale that is none',
      { type: 'bytes', logicalType: 'decimal', scale: -1 },
      behind([5]),
      'BQ==',
    ],
    [
      'a UUID',
      { type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' },
      Buffer.alloc(16, 0xab),
      'abababab-abab-abab-abab-abababababab',
    ],
    [
      'a duration',
      { type: 'fixed', name: 'D', size: 12, logicalType: 'duration' },
      Buffer.from([1, 0, 0, 0, 2, 0, 0, 0, 0xdc, 5, 0, 0]),
      'P1M2DT1.5S',
    ],
    ['an unknown logical type', { type: 'int', logicalType: 'shoe-size' }, zigzag(42n), 42],
  ])('reads %s', (_name, schema, bytes, value) => {
    expect(readerOf(schema)(bytes)).toEqual({ kind: 'ok', value })
    expect(readerOf(['null', schema])(Buffer.concat([Buffer.of(2), bytes]))).toMatchObject({
      value,
    })
  })

  it('reads bytes as UTF-8 where the caller asks for it, and names the place of others', () => {
    const schema = record({ name: 'list', type: { type: 'array', items: 'bytes' } })
    const read = readerOf(schema, 'utf8')
    expect(read(Buffer.from([2, 2, 0x61, 0]))).toEqual({ kind: 'ok', value: { list: ['a'] } })
    expect(read(Buffer.from([4, 2, 0x61, 2, 0xff, 0]))).toEqual({
      kind: 'rejected',
      error: { code: 'utf8_invalid', message: 'list[1] is not valid UTF-8' },
    })
  })
})

describe('a hostile value', () => {
  const self = { type: 'array', items: ['null', 'R'] }
  it.each<[string, unknown, Buffer, string]>([
    [
      'nested 10,000 deep',
      record({ name: 'a', type: self }),
      Buffer.alloc(20_000, Buffer.from([2, 2])),
      'deeper than',
    ],
    ['of 2^40 nulls', { type: 'array', items: 'null' }, zigzag(2n ** 40n), 'more values'],
    ['with a decimal of 1 MB', decimal(2), behind(Array<number>(1_000_000).fill(1)), 'at most 64'],
    [
      'with a name that would set a prototype',
      { type: 'map', values: 'int' },
      Buffer.concat([Buffer.of(2), behind([...Buffer.from('__proto__')]), Buffer.of(2, 0)]),
      '__proto__',
    ],
    ['that goes on', 'int', Buffer.of(2, 2), '1 bytes are left'],
    ['that ends early', 'string', Buffer.of(8, 0x61), 'needs 4 bytes'],
  ])('%s is refused', (_name, schema, bytes, message) => {
    const startMs = performance.now()
    expect(readerOf(schema)(bytes)).toMatchObject({
      kind: 'rejected',
      error: { message: expect.stringContaining(message) as string },
    })
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })
})

it('never throws, whatever the bytes are', () => {
  const schema = record(
    { name: 'list', type: { type: 'array', items: ['null', 'R', 'string'] } },
    { name: 'price', type: decimal(3) },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-nanos' } },
    { name: 'map', type: { type: 'map', values: { type: 'int', logicalType: 'date' } } },
  )
  const read = readerOf(schema)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(['ok', 'rejected']).toContain(read(Buffer.from(bytes)).kind)
    }),
  )
})

function decimal(scale: number): object {
  return { type: 'bytes', logicalType: 'decimal', precision: 40, scale }
}

/** A number of 64 bits as Avro writes it. */
function zigzag(value: bigint): Buffer {
  const bytes: number[] = []
  let left = value >= 0n ? 2n * value : -2n * value - 1n
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(left)])
}

function behind(bytes: number[]): Buffer {
  return Buffer.concat([zigzag(BigInt(bytes.length)), Buffer.from(bytes)])
}
