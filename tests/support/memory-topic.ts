// An in-memory topic with consumer groups of one member each: the record source port without a
// broker. tests/contract/record-source.test.ts compares it with the real source.
import type { KafkaRecord, Lineage, PartitionOffset } from '../../schemas/record.ts'
import type { RecordSource } from '../../schemas/ports/record-source.ts'
import { sampleRecord } from './sample-records.ts'

type Handlers = Parameters<RecordSource['start']>[0]

export type MemoryTopic = {
  /** Appends values to a partition. */
  append(partition: number, values: readonly (string | null)[]): void
  /** Appends offsets without records, as commit markers and aborted records leave them. */
  appendEmpty(partition: number, count: number): void
  /** The offset after the last one. */
  end(partition: number): number
  /** Appends a value that stands for an earlier record. */
  appendAgain(lineage: Lineage, value: string): void
  /** A member of a group, at its committed offsets; at most one member of a group may run. */
  source(group: string): RecordSource
  /** Makes the group's member rejoin, as after a rebalance: its positions return to the commits. */
  rejoin(group: string): void
  /** The committed offset of a partition, -1 before the first commit. */
  committed(group: string, partition: number): number
}

/** Creates an empty topic. Chunks hold at most `chunkRecordsMax` records. */
export function createMemoryTopic(options: {
  topic: string
  partitions: number
  chunkRecordsMax?: number
}): MemoryTopic {
  const { topic, chunkRecordsMax = 4 } = options
  const logs: Log[] = Array.from({ length: options.partitions }, () => [])
  const commits = new Map<string, number[]>()
  const members = new Map<string, Member>()
  const commitsOf = (group: string) => {
    let offsets = commits.get(group)
    if (offsets === undefined) commits.set(group, (offsets = logs.map(() => -1)))
    return offsets
  }
  const recordOf = (partition: number, offset: number, text: string | null) =>
    sampleRecord(offset, { topic, partition, value: text === null ? null : Buffer.from(text) })
  return {
    append(partition, values) {
      const log = logs[partition]!
      for (const value of values) log.push(recordOf(partition, log.length, value))
      for (const member of members.values()) member.wake()
    },
    appendEmpty(partition, count) {
      for (let added = 0; added < count; added++) logs[partition]!.push(undefined)
      for (const member of members.values()) member.wake()
    },
    end: (partition) => logs[partition]!.length,
    appendAgain(lineage, value) {
      const { partition } = lineage.origin
      const log = logs[partition]!
      log.push({ ...recordOf(partition, log.length, value), lineage })
      for (const member of members.values()) member.wake()
    },
    source(group) {
      const member = new Member(topic, logs, commitsOf(group), chunkRecordsMax)
      return {
        start(handlers) {
          members.set(group, member)
          member.start(handlers)
          return Promise.resolve()
        },
        commit: (offsets) => member.commit(offsets),
        rejoin() {
          member.join()
          return Promise.resolve()
        },
        pause: () => member.stop(),
        close() {
          member.stop()
          if (members.get(group) === member) members.delete(group)
          return Promise.resolve()
        },
      }
    },
    rejoin: (group) => members.get(group)?.join(),
    committed: (group, partition) => commitsOf(group)[partition]!,
  }
}

/** Records by offset; undefined for an offset without a record. */
type Log = (KafkaRecord | undefined)[]

class Member {
  readonly #topic: string
  readonly #logs: readonly Log[]
  readonly #commits: number[]
  readonly #chunkRecordsMax: number
  #handlers: Handlers | undefined
  #positions: number[] = []
  #assignment = 0
  #stopped = false
  #waiting: (() => void)[] = []

  constructor(topic: string, logs: Log[], commits: number[], chunkRecordsMax: number) {
    this.#topic = topic
    this.#logs = logs
    this.#commits = commits
    this.#chunkRecordsMax = chunkRecordsMax
  }

  start(handlers: Handlers): void {
    this.#handlers = handlers
    this.join()
    this.#logs.forEach((_, partition) => void this.#poll(partition, handlers))
  }

  /** Assigns all partitions, starting at the commits. */
  join(): void {
    this.#assignment++
    this.#positions = this.#commits.map((offset) => Math.max(0, offset))
    this.#handlers?.onAssigned(this.#positions.map((_, partition) => partition))
    this.wake()
  }

  commit(offsets: readonly PartitionOffset[]): Promise<void> {
    for (const { partition, offset } of offsets) this.#commits[partition] = offset
    return Promise.resolve()
  }

  stop(): void {
    this.#stopped = true
    this.wake()
  }

  wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #poll(partition: number, handlers: Handlers): Promise<void> {
    while (!this.#stopped) {
      const log = this.#logs[partition]!
      const from = this.#positions[partition]!
      if (from >= log.length) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
        continue
      }
      const records = recordsFrom(log, from, this.#chunkRecordsMax)
      if (records.length === 0) {
        const next = log.findIndex((record, offset) => offset > from && record !== undefined)
        const nextOffset = next < 0 ? log.length : next
        this.#positions[partition] = nextOffset
        handlers.onPassed({ topic: this.#topic, partition, nextOffset, highWatermark: log.length })
        continue
      }
      const assignment = this.#assignment
      const nextOffset = from + records.length
      const place = { topic: this.#topic, partition, highWatermark: log.length }
      const chunk = { ...place, records, nextOffset }
      const taken = await handlers.onChunk(chunk, () => Promise.resolve())
      if (taken && assignment === this.#assignment) this.#positions[partition] = nextOffset
      // A refused chunk is polled again, after other work had its turn.
      else await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** The run of records that starts at an offset. */
function recordsFrom(log: Log, from: number, countMax: number): KafkaRecord[] {
  const records: KafkaRecord[] = []
  for (let at = from; records.length < countMax; at++) {
    const record = log[at]
    if (record === undefined) break
    records.push(record)
  }
  return records
}
