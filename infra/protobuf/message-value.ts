// Reads Protobuf messages as objects of plain values: fields under the names of the .proto file,
// enums as their symbols, whole numbers with all digits (a bigint beyond 2^53), well-known types in
// the form that Protobuf's JSON gives them. Fields that the schema lacks are skipped.
import { isUtf8 } from 'node:buffer'
import type { Outcome } from '../../schemas/outcome.ts'
import type { BytesForm } from '../avro/plain-value.ts'
import { shortFloat } from '../avro/short-float.ts'
import type { ProtoField, ProtoMessage, ScalarKind } from './proto-message.ts'
import { plainForms } from './well-known.ts'
import { MessageDefect, WireBytes, numberOf, wireTypeOf, wireTypes } from './wire-bytes.ts'

/** Reads one message, which must end where its bytes end. */
export function readMessage(
  type: ProtoMessage,
  value: Buffer,
  { bytes: form }: { bytes: BytesForm },
): Outcome<unknown> {
  const bytes = new WireBytes(value)
  try {
    return { kind: 'ok', value: new MessageReading(bytes, form).message(type, undefined) }
  } catch (error) {
    if (!(error instanceof MessageDefect)) throw error
    return { kind: 'rejected', error: { code: error.code, message: error.sentence } }
  }
}

type Fields = Record<string, unknown>

class MessageReading {
  readonly #bytes: WireBytes
  readonly #form: BytesForm

  constructor(bytes: WireBytes, form: BytesForm) {
    this.#bytes = bytes
    this.#form = form
  }

  /** Reads up to the end of the bytes at hand, or of a group. `earlier` is merged into. */
  message(type: ProtoMessage, earlier: unknown, group?: number): unknown {
    const bytes = this.#bytes
    const plain = plainForms.get(type.name)
    const value: Fields = isFields(earlier) && plain === undefined ? earlier : {}
    bytes.enter()
    let place = ''
    try {
      while (group === undefined ? bytes.hasMore : !bytes.endsGroup(group)) {
        const tag = bytes.tag()
        const wireType = wireTypeOf(tag)
        const field = type.fields.get(numberOf(tag))
        place = field?.name ?? ''
        if (field === undefined || !fits(field, wireType)) bytes.skip(wireType, numberOf(tag))
        else this.#field(field, wireType, value, type)
      }
    } catch (error) {
      if (place !== '') throw inside(error, place)
      throw error
    }
    bytes.leave()
    this.#addDefaults(type, value)
    return plain === undefined ? value : plain(value)
  }

  #field(field: ProtoField, wireType: number, value: Fields, owner: ProtoMessage): void {
    const { name, oneof } = field
    switch (field.holds) {
      case 'one':
        if (oneof !== undefined) clearOthers(owner, field, value)
        value[name] = this.#one(field, wireType, own(value, name), owner)
        return
      case 'list': {
        const list = (own(value, name) ?? (value[name] = [])) as unknown[]
        if (isPacked(field, wireType)) {
          this.#bytes.within(() => {
            while (this.#bytes.hasMore) list.push(this.#scalarOrEnum(field, owner))
          })
        } else {
          try {
            list.push(this.#one(field, wireType, undefined, owner))
          } catch (error) {
            throw inside(error, list.length)
          }
        }
        return
      }
      case 'map': {
        const entries = (own(value, name) ?? (value[name] = {})) as Fields
        const entry = this.#one(field, wireType, undefined, owner) as Fields
        const key = String(entry['key'])
        if (key === '__proto__') {
          this.#bytes.fail('must not have the name "__proto__"', 'field_type')
        }
        entries[key] = entry['value']
      }
    }
  }

  #one(field: ProtoField, wireType: number, earlier: unknown, owner: ProtoMessage): unknown {
    const { type } = field
    if (type.kind !== 'message') return this.#scalarOrEnum(field, owner)
    this.#bytes.expect(1)
    if (wireType === wireTypes.startGroup) return this.message(type, earlier, field.number)
    return this.#bytes.within(() => this.message(type, earlier))
  }

  #scalarOrEnum({ type }: ProtoField, owner: ProtoMessage): unknown {
    const bytes = this.#bytes
    bytes.expect(1)
    if (type.kind === 'enum') {
      const number = Number(BigInt.asIntN(32, BigInt(bytes.varint())))
      return type.symbols.get(number) ?? number
    }
    if (type.kind === 'message') return bytes.fail('cannot be packed')
    // The well-known form of this type needs the bytes themselves.
    const form = owner.name === 'confluent.type.Decimal' ? 'base64' : this.#form
    return scalar(type.scalar, bytes, form)
  }

  /** Fields without presence have the default of their type when the bytes lack them. */
  #addDefaults({ fields }: ProtoMessage, value: Fields): void {
    this.#bytes.expect(fields.size)
    for (const field of fields.values()) {
      if (field.presence === 'implicit' && !Object.hasOwn(value, field.name)) {
        value[field.name] = defaultOf(field)
      }
    }
  }
}

function clearOthers(owner: ProtoMessage, { name, oneof }: ProtoField, value: Fields): void {
  for (const other of owner.fields.values()) {
    if (other.oneof === oneof && other.name !== name) Reflect.deleteProperty(value, other.name)
  }
}

function own(value: Fields, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The wire type of each kind; enums are varints, messages have a length or are groups. */
const scalarWireTypes: Record<ScalarKind, number> = {
  double: wireTypes.bits64,
  float: wireTypes.bits32,
  int32: wireTypes.varint,
  int64: wireTypes.varint,
  uint32: wireTypes.varint,
  uint64: wireTypes.varint,
  sint32: wireTypes.varint,
  sint64: wireTypes.varint,
  fixed32: wireTypes.bits32,
  fixed64: wireTypes.bits64,
  sfixed32: wireTypes.bits32,
  sfixed64: wireTypes.bits64,
  bool: wireTypes.varint,
  string: wireTypes.length,
  bytes: wireTypes.length,
}

/** Whether a field is written with this wire type; if not, it counts as unknown. */
function fits(field: ProtoField, wireType: number): boolean {
  return wireType === wireTypeFor(field) || isPacked(field, wireType)
}

function wireTypeFor({ type, framing }: ProtoField): number {
  switch (type.kind) {
    case 'scalar':
      return scalarWireTypes[type.scalar]
    case 'enum':
      return wireTypes.varint
    case 'message':
      return framing === 'group' ? wireTypes.startGroup : wireTypes.length
  }
}

/** Numbers of a list may stand one after another behind one length. */
function isPacked(field: ProtoField, wireType: number): boolean {
  return (
    field.holds === 'list' &&
    wireType === wireTypes.length &&
    field.type.kind !== 'message' &&
    wireTypeFor(field) !== wireTypes.length
  )
}

function scalar(kind: ScalarKind, bytes: WireBytes, form: BytesForm): unknown {
  switch (kind) {
    case 'double':
      return bytes.bits64().readDoubleLE()
    case 'float':
      return shortFloat(bytes.bits32().readFloatLE())
    case 'int32':
    case 'uint32':
    case 'sint32':
    case 'int64':
    case 'uint64':
    case 'sint64':
      return wholeNumber(kind, bytes.varint())
    case 'fixed32':
      return bytes.bits32().readUInt32LE()
    case 'sfixed32':
      return bytes.bits32().readInt32LE()
    case 'fixed64':
      return exact(bytes.bits64().readBigUInt64LE())
    case 'sfixed64':
      return exact(bytes.bits64().readBigInt64LE())
    case 'bool':
      return bytes.varint() !== 0
    case 'string':
      return utf8(bytes)
    case 'bytes':
      return form === 'utf8' ? utf8(bytes) : bytes.lengthDelimited().toString('base64')
  }
}

type VarintKind = 'int32' | 'uint32' | 'sint32' | 'int64' | 'uint64' | 'sint64'

/** What a varint stands for. Numbers of 31 bits, which nearly all are, need no bigint. */
function wholeNumber(kind: VarintKind, varint: number | bigint): number | bigint {
  const isSmall = typeof varint === 'number' && varint <= 0x7fff_ffff
  if (isSmall) return kind.startsWith('s') ? (varint >>> 1) ^ -(varint & 1) : varint
  const bits = BigInt(varint)
  switch (kind) {
    case 'int32':
      return Number(BigInt.asIntN(32, bits))
    case 'uint32':
      return Number(BigInt.asUintN(32, bits))
    case 'sint32':
      return Number(fromZigzag(BigInt.asUintN(32, bits)))
    case 'int64':
      return exact(BigInt.asIntN(64, bits))
    case 'uint64':
      return varint
    case 'sint64':
      return exact(fromZigzag(bits))
  }
}

function fromZigzag(value: bigint): bigint {
  return (value & 1n) === 0n ? value >> 1n : -((value >> 1n) + 1n)
}

function exact(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function utf8(bytes: WireBytes): string {
  const value = bytes.lengthDelimited()
  return isUtf8(value) ? value.toString() : bytes.fail('is not valid UTF-8', 'utf8_invalid')
}

function defaultOf({ type, holds }: ProtoField): unknown {
  if (holds !== 'one') return holds === 'list' ? [] : {}
  if (type.kind === 'enum') return type.symbols.get(0) ?? 0
  if (type.kind === 'message') return undefined
  switch (type.scalar) {
    case 'bool':
      return false
    case 'string':
    case 'bytes':
      return ''
    default:
      return 0
  }
}

/** Adds the name of a field, or the index of an item, to the path of a defect. */
function inside(error: unknown, place: string | number): unknown {
  if (error instanceof MessageDefect) error.path.unshift(place)
  return error
}
