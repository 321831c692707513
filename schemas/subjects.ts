// Which Avro schema each topic carries. Topic names are given without the configured prefix.
import { classificationAvro } from './classification.ts'
import { deadLetterAvro } from './dead-letter.ts'
import { eventAvro } from './event.ts'
import { labelAvro } from './label.ts'
import { modelAnnouncementAvro } from './model-announcement.ts'
import { tokenizedAvro, validatedAvro } from './validated.ts'

/** Topics with Avro values, by short name; the registry subject is `<prefix><name>-value`. */
export const topicSchemas = {
  events: eventAvro,
  validated: validatedAvro,
  tokenized: tokenizedAvro,
  classified: classificationAvro,
  labels: labelAvro,
  'dead-letters': deadLetterAvro,
  models: modelAnnouncementAvro,
} as const

export type AvroTopic = keyof typeof topicSchemas

/** Every topic of the contract, by short name. */
export const topicNames = [
  'events',
  'validated',
  'tokenized',
  'classified',
  'labels',
  'dead-letters',
  'retries',
  'models',
  'trials',
  'trial-progress',
] as const

export type TopicName = (typeof topicNames)[number]
