// The types of Protobuf schemas, as values are read by them. proto-file.ts makes them from .proto
// text, message-value.ts reads values by them.

export type ScalarKind =
  | 'double'
  | 'float'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'sint32'
  | 'sint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed32'
  | 'sfixed64'
  | 'bool'
  | 'string'
  | 'bytes'

export type ProtoScalar = { readonly kind: 'scalar'; readonly scalar: ScalarKind }

export type ProtoEnum = {
  readonly kind: 'enum'
  /** The full name, with its package. */
  readonly name: string
  readonly symbols: ReadonlyMap<number, string>
}

export type ProtoMessage = {
  readonly kind: 'message'
  /** The full name, with its package and the messages around it. */
  readonly name: string
  readonly fields: ReadonlyMap<number, ProtoField>
}

export type ProtoField = {
  /** As the .proto file has it. */
  readonly name: string
  readonly number: number
  readonly type: ProtoScalar | ProtoEnum | ProtoMessage
  /** A map's type is the message of its entries: key 1, value 2. */
  readonly holds: 'one' | 'list' | 'map'
  /** Whether a field that a value lacks is absent; else it has the default of its type. */
  readonly presence: 'explicit' | 'implicit'
  /** The fields of a `oneof` share its name; setting one clears the others. */
  readonly oneof: string | undefined
  /** How messages are written: behind their length, or between two tags. */
  readonly framing: 'length' | 'group'
}
