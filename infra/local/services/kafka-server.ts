// A single-node Kafka in KRaft mode, broker and controller in one: its properties, the formatting
// of its storage, its command line.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { WinnowError, errorMessage } from '../../../schemas/errors.ts'
import type { ServiceCommand } from './service-command.ts'

/** Where and how one Kafka node runs. */
export type KafkaServer = {
  /** Folder of Kafka's jars. */
  lib: string
  /** Folder for properties and storage; created if missing. */
  dir: string
  port: number
  controllerPort: number
  /** The port to advertise instead of `port`, if a relay stands in front of the broker. */
  advertisedPort?: number | undefined
}

/**
 * Writes the configuration, formats the storage on first use, and returns the command that starts
 * the broker. Measured on 2 cores shared with the two other services: ready after 6 s, 150 MB
 * resident when idle. The log cleaner's buffer is 8 MB instead of the default of 128 MB.
 *
 * @throws WinnowError `service_start_failed` if the storage cannot be formatted.
 */
export async function prepareKafka(server: KafkaServer): Promise<ServiceCommand> {
  await mkdir(server.dir, { recursive: true })
  const logging = join(server.dir, 'log4j2.properties')
  await writeFile(logging, loggingProperties)
  await formatStorage(server)
  const properties = join(server.dir, 'server.properties')
  await writeFile(properties, serverProperties({ ...server, storage: storageDir(server) }))
  const options = [...javaOptions, `-Dlog4j2.configurationFile=${logging}`]
  const classPath = ['-cp', join(server.lib, '*')]
  return { command: 'java', args: [...options, ...classPath, 'kafka.Kafka', properties] }
}

/**
 * The text of `server.properties`. It allows records of up to 32 MiB and refuses unknown topics.
 */
export function serverProperties(server: {
  port: number
  controllerPort: number
  advertisedPort?: number | undefined
  storage: string
}): string {
  const advertised = server.advertisedPort ?? server.port
  const listeners = `PLAINTEXT://127.0.0.1:${server.port}`
  return toProperties({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${server.controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: `${listeners},CONTROLLER://127.0.0.1:${server.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertised}`,
    'log.dirs': server.storage,
    'message.max.bytes': 33_554_432,
    'replica.fetch.max.bytes': 33_554_432,
    'auto.create.topics.enable': false,
    'num.partitions': 1,
    'offsets.topic.num.partitions': 8,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A consumer that joins an empty group starts at once instead of waiting 3 s for others.
    'group.initial.rebalance.delay.ms': 0,
    // The default of 6 s suits networks; on one machine a dead consumer can be detected sooner.
    'group.min.session.timeout.ms': 1_000,
    // Deletes nothing by age: training replays topics, and a laptop's stack may be stopped for
    // weeks.
    'log.retention.ms': -1,
    'log.index.size.max.bytes': 1_048_576,
    'log.cleaner.dedupe.buffer.size': 8_388_608,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
  })
}

/**
 * `key=value` lines; backslashes in paths and values are escaped as java.util.Properties requires.
 */
function toProperties(values: Record<string, string | number | boolean>): string {
  const lines = Object.entries(values).map(
    ([key, value]) => `${key}=${String(value).replaceAll('\\', '\\\\')}`,
  )
  return `${lines.join('\n')}\n`
}

const javaOptions = [
  '-Xms64m',
  '-Xmx768m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:+ExitOnOutOfMemoryError',
  '-Djava.awt.headless=true',
]

const loggingProperties = `status=ERROR
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1}: %m%n
rootLogger.level=WARN
rootLogger.appenderRef.console.ref=console
logger.raft.name=kafka.server.KafkaRaftServer
logger.raft.level=INFO
`

function storageDir(server: KafkaServer): string {
  return join(server.dir, 'storage')
}

/** Formats in another folder and renames it, so that a crash leaves no half-formatted storage. */
async function formatStorage(server: KafkaServer): Promise<void> {
  const storage = storageDir(server)
  const isFormatted = await access(join(storage, 'meta.properties')).then(
    () => true,
    () => false,
  )
  if (isFormatted) return
  const draft = join(server.dir, 'formatting')
  await rm(draft, { recursive: true, force: true })
  await rm(storage, { recursive: true, force: true })
  await mkdir(draft)
  const properties = join(server.dir, 'format.properties')
  await writeFile(properties, serverProperties({ ...server, storage: draft }))
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', properties]
  const args = [...javaOptions, '-cp', join(server.lib, '*'), ...tool]
  try {
    await promisify(execFile)('java', args, { timeout: 120_000 })
  } catch (cause) {
    const text = `Kafka's storage could not be formatted: ${errorMessage(cause)}`
    throw new WinnowError('service_start_failed', text, { cause })
  }
  await rename(draft, storage)
}

/** A random UUID in Kafka's form: 16 bytes as 22 characters of URL-safe base64, no leading dash. */
function clusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? clusterId() : id
}
