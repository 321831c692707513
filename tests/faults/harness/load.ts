// The events of a run: valid ones with and without labels, invalid ones of several kinds, JSON, Avro
// and those of a mapped input, and labels of a person. Sends them while faults happen and records
// what was sent.
import kafkajs from 'kafkajs'
import type { Producer } from 'kafkajs'
import { openSchemas, type Schemas } from '../../../infra/schema-registry/registry.ts'
import { topicOf } from '../../../infra/kafka/topics.ts'
import type { OutgoingRecord } from '../../../schemas/record.ts'
import type { Backends } from '../../support/backends.ts'
import { sampleText } from '../../support/workspace.ts'
import type { Random } from './random.ts'

/** Different texts; the clean run has classified each. */
export const textCount = 300

/** What was sent. A record counts as uncertain if the broker did not acknowledge it. */
export type Sent = {
  readonly good: Map<string, { labelled: boolean; certain: boolean }>
  readonly bad: Map<string, { code: string; certain: boolean }>
  readonly labels: Map<string, { certain: boolean }>
  /** What the filter of the mapped input leaves out. */
  readonly filtered: Map<string, { certain: boolean }>
}

export type Load = {
  readonly sent: Sent
  /** Sends bursts until `stop`. */
  start(): void
  /** Resolves when the last burst was sent. */
  stop(): Promise<void>
  burst(): Promise<void>
  close(): Promise<void>
}

/** Events of a burst, the pause between two, and the events after which bursts are small. */
const burstEvents = 12
const burstPauseMs = 200
const eventsSoftMax = 700
const badEvery = 31

/** Creates the load of a run; the seed fixes the order of the texts. */
export async function openLoad(backends: Backends, random: Random): Promise<Load> {
  const { kafka, config } = backends
  const schemas = await openSchemas(config.registry, config.topics.prefix)
  // No retries: what the broker did not acknowledge at once counts as uncertain. With the
  // idempotent producer and its retries, the topic lacked three records that counted as
  // acknowledged, in one run on a busy machine; the cause is not known.
  const producer = kafka.producer({
    retry: { retries: 0 },
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  const sent: Sent = { good: new Map(), bad: new Map(), labels: new Map(), filtered: new Map() }
  const [input] = config.inputs
  const texts = random.shuffle(Array.from({ length: textCount }, (_, number) => number))
  let number = 0
  const burst = async () => {
    const count = number > eventsSoftMax ? 4 : burstEvents
    const events = Array.from({ length: count }, () =>
      nextEvent(schemas, { number: number++, texts, sent, hasInput: input !== undefined }),
    )
    const [mapped, own] = [true, false].map((isMapped) => {
      const some = events.filter((event) => event.isMapped === isMapped)
      return { records: some.map(({ record }) => record), notes: some.map(({ note }) => note) }
    })
    const id = [...sent.good.keys()].at(-1)!
    const label = { certain: false }
    sent.labels.set(id, label)
    const said = { id, label: 'said', by: 'person', time: null }
    const labels = [{ key: id, value: schemas.encode('labels', said) }]
    await send(producer, topicOf(config.topics, 'events'), own!)
    if (input !== undefined) await send(producer, input.topic, mapped!)
    await send(producer, topicOf(config.topics, 'labels'), { records: labels, notes: [label] })
  }
  let loop: Promise<void> | undefined
  const until = { isStopped: false }
  return {
    sent,
    burst,
    start() {
      loop = (async () => {
        while (!until.isStopped) {
          await burst()
          await new Promise((resolve) => setTimeout(resolve, burstPauseMs))
        }
      })()
      loop.catch(() => undefined)
    },
    async stop() {
      until.isStopped = true
      await loop
    },
    close: () => producer.disconnect(),
  }
}

/** A failure leaves the records uncertain: they may be stored, and are not sent again. */
async function send(
  producer: Producer,
  topic: string,
  { records, notes }: { records: OutgoingRecord[]; notes: { certain: boolean }[] },
): Promise<void> {
  const messages = records.map(({ key, value }) => ({ key: key ?? null, value }))
  const isSent = await producer.send({ topic, messages, acks: -1 }).then(
    () => true,
    () => false,
  )
  for (const note of notes) note.certain = isSent
}

const badKinds: readonly { code: string; value: Buffer | null }[] = [
  { code: 'value_null', value: null },
  { code: 'json_invalid', value: Buffer.from('{"text": "never closed') },
  { code: 'text_empty', value: Buffer.from('{"text":"  "}') },
  { code: 'field_missing', value: Buffer.from('{"id":"no text"}') },
  { code: 'avro_undecodable', value: Buffer.from([0, 1, 2]) },
]

/** Defects of records of the mapped input. */
const badMappedKinds: typeof badKinds = [
  { code: 'path_missing', value: Buffer.from('{"kind":"note","order":{"lines":[{}]}}') },
  { code: 'json_invalid', value: Buffer.from('{"order":') },
  { code: 'utf8_invalid', value: Buffer.from([0x22, 0xff, 0x22]) },
]

/** The mapped input of a run, for `inputs` of its configuration. */
export function mappedInput(topic: string) {
  const fields = { text: 'order.lines[0].note', id: 'key', source: 'order.shop', label: 'label?' }
  return { topic, fields, filter: { kind: 'note' } }
}

function nextEvent(
  schemas: Schemas,
  {
    number,
    texts,
    sent,
    hasInput,
  }: { number: number; texts: readonly number[]; sent: Sent; hasInput: boolean },
): { record: OutgoingRecord; note: { certain: boolean }; isMapped: boolean } {
  const isMapped = hasInput && number % 4 === 1
  if (number % badEvery === badEvery - 1) {
    const kinds = isMapped ? badMappedKinds : badKinds
    const { code, value } = kinds[Math.floor(number / badEvery) % kinds.length]!
    const note = { code, certain: false }
    sent.bad.set(`bad-${number}`, note)
    return { record: { key: `bad-${number}`, value }, note, isMapped }
  }
  if (isMapped && number % 24 === 1) {
    const note = { certain: false }
    sent.filtered.set(`filtered-${number}`, note)
    const value = Buffer.from('{"kind":"invoice"}')
    return { record: { key: `filtered-${number}`, value }, note, isMapped }
  }
  const { text, label } = sampleText(texts[number % texts.length]!)
  const id = `e-${number}`
  const labelled = number % 3 === 0
  const note = { labelled, certain: false }
  sent.good.set(id, note)
  if (isMapped) {
    const order = { shop: 'faults', lines: [{ note: text }] }
    const kind = 'note'
    const value = JSON.stringify(labelled ? { kind, order, label } : { kind, order })
    return { record: { key: id, value }, note, isMapped }
  }
  const event = { id, text, source: 'faults', label: labelled ? label : null }
  const value =
    number % 2 === 0
      ? Buffer.from(JSON.stringify(event))
      : schemas.encode('events', { ...event, time: null, attributes: {} })
  return { record: { key: id, value }, note, isMapped }
}
