// Values of Parquet columns with all their digits and bytes: decimals, fixed-length bytes, text.
// Which columns are read is parquet-rows.ts, the format is hyparquet.
import type { FileMetaData, SchemaElement, SchemaTree } from 'hyparquet'

/** A column of single values that people would slice by: no lists, structs or floating numbers. */
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

/**
 * The same metadata, by which hyparquet gives the unscaled numbers of decimals instead of rounded
 * ones.
 */
export function rawMetadata(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) =>
    isDecimal(element)
      ? { ...element, converted_type: undefined, logical_type: undefined }
      : element,
  )
  return { ...metadata, schema }
}

/** Makes a value of this column, as hyparquet gives it with `rawMetadata`, one that rows have. */
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

/** Bytes that are no UTF-8 stay bytes, so that the check of the row names it. */
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

/** The digits of a decimal as its scale has them, such as 1.50. */
function decimalText(value: unknown, scale: number): unknown {
  const unscaled = unscaledNumber(value)
  if (unscaled === undefined) return value
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const sign = unscaled < 0n ? '-' : ''
  if (scale === 0) return sign + digits
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/**
 * Two's complement with the highest byte first, where it is bytes (Parquet's LogicalTypes.md,
 * DECIMAL).
 */
function unscaledNumber(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number') return BigInt(value)
  if (!(value instanceof Uint8Array)) return undefined
  const whole = value.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  return BigInt.asIntN(8 * value.length, whole)
}

/** Shorter values of a fixed length are padded with zero bytes. */
function withoutPadding(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}
