// Reads the numbers and byte strings of Kafka's protocol in sequence, never past the end.

/** The bytes end too early, or do not hold what they must. */
export class DamagedBytes extends Error {}

/** A position in some bytes; every call reads from there and moves on. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  int8(): number {
    return this.#bytes.readInt8(this.#move(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#move(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#move(4))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#move(4))
  }

  /** Exact up to 2^53, as offsets and times are. */
  int64(): number {
    const at = this.#move(8)
    return this.#bytes.readInt32BE(at) * 2 ** 32 + this.#bytes.readUInt32BE(at + 4)
  }

  /** Zigzag-encoded, of at most 32 bits. */
  varint(): number {
    const value = this.#unsigned(5)
    if (value > 0xffff_ffff) throw new DamagedBytes('a number has more than 32 bits')
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** Zigzag-encoded, of at most 64 bits; exact up to 2^53. */
  varlong(): number {
    const value = this.#unsigned(10)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  take(length: number): Buffer {
    const at = this.#move(length)
    return this.#bytes.subarray(at, this.#at)
  }

  /** Preceded by its length in 32 bits; -1 means null. */
  bytes(): Buffer | null {
    const length = this.int32()
    return length === -1 ? null : this.take(length)
  }

  /** Preceded by its length as a varint; -1 means null. */
  varbytes(): Buffer | null {
    const length = this.varint()
    return length === -1 ? null : this.take(length)
  }

  string(): string {
    return this.take(this.int16()).toString()
  }

  /** Reads as many items as the number in front says. */
  array<T>(read: () => T): T[] {
    const length = this.int32()
    return Array.from({ length: Math.max(0, Math.min(length, this.left)) }, read)
  }

  #unsigned(bytesMax: number): number {
    let value = 0
    for (let count = 0; count < bytesMax; count++) {
      const byte = this.#bytes[this.#move(1)]!
      value += (byte & 0x7f) * 2 ** (7 * count)
      if (byte < 0x80) return value
    }
    throw new DamagedBytes('a number does not end')
  }

  #move(length: number): number {
    const at = this.#at
    if (length < 0 || at + length > this.#bytes.length) {
      throw new DamagedBytes('the bytes end too early')
    }
    this.#at += length
    return at
  }
}
