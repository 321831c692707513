// Converts values of Parquet columns without loss: decimals, fixed-length bytes and text.
// parquet-rows.ts chooses the columns, and hyparquet decodes the format.
import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet'

/** Whether a column can be an attribute: single values, no lists, structs or floating numbers. */
export function isFlat({ children, element }: SchemaTree): boolean {
  if (children.length > 0 || element.repetition_type === 'REPEATED') return false
  if (unreadable.has(element.converted_type) || unreadable.has(element.logical_type?.type))
    return false
  return ['BOOLEAN', 'INT32', 'INT64', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'].includes(
    element.type ?? '',
  )
}

const unreadable: ReadonlySet<string | undefined> = new Set([
  'INTERVAL',
  'BSON',
  'FLOAT16',
  'GEOMETRY',
  'GEOGRAPHY',
  'VARIANT',
])

/** Changes the metadata so that hyparquet returns decimals unscaled instead of rounded. */
export function rawMetadata(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) =>
    isDecimal(element)
      ? { ...element, converted_type: undefined, logical_type: undefined }
      : element,
  )
  return { ...metadata, schema }
}

/** A function that converts a value of the column, read with `rawMetadata`, to a row's value. */
export function columnReader(element: SchemaElement): (value: unknown) => unknown {
  if (isDecimal(element)) {
    const { logical_type: logical } = element
    const scale = element.scale ?? (logical?.type === 'DECIMAL' ? logical.scale : 0)
    return (value) => decimalText(value, scale)
  }
  if (element.type === 'FIXED_LEN_BYTE_ARRAY') {
    return (value) => (value instanceof Uint8Array ? textOrBytes(withoutPadding(value)) : value)
  }
  return (value) => (value instanceof Uint8Array ? textOrBytes(value) : value)
}

/** Decodes UTF-8. Invalid bytes stay bytes, so that the check of the row reports them. */
export function textOrBytes(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return bytes
  }
}

function isDecimal({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted === 'DECIMAL' || logical?.type === 'DECIMAL'
}

/** A decimal with all digits of its scale, such as 1.50. */
function decimalText(value: unknown, scale: number): unknown {
  const unscaled = unscaledNumber(value)
  if (unscaled === undefined) return value
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const sign = unscaled < 0n ? '-' : ''
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/**
 * The unscaled number; bytes are big-endian two's complement (Parquet LogicalTypes.md, DECIMAL).
 */
function unscaledNumber(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(value)
  if (!(value instanceof Uint8Array)) return undefined
  const whole = value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  return BigInt.asIntN(8 * value.length, whole)
}

/** Removes the zero bytes that pad shorter values of a fixed length. */
function withoutPadding(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}
