// Reads and writes the fields of protobuf messages without a schema, so that an edit of a message
// keeps fields that Winnow does not know (https://protobuf.dev/programming-guides/encoding). The
// schema of ONNX is in onnx-wire.ts.

/** One field of a message: `whole` includes tag and length, `content` does not. */
export type RawField = {
  readonly number: number
  readonly wireType: number
  readonly whole: Uint8Array
  readonly content: Uint8Array
}

export const wireTypes = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const

/** The fields of a message in order. Throws RangeError when the bytes are not protobuf. */
export function rawFields(message: Uint8Array): RawField[] {
  const fields: RawField[] = []
  for (let at = 0; at < message.length;) {
    const tag = readVarint(message, at)
    const wireType = tag.value % 8
    const number = Math.floor(tag.value / 8)
    let from = tag.end
    let to = from
    if (wireType === wireTypes.varint) to = readVarint(message, from).end
    else if (wireType === wireTypes.fixed64) to = from + 8
    else if (wireType === wireTypes.fixed32) to = from + 4
    else if (wireType === wireTypes.lengthDelimited) {
      const length = readVarint(message, from)
      from = length.end
      to = from + length.value
    } else throw new RangeError(`a field has the wire type ${wireType}`)
    if (number === 0 || to > message.length) throw new RangeError('a field is truncated')
    const [whole, content] = [message.subarray(at, to), message.subarray(from, to)]
    fields.push({ number, wireType, whole, content })
    at = to
  }
  return fields
}

/** The tag and length that precede the content of a length-delimited field. */
export function fieldHeader(number: number, length: number): Uint8Array {
  return Buffer.concat([varint(number * 8 + wireTypes.lengthDelimited), varint(length)])
}

/** A length-delimited field: bytes, a string or a message. */
export function bytesField(number: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([fieldHeader(number, content.length), content])
}

/** A varint field; `value` is at most 2^53. */
export function numberField(number: number, value: number): Uint8Array {
  return Buffer.concat([varint(number * 8 + wireTypes.varint), varint(value)])
}

/** A number up to 2^53 as a varint: base 128, least significant group first. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** A signed 64-bit number as a varint; a negative one takes ten bytes, in two's complement. */
export function int64Varint(value: number): Uint8Array {
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) return varint(value)
  // A double cannot hold the largest int64; the nearest double, 2^63, is 1 too large.
  const exact = value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(value)
  let rest = BigInt.asUintN(64, exact)
  const bytes: number[] = []
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) + 0x80)
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

/** Reads a signed 64-bit varint; beyond 2^53 the value is the nearest double. */
export function readInt64(bytes: Uint8Array, at: number): { value: number; end: number } {
  const { value, end } = readVarint(bytes, at)
  if (value <= Number.MAX_SAFE_INTEGER) return { value, end }
  let exact = 0n
  for (let index = end - 1; index >= at; index--) {
    exact = (exact << 7n) | BigInt(bytes[index]! & 0x7f)
  }
  return { value: Number(BigInt.asIntN(64, exact)), end }
}

/**
 * Reads an unsigned varint. A value beyond 2^53, such as a negative number, loses precision, but
 * `end` is right. Throws RangeError when the bytes end early or ten bytes do not end the number.
 */
export function readVarint(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0
  let factor = 1
  for (let end = at; end < at + 10; end++) {
    const byte = bytes[end]
    if (byte === undefined) throw new RangeError('a number is truncated')
    value += (byte & 0x7f) * factor
    factor *= 0x80
    if (byte < 0x80) return { value, end: end + 1 }
  }
  throw new RangeError('a number is too long')
}
