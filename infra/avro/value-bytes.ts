// The bytes of one Avro value while it is read (Avro 1.12 specification, "Binary Encoding"). It
// enforces the limits: no read past the end, no count or length larger than the bytes can hold,
// UTF-8 text, bounded nesting and work. Interpreting the values is resolution.ts.
import { isUtf8 } from 'node:buffer'

export type ValueDefectCode = 'avro_undecodable' | 'utf8_invalid' | 'field_type'

/** Deepest nesting of a value in records, arrays and maps; only recursive schemas come close. */
export const valueDepthMax = 64
/**
 * Most values without bytes (null, empty records) in a value, beyond one for each of its bytes.
 * Schemas whose records contain each other twice could ask for 2^64 of them.
 */
const emptyValuesMax = 65_536

/** Says what is wrong with a value, and where; thrown while the value is read. */
export class ValueDefect extends Error {
  readonly code: ValueDefectCode
  /** Names of fields and indexes in arrays, outermost first. */
  readonly path: string[] = []

  constructor(code: ValueDefectCode, message: string) {
    super(message)
    this.code = code
  }

  /** One sentence that names the path. */
  get sentence(): string {
    const path = this.path.join('.').replaceAll('.[', '[')
    return `${path === '' ? 'the value' : path} ${this.message}`
  }
}

/** One value and the read position in it. Every method throws ValueDefect. */
export class ValueBytes {
  readonly #bytes: Buffer
  #at = 0
  #depth = 0
  #valuesLeft: number
  /** The last variable-length number: its first 28 bits, and the other 36. */
  #low = 0
  #high = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#valuesLeft = bytes.length + emptyValuesMax
  }

  /** Bytes that are still to be read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Enters a record, array or map. */
  enter(): void {
    this.#depth++
    if (this.#depth > valueDepthMax) this.fail(`is nested deeper than ${valueDepthMax}`)
  }

  leave(): void {
    this.#depth--
  }

  /** Announces values that are read next. */
  expect(count: number): void {
    this.#valuesLeft -= count
    if (this.#valuesLeft < 0) this.fail('has more values than its bytes can hold')
  }

  /** The number of items in the next block of an array or map; 0 after the last one. */
  blockItems(): number {
    const count = this.long()
    if (count >= 0) {
      this.expect(count)
      return count
    }
    // The length of the block in bytes follows, for readers that skip it.
    this.#length()
    this.expect(-count)
    return -count
  }

  boolean(): boolean {
    const from = this.skip(1)
    const byte = this.#bytes[from]!
    return byte <= 1 ? byte === 1 : this.fail(`is the boolean ${byte}`)
  }

  int(): number {
    const value = this.long()
    return (value | 0) === value ? value : this.fail(`is ${value}, which has more than 32 bits`)
  }

  /** A safe integer. */
  long(): number {
    const byte = this.#bytes[this.#at]
    // Nearly all numbers have one byte or two.
    if (byte !== undefined && byte < 0x80) {
      this.#at++
      return (byte >>> 1) ^ -(byte & 1)
    }
    this.#number()
    const long = this.#signed()
    return Number.isSafeInteger(long) ? long : this.fail('is a number beyond 2^53')
  }

  /** A long with all its digits: a bigint beyond 2^53. */
  exactLong(): number | bigint {
    this.#number()
    const long = this.#signed()
    if (Number.isSafeInteger(long)) return long
    const zigzag = (BigInt(this.#high) << 28n) | BigInt(this.#low)
    return (zigzag >> 1n) ^ -(zigzag & 1n)
  }

  /** A long, rounded to the nearest double. */
  longAsDouble(): number {
    this.#number()
    return this.#signed()
  }

  skipLong(): void {
    this.#number()
  }

  float(): number {
    return this.#bytes.readFloatLE(this.skip(4))
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.skip(8))
  }

  /** A number below `count`: the branch of a union, the symbol of an enum. */
  choice(count: number): number {
    const index = this.long()
    if (index >= 0 && index < count) return index
    return this.fail(`is choice ${index} of ${count}`)
  }

  /** UTF-8 text, preceded by its length. */
  text(): string {
    const length = this.#length()
    const from = this.skip(length)
    const text = this.#bytes.toString('utf8', from, from + length)
    // Decoding puts U+FFFD in place of invalid UTF-8, so only a text that contains it is checked.
    if (text.includes('\ufffd')) this.#checkText(from, length)
    return text
  }

  skipText(): void {
    const length = this.#length()
    this.#checkText(this.skip(length), length)
  }

  /**
   * Bytes preceded by their length. Copied, so that they do not keep the whole record in memory.
   */
  bytes(): Buffer {
    return this.fixed(this.#length())
  }

  skipBytes(): void {
    this.skip(this.#length())
  }

  fixed(length: number): Buffer {
    const from = this.skip(length)
    return Buffer.from(this.#bytes.subarray(from, from + length))
  }

  /** Skips bytes and returns where they start. */
  skip(length: number): number {
    const from = this.#at
    const left = this.#bytes.length - from
    if (length > left) this.fail(`needs ${length} bytes where ${left} are left`)
    this.#at += length
    return from
  }

  fail(message: string, code: ValueDefectCode = 'avro_undecodable'): never {
    throw new ValueDefect(code, message)
  }

  #checkText(from: number, length: number): void {
    if (isUtf8(this.#bytes.subarray(from, from + length))) return
    this.fail('is not valid UTF-8', 'utf8_invalid')
  }

  #length(): number {
    const length = this.long()
    return length >= 0 ? length : this.fail(`says it has ${length} bytes`)
  }

  /** A variable-length number before zigzag decoding. */
  #number(): void {
    this.#low = 0
    this.#high = 0
    for (let byte = 0; byte < 10; byte++) {
      const bits = this.#bytes[this.skip(1)]!
      if (byte < 4) this.#low |= (bits & 0x7f) << (7 * byte)
      else this.#high += (bits & 0x7f) * 2 ** (7 * byte - 28)
      if (bits < 0x80) {
        if (byte === 9 && bits > 1) this.fail('is a number of more than 64 bits')
        return
      }
    }
    this.fail('is a number of more than ten bytes')
  }

  /** The number after zigzag decoding: even ones are positive. Rounded once if it is not exact. */
  #signed(): number {
    const half = this.#low >>> 1
    const high = this.#high * 2 ** 27
    return (this.#low & 1) === 0 ? high + half : -(high + (half + 1))
  }
}
