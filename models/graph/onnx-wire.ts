// The part of ONNX's protobuf schema that Winnow reads and writes, as one table of field numbers
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), with the message types derived from it.
// It owns bytes <-> plain records; it knows nothing of graphs, and skips fields it does not name.
import protobuf from 'protobufjs/minimal.js'

type Kind = 'int' | 'float' | 'string' | 'bytes' | MessageName
type Field = readonly [number: number, kind: Kind, repeated?: 'repeated']
type MessageName =
  | 'Model'
  | 'OperatorSetId'
  | 'Entry'
  | 'Graph'
  | 'Node'
  | 'Attribute'
  | 'Tensor'
  | 'ValueInfo'
  | 'Type'
  | 'TensorType'
  | 'Shape'
  | 'Dimension'

/** Field numbers of onnx.proto; `int` stands for int32, int64 and enums, all varints on the wire. */
const messages = {
  Model: {
    irVersion: [1, 'int'],
    producerName: [2, 'string'],
    producerVersion: [3, 'string'],
    graph: [7, 'Graph'],
    opsetImport: [8, 'OperatorSetId', 'repeated'],
    metadata: [14, 'Entry', 'repeated'],
  },
  OperatorSetId: { domain: [1, 'string'], version: [2, 'int'] },
  Entry: { key: [1, 'string'], value: [2, 'string'] },
  Graph: {
    nodes: [1, 'Node', 'repeated'],
    name: [2, 'string'],
    initializers: [5, 'Tensor', 'repeated'],
    inputs: [11, 'ValueInfo', 'repeated'],
    outputs: [12, 'ValueInfo', 'repeated'],
  },
  Node: {
    inputs: [1, 'string', 'repeated'],
    outputs: [2, 'string', 'repeated'],
    name: [3, 'string'],
    operator: [4, 'string'],
    attributes: [5, 'Attribute', 'repeated'],
    domain: [7, 'string'],
  },
  Attribute: {
    name: [1, 'string'],
    float: [2, 'float'],
    int: [3, 'int'],
    string: [4, 'bytes'],
    tensor: [5, 'Tensor'],
    ints: [8, 'int', 'repeated'],
    type: [20, 'int'],
  },
  Tensor: {
    dims: [1, 'int', 'repeated'],
    elementType: [2, 'int'],
    floats: [4, 'float', 'repeated'],
    ints: [7, 'int', 'repeated'],
    name: [8, 'string'],
    raw: [9, 'bytes'],
    externalLocation: [13, 'Entry', 'repeated'],
    dataLocation: [14, 'int'],
  },
  ValueInfo: { name: [1, 'string'], type: [2, 'Type'] },
  Type: { tensor: [1, 'TensorType'] },
  TensorType: { elementType: [1, 'int'], shape: [2, 'Shape'] },
  Shape: { dims: [1, 'Dimension', 'repeated'] },
  Dimension: { value: [1, 'int'], parameter: [2, 'string'] },
} as const satisfies Record<MessageName, Record<string, Field>>

type Messages = typeof messages
type ValueOf<K> = K extends 'int' | 'float'
  ? number
  : K extends 'string'
    ? string
    : K extends 'bytes'
      ? Uint8Array
      : K extends MessageName
        ? OnnxMessage<K>
        : never

/** A message as a plain record: scalar fields may be absent, repeated ones are arrays. */
export type OnnxMessage<N extends MessageName> = {
  readonly [F in keyof Messages[N]]?: Messages[N][F] extends readonly [number, infer K, 'repeated']
    ? readonly ValueOf<K>[]
    : Messages[N][F] extends readonly [number, infer K]
      ? ValueOf<K>
      : never
}

/** TensorProto.DataType numbers of the element types that Winnow's graphs use. */
export const onnxElementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
} as const

/** AttributeProto.AttributeType numbers. */
export const onnxAttributeTypes = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 } as const

/** The bytes of a model file. Tensor bytes are copied once, into the returned array. */
export function encodeModel(model: OnnxMessage<'Model'>): Uint8Array {
  return encodeMessage('Model', model)
}

/** The bytes of one message, for a place in a file that is otherwise kept as it is. */
export function encodeMessage<N extends MessageName>(name: N, message: OnnxMessage<N>): Uint8Array {
  const writer = protobuf.Writer.create()
  writeMessage(writer, name, message)
  return writer.finish()
}

/**
 * A model file as a record. Tensor `raw` bytes are views into `bytes`, not copies.
 * Throws RangeError or Error from the wire reader when `bytes` is not protobuf.
 */
export function decodeModel(bytes: Uint8Array): OnnxMessage<'Model'> {
  const reader = protobuf.Reader.create(bytes)
  return readMessage(reader, 'Model', reader.len)
}

function writeMessage(writer: protobuf.Writer, name: MessageName, message: object): void {
  const values = message as Record<string, unknown>
  for (const [field, [number, kind, repeated]] of fieldsOf(name)) {
    const value = values[field]
    if (value === undefined) continue
    if (repeated === undefined) writeField(writer, number, kind, value)
    else if (isNumber(kind)) writePacked(writer, number, kind, value)
    else for (const element of value as unknown[]) writeField(writer, number, kind, element)
  }
}

function writeField(writer: protobuf.Writer, number: number, kind: Kind, value: unknown): void {
  writer.uint32((number << 3) | wireTypeOf(kind))
  if (kind === 'int') writer.int64(value as number)
  else if (kind === 'float') writer.float(value as number)
  else if (kind === 'string') writer.string(value as string)
  else if (kind === 'bytes') writer.bytes(value as Uint8Array)
  else {
    writer.fork()
    writeMessage(writer, kind, value as object)
    writer.ldelim()
  }
}

function writePacked(
  writer: protobuf.Writer,
  number: number,
  kind: 'int' | 'float',
  value: unknown,
): void {
  writer.uint32((number << 3) | lengthDelimited).fork()
  for (const element of value as number[]) {
    if (kind === 'int') writer.int64(element)
    else writer.float(element)
  }
  writer.ldelim()
}

function readMessage(reader: protobuf.Reader, name: MessageName, end: number): object {
  const byNumber = new Map(fieldsOf(name).map(([field, spec]) => [spec[0], { field, spec }]))
  const message: Record<string, unknown> = {}
  while (reader.pos < end) {
    const tag = reader.uint32()
    const wireType = tag & 7
    const known = byNumber.get(tag >>> 3)
    if (known === undefined) {
      reader.skipType(wireType)
      continue
    }
    const [, kind, repeated] = known.spec
    // Parsers must take numbers packed and unpacked alike (protobuf encoding guide).
    const packed = repeated !== undefined && wireType === lengthDelimited && isNumber(kind)
    if (!packed && wireType !== wireTypeOf(kind)) {
      throw new Error(`${name}.${known.field} has the wire type ${wireType}`)
    }
    if (repeated === undefined) {
      message[known.field] = readValue(reader, kind)
      continue
    }
    const list = (message[known.field] ??= []) as unknown[]
    const listEnd = packed ? reader.uint32() + reader.pos : reader.pos + 1
    while (reader.pos < listEnd) list.push(readValue(reader, kind))
  }
  return message
}

function readValue(reader: protobuf.Reader, kind: Kind): unknown {
  if (kind === 'int') return Number(reader.int64())
  if (kind === 'float') return reader.float()
  if (kind === 'string') return reader.string()
  if (kind === 'bytes') return reader.bytes()
  const length = reader.uint32()
  return readMessage(reader, kind, reader.pos + length)
}

const lengthDelimited = 2

function isNumber(kind: Kind): kind is 'int' | 'float' {
  return kind === 'int' || kind === 'float'
}

function wireTypeOf(kind: Kind): number {
  if (kind === 'int') return 0
  return kind === 'float' ? 5 : lengthDelimited
}

function fieldsOf(name: MessageName): [string, Field][] {
  return Object.entries<Field>(messages[name])
}
