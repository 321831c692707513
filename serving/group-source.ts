// Opens the member of a stage's consumer group: it takes over offsets from an earlier group name
// and writes the group's mark to ClickHouse. The runner joins the group.
import type { Config } from '../configs/schema.ts'
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import { takeOverGroup } from '../infra/sinks/former-group.ts'
import type { KafkaClient } from '../infra/kafka/kafka.ts'
import { KafkaRecordSource } from '../infra/kafka/record-source.ts'
import type { RecordSource } from '../schemas/ports/record-source.ts'
import { partitionCount } from '../infra/kafka/topics.ts'
import { leaveMark } from '../infra/sinks/writer-mark.ts'
import { formerGroup } from './group-name.ts'

/** Makes the member. Throws group_conflict and what the clients throw. */
export async function openGroupSource(
  clients: { kafka: KafkaClient; analytics: Analytics },
  options: { group: string; topic: string; config: Config; log: (line: string) => void },
): Promise<RecordSource> {
  const { kafka, analytics } = clients
  const { group, topic, config, log } = options
  // If partitions are added later, this many are worked on at once.
  const concurrency = await partitionCount(kafka, topic, 'Read')
  const former = formerGroup(config, group)
  if (former !== undefined && (await takeOverGroup(clients, { group, former, topic }))) {
    log(`the group ${group} continues on ${topic} where the group ${former} stopped`)
  }
  const mark = await leaveMark(analytics, group)
  return new KafkaRecordSource(kafka, { group, topic, mark, config, concurrency })
}
