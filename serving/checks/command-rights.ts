// The least rights of each command at a broker with ACLs. docs/kafka.md shows them as a table,
// `winnow doctor` checks them, and tests/integration/secure-kafka.test.ts runs commands with them.
import type { Config } from '../../configs/schema.ts'
import { topicNames, type TopicName } from '../../schemas/subjects.ts'

/** Kafka's names of operations, as `kafka-acls.sh` takes them. */
export type Operation = 'Read' | 'Write' | 'Create' | 'Describe' | 'Delete'

/** One right. A name that ends in `*` stands for all that start with what is before it. */
export type Right = {
  readonly operation: Operation
  readonly resource: 'topic' | 'group' | 'transactionalId'
  readonly name: string
}

type Named = Pick<Config, 'topics' | 'stream' | 'inputs' | 'outputs'>
type Needs = (names: Named) => Right[]

const topics =
  (operation: Operation, ...short: TopicName[]): Needs =>
  ({ topics: { prefix } }) =>
    short.map((name) => ({ operation, resource: 'topic', name: `${prefix}${name}` }))

/** The topics of `inputs`. */
const readInputs: Needs = ({ inputs }) =>
  inputs.map(({ topic: name }) => ({ operation: 'Read', resource: 'topic', name }))

/** The topics of `inputs`, and that of their dead letters that were sent again. */
const inputTopics: Needs = (names) =>
  names.inputs.length === 0 ? [] : [...readInputs(names), ...topics('Read', 'retries')(names)]

/** The topics of others that get the rejected records of inputs. */
const rejectedTopics: Needs = ({ inputs }) =>
  inputs
    .flatMap(({ deadLetterTopic }) => deadLetterTopic ?? [])
    .map((name) => ({ operation: 'Write', resource: 'topic', name }))

/** The topics of `outputs`. */
const outputTopics: Needs = ({ outputs }) =>
  outputs.map(({ topic }) => ({ operation: 'Write', resource: 'topic', name: topic }))

/** What sending dead letters of inputs again needs. */
const retryTopics: Needs = (names) =>
  names.inputs.length === 0 ? [] : [...inputTopics(names), ...topics('Write', 'retries')(names)]

/** The groups of stages; their names start with stream.group. */
const stageGroups =
  (operation: Operation): Needs =>
  ({ stream }) => [{ operation, resource: 'group', name: `${stream.group}.*` }]

/** Reading a topic from its beginning, in a group that is new each time. */
const following =
  (name: TopicName): Needs =>
  ({ topics: { prefix } }) => [
    { operation: 'Read', resource: 'topic', name: `${prefix}${name}` },
    { operation: 'Read', resource: 'group', name: `${prefix}${name}-follower-*` },
  ]

/** Groups with a fixed beginning, in which ranges and single records are read. */
const readerGroups = (name: 'range' | 'lookup'): Needs => {
  return () => [{ operation: 'Read', resource: 'group', name: `winnow.${name}.*` }]
}

const announcing: Needs = ({ topics: { prefix } }) => [
  { operation: 'Write', resource: 'topic', name: `${prefix}models` },
  { operation: 'Write', resource: 'transactionalId', name: `${prefix}models-*` },
]

const needs = {
  migrate: [
    ({ topics: { prefix } }: Named) => [
      { operation: 'Create', resource: 'topic', name: `${prefix}*` } as const,
      { operation: 'Describe', resource: 'topic', name: `${prefix}*` } as const,
    ],
  ],
  stream: [
    topics('Read', 'events', 'labels'),
    topics('Write', 'classified', 'dead-letters'),
    inputTopics,
    rejectedTopics,
    outputTopics,
    stageGroups('Read'),
    following('models'),
  ],
  'stream --stages validate': [
    topics('Read', 'events'),
    topics('Write', 'validated', 'dead-letters'),
    inputTopics,
    rejectedTopics,
    stageGroups('Read'),
  ],
  'stream --stages tokenize': [
    topics('Read', 'validated'),
    topics('Write', 'tokenized', 'dead-letters'),
    stageGroups('Read'),
    following('models'),
  ],
  'stream --stages infer': [
    topics('Read', 'tokenized', 'labels'),
    topics('Write', 'classified', 'dead-letters'),
    outputTopics,
    stageGroups('Read'),
    following('models'),
  ],
  'stream --stages labels': [
    topics('Read', 'labels'),
    topics('Write', 'dead-letters'),
    stageGroups('Read'),
  ],
  serve: [
    topics('Read', 'events', 'labels'),
    topics('Write', 'events', 'labels'),
    topics('Describe', 'validated', 'tokenized'),
    retryTopics,
    stageGroups('Describe'),
    readerGroups('lookup'),
    following('models'),
    announcing,
  ],
  produce: [topics('Write', 'events')],
  'labels apply': [topics('Write', 'labels')],
  'train --data topic:winnow.events': [topics('Read', 'events', 'labels'), readerGroups('range')],
  'inputs try': [readInputs, readerGroups('range')],
  replay: [topics('Read', 'events'), readerGroups('range')],
  'dlq replay': [
    topics('Read', 'events', 'labels'),
    topics('Write', 'events', 'labels'),
    retryTopics,
    readerGroups('lookup'),
  ],
  'models promote': [following('models'), announcing],
  'train-worker': [
    topics('Read', 'trials'),
    topics('Write', 'trial-progress', 'trials'),
    following('trial-progress'),
  ],
  status: [topics('Describe', ...topicNames), stageGroups('Describe')],
} as const satisfies Record<string, readonly Needs[]>

/** The commands that use Kafka; a name stands for related commands too. */
export type KafkaCommand = keyof typeof needs

/** Every command in the order of the table. */
export const kafkaCommands = Object.keys(needs) as KafkaCommand[]

/** The least rights of a command, with the configured names; each right once. */
export function rightsOf(command: KafkaCommand, names: Named): Right[] {
  const all = needs[command].flatMap((need: Needs) => need(names))
  return [...new Map(all.map((right) => [rightText(right), right])).values()]
}

/** A right as a sentence names it: `Read on the topic winnow.events`. */
export function rightText({ operation, resource, name }: Right): string {
  const kinds = { topic: 'topic', group: 'consumer group', transactionalId: 'transactional id' }
  return name.endsWith('*')
    ? `${operation} on ${kinds[resource]}s whose names start with ${name.slice(0, -1)}`
    : `${operation} on the ${kinds[resource]} ${name}`
}

/** The table of docs/kafka.md, for the default names. */
export function rightsTable(names: Named): string[][] {
  const cell = (command: KafkaCommand, resource: Right['resource']): string => {
    const found = rightsOf(command, names).filter((right) => right.resource === resource)
    const operations = [...new Set(found.map(({ operation }) => operation))]
    return operations
      .map((operation) => {
        const granted = found.filter((right) => right.operation === operation)
        return `${operation}: ${granted.map(({ name }) => `\`${name}\``).join(', ')}`
      })
      .join('; ')
  }
  return [
    ['command', 'topics', 'consumer groups', 'transactional ids'],
    ...kafkaCommands.map((command) => [
      `\`winnow ${command}\``,
      cell(command, 'topic'),
      cell(command, 'group'),
      cell(command, 'transactionalId'),
    ]),
  ]
}
