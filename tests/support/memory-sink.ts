// The sink port in memory: blocks, rows and dead letters in arrays. tests/contract/sink.test.ts holds it
// and the real sinks to the same behaviour.
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Fence } from '../../schemas/fence.ts'
import type { Origin } from '../../schemas/validated.ts'
import type { Block, BlockOutput, Sink } from '../../streams/ports.ts'

export type MemorySink<Output> = Sink<Output> & {
  /** What was stored, in the order of its blocks. */
  readonly rows: Output[]
  readonly letters: DeadLetter[]
  /** Each of the next writes fails with one of these before it stores anything. */
  readonly failures: Error[]
}

/** Makes a sink. `originOf` tells where an output entered; without it, where its lineage says. */
export function createMemorySink<Output>(
  options: {
    originOf?: (output: Output) => Origin
    /** Delivered offsets of one page. */
    pageRows?: number
  } = {},
): MemorySink<Output> {
  const { pageRows = 10_000 } = options
  const originOf = (one: BlockOutput<Output>): Origin =>
    options.originOf === undefined ? one.origin : options.originOf(one.value)
  const tokens = new Set<string>()
  const origins: Origin[] = []
  const attempts = new Map<string, number>()
  const rows: Output[] = []
  const letters: DeadLetter[] = []
  const failures: Error[] = []
  let fences = 0
  const latest = new Map<number, string>()
  return {
    rows,
    letters,
    failures,
    fence(partitions) {
      const token = String(++fences)
      for (const partition of partitions) latest.set(partition, token)
      return Promise.resolve({ group: 'g', topic: 't', partitions, token })
    },
    delivered(topic, partition, fromOffset) {
      const times = new Map<number, number>()
      for (const origin of origins) {
        const { offset, recordTimeMs } = origin
        if (origin.topic !== topic || origin.partition !== partition) continue
        if (offset >= fromOffset && recordTimeMs > (times.get(offset) ?? -1)) {
          times.set(offset, recordTimeMs)
        }
      }
      const page = [...times].sort(([a], [b]) => a - b).slice(0, pageRows)
      const through = page.length < pageRows ? Infinity : page.at(-1)![0]
      return Promise.resolve({ recordTimeMsByOffset: new Map(page), through })
    },
    settledAttempts: (topic, partition, asked) =>
      Promise.resolve(
        asked.map((origin) => attempts.get(keyOf({ ...origin, topic, partition })) ?? -1),
      ),
    write(block: Block<Output>, fence: Fence) {
      if (fence.partitions.some((partition) => latest.get(partition) !== fence.token)) {
        return Promise.reject(new WinnowError('fenced', 'another consumer owns a partition'))
      }
      const failure = failures.shift()
      if (failure !== undefined) return Promise.reject(failure)
      if (tokens.has(block.token)) return Promise.resolve()
      tokens.add(block.token)
      rows.push(...block.outputs.map(({ value }) => value))
      letters.push(...block.deadLetters)
      origins.push(...block.outputs.map(originOf), ...block.deadLetters)
      for (const one of block.outputs) attempts.set(keyOf(originOf(one)), Infinity)
      for (const letter of block.deadLetters) {
        const before = attempts.get(keyOf(letter)) ?? -1
        attempts.set(keyOf(letter), Math.max(before, letter.attempt))
      }
      return Promise.resolve()
    },
  }
}

function keyOf({ topic, partition, offset, recordTimeMs }: Origin): string {
  return `${topic}/${partition}/${offset}/${recordTimeMs}`
}
