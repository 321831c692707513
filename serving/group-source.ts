// Opens the member of a stage's consumer group: it takes over offsets from an earlier group name,
// sets where a new group begins, and writes the group's mark to ClickHouse. The runner joins the
// group.
import type { Input } from '../configs/inputs.ts'
import type { Config } from '../configs/schema.ts'
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import { takeOverGroup } from '../infra/sinks/former-group.ts'
import { startGroupAt, type GroupStart } from '../infra/kafka/group-start.ts'
import type { KafkaClient } from '../infra/kafka/kafka.ts'
import { KafkaRecordSource } from '../infra/kafka/record-source.ts'
import type { RecordSource } from '../schemas/ports/record-source.ts'
import { parseRfc3339 } from '../schemas/rfc3339.ts'
import { partitionCount } from '../infra/kafka/topics.ts'
import { leaveMark } from '../infra/sinks/writer-mark.ts'
import { formerGroup } from './group-name.ts'

/**
 * Makes the member; `start` is for a group without commits on the topic. Throws group_conflict and
 * what the clients throw.
 */
export async function openGroupSource(
  clients: { kafka: KafkaClient; analytics: Analytics },
  options: {
    group: string
    topic: string
    config: Config
    log: (line: string) => void
    start?: Input['start'] | undefined
  },
): Promise<RecordSource> {
  const { kafka, analytics } = clients
  const { group, topic, config, log, start = 'earliest' } = options
  // If partitions are added later, this many are worked on at once.
  const concurrency = await partitionCount(kafka, topic, 'Read')
  const former = formerGroup(config, group)
  if (former !== undefined && (await takeOverGroup(clients, { group, former, topic }))) {
    log(`the group ${group} continues on ${topic} where the group ${former} stopped`)
  }
  const begin = startOf(start)
  if (begin !== undefined && (await startGroupAt(kafka, { group, topic }, begin))) {
    log(`the group ${group} is new and begins on ${topic} at ${start}`)
  }
  const mark = await leaveMark(analytics, group)
  return new KafkaRecordSource(kafka, { group, topic, mark, config, concurrency })
}

/** Undefined for the first record, where a group begins by itself. */
function startOf(start: Input['start']): GroupStart | undefined {
  if (start === 'earliest') return undefined
  return start === 'latest' ? start : { sinceMs: parseRfc3339(start)! }
}
