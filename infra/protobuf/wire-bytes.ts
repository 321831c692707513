// The bytes of one Protobuf message while it is read (protobuf.dev, "Encoding"): tags, varints,
// lengths. It enforces the limits: no read past the end, bounded nesting, a bounded number of
// values. What the fields are is message-value.ts.
import type { EventErrorCode } from '../../schemas/errors.ts'

/** Says what is wrong with a value, and where; thrown while the value is read. */
export class MessageDefect extends Error {
  readonly code: EventErrorCode
  /** Names of fields and indexes in lists, outermost first. */
  readonly path: (string | number)[] = []

  constructor(code: EventErrorCode, message: string) {
    super(message)
    this.code = code
  }

  /** One sentence that names the path. */
  get sentence(): string {
    const path = this.path
      .map((one, at) => (typeof one === 'number' ? `[${one}]` : `${at === 0 ? '' : '.'}${one}`))
      .join('')
    return `${path === '' ? 'the value' : path} ${this.message}`
  }
}

export const wireTypes = { varint: 0, bits64: 1, length: 2, startGroup: 3, endGroup: 4, bits32: 5 }

/** Deepest nesting of messages, as Protobuf's own readers allow at most. */
const depthMax = 100
/**
 * Most values beyond one for each byte. Fields that a message lacks get defaults, so a schema of
 * thousands of fields could ask for thousands of values for two bytes.
 */
const valuesMax = 1_000_000

/** One message and the read position in it. Every method throws MessageDefect. */
export class WireBytes {
  readonly #bytes: Buffer
  #at = 0
  /** Where the message that is read ends. */
  #end: number
  #depth = 0
  #valuesLeft: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#end = bytes.length
    this.#valuesLeft = bytes.length + valuesMax
  }

  /** Whether the message, or the part that `within` reads, goes on. */
  get hasMore(): boolean {
    return this.#at < this.#end
  }

  /** Announces values that become part of the result. */
  expect(count: number): void {
    this.#valuesLeft -= count
    if (this.#valuesLeft < 0) this.fail(`has more than ${valuesMax} values`)
  }

  /** The tag of the next field: its number, then three bits for its wire type. */
  tag(): number {
    const tag = Number(this.varint())
    if (tag > 0xffff_ffff || tag < 8) this.fail('has a field without a valid number')
    return tag
  }

  /** A whole number of 64 bits without a sign: a bigint beyond 2^53. */
  varint(): number | bigint {
    const first = this.#bytes[this.#at]
    if (this.#at < this.#end && first! < 0x80) {
      this.#at++
      return first!
    }
    let low = 0
    let high = 0
    for (let at = 0; at < 10; at++) {
      const byte = this.#bytes[this.#skip(1)]!
      if (at < 4) low |= (byte & 0x7f) << (7 * at)
      else high += (byte & 0x7f) * 2 ** (7 * at - 28)
      if (byte < 0x80) {
        const value = high * 2 ** 28 + low
        if (value <= Number.MAX_SAFE_INTEGER) return value
        // The last of ten bytes has room for more bits than 64; Protobuf drops them.
        return BigInt.asUintN(64, (BigInt(high) << 28n) | BigInt(low))
      }
    }
    return this.fail('has a number of more than ten bytes')
  }

  bits32(): Buffer {
    return this.#taken(4)
  }

  bits64(): Buffer {
    return this.#taken(8)
  }

  /** Bytes behind their length, not copied. */
  lengthDelimited(): Buffer {
    return this.#taken(this.#length())
  }

  /** Reads a part that stands behind its length. */
  within<T>(read: () => T): T {
    const length = this.#length()
    const outer = this.#end
    this.#end = this.#at + length
    const value = read()
    this.#at = this.#end
    this.#end = outer
    return value
  }

  /** Enters a message. */
  enter(): void {
    this.#depth++
    if (this.#depth > depthMax) this.fail(`is nested deeper than ${depthMax}`)
  }

  leave(): void {
    this.#depth--
  }

  /** Skips the value of a field that nobody reads. */
  skip(wireType: number, field: number): void {
    switch (wireType) {
      case wireTypes.varint:
        this.varint()
        break
      case wireTypes.bits64:
        this.#skip(8)
        break
      case wireTypes.length:
        this.#skip(this.#length())
        break
      case wireTypes.startGroup:
        this.enter()
        while (!this.endsGroup(field)) {
          const inner = this.tag()
          this.skip(wireTypeOf(inner), numberOf(inner))
        }
        this.leave()
        break
      case wireTypes.bits32:
        this.#skip(4)
        break
      default:
        this.fail(`has a field of wire type ${wireType}, which has no meaning here`)
    }
  }

  /** Whether the group of a field ends here; if so, its end is read. */
  endsGroup(field: number): boolean {
    const from = this.#at
    const tag = this.tag()
    if (wireTypeOf(tag) === wireTypes.endGroup && numberOf(tag) === field) return true
    this.#at = from
    return false
  }

  fail(message: string, code: EventErrorCode = 'protobuf_undecodable'): never {
    throw new MessageDefect(code, message)
  }

  #length(): number {
    const length = Number(this.varint())
    return length <= this.#end - this.#at
      ? length
      : this.fail(pastEnd(length, this.#end - this.#at))
  }

  #taken(length: number): Buffer {
    const from = this.#skip(length)
    return this.#bytes.subarray(from, from + length)
  }

  #skip(length: number): number {
    const left = this.#end - this.#at
    if (length > left) this.fail(pastEnd(length, left))
    const from = this.#at
    this.#at += length
    return from
  }
}

/** The number of a field, of its tag. */
export function numberOf(tag: number): number {
  return tag >>> 3
}

/** The wire type of a field, of its tag. */
export function wireTypeOf(tag: number): number {
  return tag & 7
}

function pastEnd(length: number, left: number): string {
  return `needs ${length} bytes where ${left} are left`
}
