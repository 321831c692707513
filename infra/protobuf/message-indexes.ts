// Which message of a schema a value is: Confluent's serialisers write, in front of it, its place
// among the messages of the file, then among those in that message, and so on. One byte 0 stands
// for the first message.
import { rejected, type Outcome } from '../../schemas/outcome.ts'

export type IndexedMessage = { readonly indexes: readonly number[]; readonly message: Buffer }

/** Deepest place that is read. */
const indexesMax = 32

/** Splits the indexes off. */
export function readMessageIndexes(body: Buffer): Outcome<IndexedMessage> {
  const numbers = new ZigzagNumbers(body)
  const count = numbers.next()
  if (count === 0) return { kind: 'ok', value: { indexes: [0], message: body.subarray(1) } }
  if (count === undefined || count < 0 || count > indexesMax) return wrong()
  const indexes: number[] = []
  for (let at = 0; at < count; at++) {
    const index = numbers.next()
    if (index === undefined || index < 0) return wrong()
    indexes.push(index)
  }
  return { kind: 'ok', value: { indexes, message: body.subarray(numbers.at) } }
}

function wrong(): Outcome<never> {
  const message = 'the value has no valid indexes of its message behind the schema id'
  return rejected('protobuf_undecodable', message)
}

/** Numbers of 32 bits in zigzag encoding. */
class ZigzagNumbers {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Undefined if there is none. */
  next(): number | undefined {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.at]
      if (byte === undefined) return undefined
      this.at++
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    return undefined
  }
}
