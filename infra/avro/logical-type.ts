// What values of a type stand for (Avro 1.12 specification, "Logical Types"; of Debezium's own the
// times), and their plain form: exact decimals, RFC 3339 times, ISO 8601 durations, UUIDs. A
// logical type that does not fit its type is ignored, as the specification asks.

/** How many decimal digits a second is divided into. */
type SecondDigits = 3 | 6 | 9

export type LogicalType =
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'date' }
  | { readonly kind: 'time'; readonly digits: SecondDigits }
  | { readonly kind: 'timestamp'; readonly digits: SecondDigits; readonly zone: 'UTC' | 'local' }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'duration' }

/** Longest decimal, 154 digits: the time that one takes grows with the square of its length. */
export const decimalBytesMax = 64
const scaleMax = 1_000

/** The logical type of a type's JSON form; undefined if there is none that fits the type `kind`. */
export function logicalTypeOf(
  json: Readonly<Record<string, unknown>>,
  kind: string,
): LogicalType | undefined {
  const { logicalType, scale = 0, size } = json
  const name = logicalType ?? connectTypes.get(String(json['connect.name']))
  switch (`${kind} ${typeof name === 'string' ? name : ''}`) {
    case 'bytes decimal':
    case 'fixed decimal': {
      const isScale = Number.isInteger(scale) && (scale as number) >= 0
      return isScale && (scale as number) <= scaleMax
        ? { kind: 'decimal', scale: scale as number }
        : undefined
    }
    case 'int date':
      return { kind: 'date' }
    case 'int time-millis':
      return { kind: 'time', digits: 3 }
    case 'long time-micros':
      return { kind: 'time', digits: 6 }
    case 'long timestamp-millis':
      return { kind: 'timestamp', digits: 3, zone: 'UTC' }
    case 'long timestamp-micros':
      return { kind: 'timestamp', digits: 6, zone: 'UTC' }
    case 'long timestamp-nanos':
      return { kind: 'timestamp', digits: 9, zone: 'UTC' }
    case 'long local-timestamp-millis':
      return { kind: 'timestamp', digits: 3, zone: 'local' }
    case 'long local-timestamp-micros':
      return { kind: 'timestamp', digits: 6, zone: 'local' }
    case 'long local-timestamp-nanos':
      return { kind: 'timestamp', digits: 9, zone: 'local' }
    case 'fixed uuid':
      return size === 16 ? { kind: 'uuid' } : undefined
    case 'fixed duration':
      return size === 12 ? { kind: 'duration' } : undefined
    default:
      return undefined
  }
}

/** Debezium names its times in the attribute of Kafka Connect, without a logical type. */
const connectTypes = new Map([
  ['io.debezium.time.Date', 'date'],
  ['io.debezium.time.Time', 'time-millis'],
  ['io.debezium.time.MicroTime', 'time-micros'],
  // MySQL's DATETIME and PostgreSQL's timestamp have no zone; Debezium writes them as if in UTC.
  ['io.debezium.time.Timestamp', 'timestamp-millis'],
  ['io.debezium.time.MicroTimestamp', 'timestamp-micros'],
  ['io.debezium.time.NanoTimestamp', 'timestamp-nanos'],
])

/** A time in plain form; the number itself where the year does not have four digits. */
export function plainTime(type: LogicalType, value: number | bigint): string | number | bigint {
  switch (type.kind) {
    case 'date':
      return dayText(Number(value)) ?? value
    case 'time':
      return clockText(BigInt(value), type.digits) ?? value
    case 'timestamp':
      return timestampText(BigInt(value), type) ?? value
    default:
      return value
  }
}

/** The exact text of a decimal: two's complement, big endian, with the point moved left. */
export function decimalText(bytes: Buffer, scale: number): string {
  if (bytes.length === 0) return decimalOf(0n, scale)
  const unsigned = BigInt(`0x${bytes.toString('hex')}`)
  return decimalOf(BigInt.asIntN(8 * bytes.length, unsigned), scale)
}

/** The text of a UUID of 16 bytes. */
export function uuidText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** An ISO 8601 duration of three numbers of 32 bits, little endian: months, days, milliseconds. */
export function durationText(bytes: Buffer): string {
  const [months, days, ms] = [0, 4, 8].map((at) => bytes.readUInt32LE(at)) as [
    number,
    number,
    number,
  ]
  return `P${months}M${days}DT${ms / 1_000}S`
}

function decimalOf(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : ''
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  if (scale === 0) return `${sign}${digits}`
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

const dayMs = 86_400_000
const yearRangeMs = { from: Date.parse('0000-01-01'), to: Date.parse('9999-12-31') + dayMs }

function dayText(days: number): string | undefined {
  const ms = days * dayMs
  return isWritable(ms) ? new Date(ms).toISOString().slice(0, 10) : undefined
}

function clockText(value: bigint, digits: SecondDigits): string | undefined {
  const units = 10n ** BigInt(digits)
  if (value < 0n || value >= 86_400n * units) return undefined
  const clock = new Date(Number(value / units) * 1_000).toISOString().slice(11, 19)
  return `${clock}.${fraction(value % units, digits)}`
}

function timestampText(
  value: bigint,
  { digits, zone }: Extract<LogicalType, { kind: 'timestamp' }>,
): string | undefined {
  const units = 10n ** BigInt(digits)
  const rest = ((value % units) + units) % units
  const ms = Number((value - rest) / units) * 1_000
  if (!isWritable(ms)) return undefined
  const seconds = new Date(ms).toISOString().slice(0, 19)
  return `${seconds}.${fraction(rest, digits)}${zone === 'UTC' ? 'Z' : ''}`
}

function fraction(rest: bigint, digits: SecondDigits): string {
  return String(rest).padStart(digits, '0')
}

/** Whether the year has four digits, as RFC 3339 needs. */
function isWritable(ms: number): boolean {
  return ms >= yearRangeMs.from && ms < yearRangeMs.to
}
