// Opens the configured inputs: how the records of each topic are decoded, mapped and cleaned. The
// stream, `replay` and training from a topic read records of inputs in the same way.
import type { Config } from '../../configs/schema.ts'
import { openInput } from '../../infra/formats/input-reading.ts'
import type { EventRecord } from '../../schemas/event.ts'
import type { Filtered, Outcome } from '../../schemas/outcome.ts'
import type { EncodedRecord, RecordDecoder } from '../../schemas/ports/record-decoder.ts'
import type { EnteringInput, InputEntry } from '../../streams/pipeline.ts'
import { decodeEvent, type AvroReader } from '../../streams/stages/decode-event.ts'
import { readInput } from '../../streams/stages/read-input.ts'

/** The inputs by topic. `around` wraps each decoder. Throws config_invalid; see openInput. */
export function openInputs(
  config: Pick<Config, 'inputs' | 'registry' | 'cleaning'>,
  around: (decode: RecordDecoder) => RecordDecoder = (decode) => decode,
): ReadonlyMap<string, EnteringInput> {
  return new Map(
    config.inputs.map((input) => {
      const reading = openInput(input, config)
      const { cleaning = config.cleaning } = input
      return [input.topic, { reading: { ...reading, decode: around(reading.decode) }, cleaning }]
    }),
  )
}

/** How the texts of a topic are cleaned. */
export function cleaningOf(
  config: Pick<Config, 'inputs' | 'cleaning'>,
  topic: string,
): Config['cleaning'] {
  return config.inputs.find((input) => input.topic === topic)?.cleaning ?? config.cleaning
}

/** How the events of a topic enter a pipeline; undefined for a topic that is no input. */
export function entryOfTopic(
  config: Pick<Config, 'inputs' | 'registry' | 'cleaning'>,
  topic: string,
): InputEntry | undefined {
  if (!config.inputs.some((input) => input.topic === topic)) return undefined
  const inputs = openInputs(config)
  return { records: 'own', inputOf: (from) => inputs.get(from) }
}

/** Reads the events of a topic: of an input by its mapping, of any other in Winnow's own form. */
export function eventReader(
  config: Pick<Config, 'inputs' | 'registry' | 'cleaning'>,
  { topic, readAvro }: { readonly topic: string; readonly readAvro: AvroReader<EventRecord> },
): (record: EncodedRecord) => Promise<Outcome<EventRecord> | Filtered> {
  const input = openInputs(config).get(topic)
  return (record) =>
    input === undefined ? decodeEvent(record.value, readAvro) : readInput(record, input.reading)
}
