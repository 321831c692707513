// The sink port in memory: blocks, rows and dead letters in arrays. tests/contract/sink.test.ts
// compares it with the real sinks.
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import { nextToken } from '../../infra/clickhouse/fence-condition.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Fence } from '../../schemas/fence.ts'
import type { Origin } from '../../schemas/validated.ts'
import type {
  Block,
  BlockOutput,
  ModelOfOutcome,
  Sink,
  StoredReads,
} from '../../schemas/ports/sink.ts'

export type MemorySink<Output> = Sink<Output> & {
  /** The stored rows, in the order of their blocks. */
  readonly rows: Output[]
  readonly letters: DeadLetter[]
  /** Each of the next writes fails with the next of these. */
  readonly failures: MemorySinkFailure[]
}

/** What a failed write leaves behind: nothing, only the token of the block, or only its rows. */
export type MemorySinkFailure = { error: Error; stored: 'nothing' | 'token' | 'rows' }

/** Creates a sink. `originOf` gives the origin of an output; the default is its lineage. */
export function createMemorySink<Output>(
  options: {
    originOf?: (output: Output) => Origin
    /** Stored offsets of one page. */
    pageRows?: number
  } = {},
): MemorySink<Output> {
  const { pageRows = 10_000 } = options
  const originOf = (one: BlockOutput<Output>): Origin =>
    options.originOf === undefined ? one.origin : options.originOf(one.value)
  const tokens = new Set<string>()
  const origins: (Origin & ModelOfOutcome)[] = []
  const attempts = new Map<string, number>()
  const rows: Output[] = []
  const letters: DeadLetter[] = []
  const failures: MemorySinkFailure[] = []
  let fences = 0
  const latest = new Map<number, string>()
  const isOld = ({ partitions, token }: Fence) =>
    partitions.some((partition) => latest.get(partition) !== token)
  const fenced = () => new WinnowError('fenced', 'another consumer owns a partition')
  const reads = (model?: string): StoredReads => ({
    recover: () => Promise.resolve(),
    storedFrom(topic, partition, fromOffset) {
      const times = new Map<number, number>()
      for (const origin of origins) {
        const { offset, recordTimeMs } = origin
        if (model !== undefined && origin.model !== model) continue
        if (origin.topic !== topic || origin.partition !== partition) continue
        if (offset >= fromOffset && recordTimeMs > (times.get(offset) ?? -1)) {
          times.set(offset, recordTimeMs)
        }
      }
      const page = [...times].sort(([a], [b]) => a - b).slice(0, pageRows)
      const through = page.length < pageRows ? Infinity : page.at(-1)![0]
      return Promise.resolve({ recordTimeMsByOffset: new Map(page), through })
    },
    storedAttempts: (topic, partition, asked) =>
      Promise.resolve(
        asked.map((origin) => attempts.get(keyOf({ ...origin, topic, partition, model })) ?? -1),
      ),
  })
  return {
    ...reads(),
    ofModel: reads,
    rows,
    letters,
    failures,
    fence(partitions, after) {
      const owner = after?.token.split('/')[0]
      if (after?.partitions.some((one) => latest.get(one)?.split('/')[0] !== owner) === true) {
        return Promise.reject(fenced())
      }
      const token = after === undefined ? String(++fences) : nextToken(after.token)
      for (const partition of partitions) latest.set(partition, token)
      return Promise.resolve({ group: 'g', topic: 't', partitions, token })
    },
    write(block: Block<Output>, fence: Fence) {
      if (isOld(fence)) return Promise.reject(fenced())
      const failure = failures.shift()
      const token = `${block.token}-${fence.token}`
      // A killed server may remember a block that it did not store, and the other way round.
      if (failure?.stored === 'token') tokens.add(token)
      if (failure !== undefined && failure.stored !== 'rows') return Promise.reject(failure.error)
      if (tokens.has(token)) return Promise.resolve()
      if (failure === undefined) tokens.add(token)
      rows.push(...block.outputs.map(({ value }) => value))
      letters.push(...block.deadLetters)
      const outputs = block.outputs.map((one) => ({ ...originOf(one), model: one.model }))
      origins.push(...outputs, ...block.deadLetters)
      for (const one of outputs) attempts.set(keyOf(one), Infinity)
      for (const letter of block.deadLetters) {
        const before = attempts.get(keyOf(letter)) ?? -1
        attempts.set(keyOf(letter), Math.max(before, letter.attempt))
      }
      return failure === undefined ? Promise.resolve() : Promise.reject(failure.error)
    },
  }
}

function keyOf({ topic, partition, offset, recordTimeMs, model = '' }: Origin & ModelOfOutcome) {
  return `${topic}/${partition}/${offset}/${recordTimeMs}/${model}`
}
