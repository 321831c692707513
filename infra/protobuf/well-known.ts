// Well-known types in the form that Protobuf's JSON gives them (protobuf.dev, "ProtoJSON Format"):
// times as RFC 3339, durations as `3.5s`, wrappers as what they hold, Struct as JSON. Confluent's
// Decimal becomes an exact number in decimal digits.
import { decimalBytesMax, decimalText } from '../avro/logical-type.ts'

type Fields = Readonly<Record<string, unknown>>

/** The plain form of a message by its full name; a value out of the range of its type is kept. */
export const plainForms: ReadonlyMap<string, (value: Fields) => unknown> = new Map([
  ['google.protobuf.Timestamp', timestamp],
  ['google.protobuf.Duration', duration],
  ...['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map(
    (name): [string, (value: Fields) => unknown] => [
      `google.protobuf.${name}Value`,
      (fields) => fields['value'],
    ],
  ),
  ['google.protobuf.Struct', (fields) => fields['fields']],
  ['google.protobuf.ListValue', (fields) => fields['values']],
  ['google.protobuf.Value', jsonValue],
  ['google.protobuf.FieldMask', (fields) => (fields['paths'] as string[]).join(',')],
  ['confluent.type.Decimal', decimal],
])

/** The range of Timestamp: the years 1 to 9999. */
const secondsRange = { from: -62_135_596_800, to: 253_402_300_799 }

function timestamp(value: Fields): unknown {
  const { seconds, nanos } = value
  if (typeof seconds !== 'number' || typeof nanos !== 'number') return value
  if (seconds < secondsRange.from || seconds > secondsRange.to) return value
  if (nanos < 0 || nanos > 999_999_999) return value
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}${fraction(nanos)}Z`
}

function duration(value: Fields): unknown {
  const { seconds, nanos } = value
  if (typeof seconds !== 'number' || typeof nanos !== 'number') return value
  if (Math.abs(nanos) > 999_999_999 || seconds * nanos < 0) return value
  const sign = seconds < 0 || nanos < 0 ? '-' : ''
  return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`
}

/** Nothing, or 3, 6 or 9 digits. */
function fraction(nanos: number): string {
  const digits = String(nanos)
    .padStart(9, '0')
    .replace(/(?:000){1,3}$/, '')
  return digits === '' ? '' : `.${digits}`
}

/** A Value has exactly one of its fields; a missing kind means null. */
function jsonValue(fields: Fields): unknown {
  const [kind] = Object.keys(fields)
  return kind === undefined || kind === 'null_value' ? null : fields[kind]
}

function decimal(value: Fields): unknown {
  const bytes = Buffer.from(String(value['value']), 'base64')
  const { scale } = value
  const isUsable = typeof scale === 'number' && scale >= 0 && scale <= 1_000
  return isUsable && bytes.length <= decimalBytesMax ? decimalText(bytes, scale) : value
}
