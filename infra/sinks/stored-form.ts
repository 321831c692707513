// What is stored of events: without their texts, or with hashed ids, where the configuration says
// so. Sinks write what passed through here; the stages before them work on the texts.
import type { Config } from '../../configs/schema.ts'
import type { Classification } from '../../schemas/classification.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import { eventErrors } from '../../schemas/errors.ts'
import { storedIds } from '../../schemas/hashed-id.ts'
import type { Block, Sink } from '../../schemas/ports/sink.ts'
import type { KafkaRecord } from '../../schemas/record.ts'

type Retention = Pick<Config['retention'], 'storeText' | 'hashIds' | 'idSecret'>

/** A result as it is stored: its text is empty where no texts are stored. */
export function storedResult(
  { storeText }: Pick<Retention, 'storeText'>,
  one: Classification,
): Classification {
  return storeText ? one : { ...one, text: '' }
}

/**
 * The same sink for what may be stored of a block; `stored` makes the value of an output. Payloads
 * of dead letters hold the text and the id, so they are left out with either setting, and messages
 * that may quote them become general.
 */
export function withStoredForm<Value>(
  sink: Sink<Value>,
  retention: Retention,
  stored: (value: Value) => Value = (value) => value,
): Sink<Value> {
  if (retention.storeText && !retention.hashIds) return sink
  const idOf = storedIds(retention)
  const keyOf = (key: Buffer | null): Buffer | null =>
    key === null ? null : Buffer.from(idOf(key.toString('utf8')))
  const recordOf = (record: KafkaRecord): KafkaRecord => ({ ...record, key: keyOf(record.key) })
  const letterOf = (letter: DeadLetter): DeadLetter => ({
    ...letter,
    key: keyOf(letter.key),
    payload: null,
    message: generalMessage(letter.code),
  })
  const blockOf = (block: Block<Value>): Block<Value> => ({
    ...block,
    outputs: block.outputs.map((output) => ({
      ...output,
      record: recordOf(output.record),
      value: stored(output.value),
    })),
    deadLetters: block.deadLetters.map(letterOf),
  })
  return { ...sink, write: (block, fence) => sink.write(blockOf(block), fence) }
}

/** The meaning of a code, which quotes no event. */
function generalMessage(code: string): string {
  return Object.hasOwn(eventErrors, code) ? eventErrors[code as keyof typeof eventErrors] : ''
}
