// Encodes and decodes the part of ONNX's protobuf schema that Winnow uses
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). One table of field numbers gives the
// codec and the message types. Fields that the table does not name are skipped. What the messages
// mean is the concern of onnx-reader.ts and onnx-writer.ts.
import {
  fieldHeader,
  int64Varint,
  rawFields,
  readInt64,
  varint,
  wireTypes,
  type RawField,
} from './protobuf-fields.ts'

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

/**
 * Field numbers of onnx.proto; `int` stands for int32, int64 and enums, all varints on the wire.
 */
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

/** The numbers in TensorProto.DataType of the element types that Winnow's graphs use. */
export const onnxElementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const

/** The numbers in AttributeProto.AttributeType. */
export const onnxAttributeTypes = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 } as const

/** The bytes of a model file. Tensor bytes are copied once, into the returned array. */
export function encodeModel(model: OnnxMessage<'Model'>): Uint8Array {
  return encodeMessage('Model', model)
}

/** The bytes of one message, to be inserted into a file that is otherwise left unchanged. */
export function encodeMessage<N extends MessageName>(name: N, message: OnnxMessage<N>): Uint8Array {
  return joined(messageParts(name, message))
}

/**
 * A model file as a record. Tensor `raw` bytes are views into `bytes`, not copies.
 * Throws RangeError or Error when `bytes` is not protobuf.
 */
export function decodeModel(bytes: Uint8Array): OnnxMessage<'Model'> {
  return readMessage('Model', bytes)
}

/** One message of a file as a record; throws as decodeModel does. */
export function decodeMessage<N extends MessageName>(name: N, bytes: Uint8Array): OnnxMessage<N> {
  return readMessage(name, bytes)
}

/** The bytes of a message in parts; the parts of tensors are the caller's own arrays. */
function messageParts(name: MessageName, message: object): Uint8Array[] {
  const values = message as Record<string, unknown>
  const parts: Uint8Array[] = []
  for (const [field, [number, kind, repeated]] of fieldsOf(name)) {
    const value = values[field]
    if (value === undefined) continue
    if (repeated === undefined) writeField(parts, number, kind, value)
    else if (isNumber(kind)) {
      const packed = (value as number[]).map((element) => numberBytes(kind, element))
      parts.push(fieldHeader(number, lengthOf(packed)))
      for (const part of packed) parts.push(part)
    } else for (const element of value as unknown[]) writeField(parts, number, kind, element)
  }
  return parts
}

function writeField(parts: Uint8Array[], number: number, kind: Kind, value: unknown): void {
  if (isNumber(kind)) {
    parts.push(varint(number * 8 + wireTypeOf(kind)), numberBytes(kind, value as number))
    return
  }
  const content = contentParts(kind, value)
  parts.push(fieldHeader(number, lengthOf(content)))
  for (const part of content) parts.push(part)
}

function contentParts(kind: Exclude<Kind, 'int' | 'float'>, value: unknown): Uint8Array[] {
  if (kind === 'string') return [Buffer.from(value as string)]
  if (kind === 'bytes') return [value as Uint8Array]
  return messageParts(kind, value as object)
}

function numberBytes(kind: 'int' | 'float', value: number): Uint8Array {
  if (kind === 'int') return int64Varint(value)
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}

function readMessage(name: MessageName, bytes: Uint8Array): object {
  const byNumber = new Map(fieldsOf(name).map(([field, spec]) => [spec[0], { field, spec }]))
  const message: Record<string, unknown> = {}
  for (const { number, wireType, content } of rawFields(bytes)) {
    const known = byNumber.get(number)
    if (known === undefined) continue
    const [, kind, repeated] = known.spec
    // Parsers must accept repeated numbers both packed and unpacked (protobuf encoding guide).
    const packed =
      repeated !== undefined && wireType === wireTypes.lengthDelimited && isNumber(kind)
    if (!packed && wireType !== wireTypeOf(kind)) {
      throw new Error(`${name}.${known.field} has the wire type ${wireType}`)
    }
    if (repeated === undefined) {
      message[known.field] = readValue(content, kind)
      continue
    }
    const list = (message[known.field] ??= []) as unknown[]
    if (packed) for (const value of packedNumbers(content, kind)) list.push(value)
    else list.push(readValue(content, kind))
  }
  return message
}

function* packedNumbers(content: Uint8Array, kind: 'int' | 'float'): Generator<number> {
  for (let at = 0; at < content.length;) {
    const { value, end } =
      kind === 'int' ? readInt64(content, at) : { value: floatAt(content, at), end: at + 4 }
    yield value
    at = end
  }
}

function readValue(content: RawField['content'], kind: Kind): unknown {
  if (kind === 'int') return readInt64(content, 0).value
  if (kind === 'float') return floatAt(content, 0)
  if (kind === 'string') return bufferOf(content).toString()
  if (kind === 'bytes') return content
  return readMessage(kind, content)
}

/** Throws RangeError when fewer than four bytes are left. */
function floatAt(content: Uint8Array, at: number): number {
  return bufferOf(content).readFloatLE(at)
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { length }) => total + length, 0)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  // Every byte is written below, and zeroing 91 MB first would double the time.
  const { buffer } = Buffer.allocUnsafeSlow(lengthOf(parts))
  const bytes = new Uint8Array(buffer)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function isNumber(kind: Kind): kind is 'int' | 'float' {
  return kind === 'int' || kind === 'float'
}

function wireTypeOf(kind: Kind): number {
  if (kind === 'int') return wireTypes.varint
  return kind === 'float' ? wireTypes.fixed32 : wireTypes.lengthDelimited
}

function fieldsOf(name: MessageName): [string, Field][] {
  return Object.entries<Field>(messages[name])
}
