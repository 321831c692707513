// The log of results in memory: rows in the order in which they are added, whenever they were
// classified. tests/contract/result-log.test.ts compares it with the real reader.
import { comparePositions, type LogPosition } from '../../schemas/cursors/log-position.ts'
import type { LogEntry, ResultLog } from '../../schemas/ports/result-log.ts'
import type { StoredResult } from '../../schemas/ports/result-reader.ts'

/** A log to which blocks of rows are added; `failure` makes every call reject. */
export type MemoryLog = ResultLog & {
  add(rows: readonly StoredResult[]): void
  failure: Error | undefined
  /** Makes it the log of a new table. */
  clear(): void
  /** Takes rows out. */
  remove(isRemoved: (row: StoredResult) => boolean): void
  /** What `forgottenMark` gives. */
  mark: number
  /** Drops all but the last thousands of rows. */
  forget(): void
  /** How often the log was read. */
  readonly reads: number
}

/** Creates an empty log whose pages have at most `rowsMax` rows. */
export function createMemoryLog(rowsMax = 1_000): MemoryLog {
  let block = 0
  let reads = 0
  const entries: LogEntry[] = []
  const following = (position: LogPosition) =>
    entries.filter((entry) => comparePositions(entry.position, position) > 0)
  const log: MemoryLog = {
    failure: undefined,
    mark: 0,
    get reads() {
      return reads
    },
    add(rows) {
      block += 1
      const placed = rows.map((result): LogEntry => {
        const { topic, partition, offset, model, version } = result
        return { position: { block, row: { topic, partition, offset, model, version } }, result }
      })
      entries.push(...placed.sort((a, b) => comparePositions(a.position, b.position)))
    },
    clear: () => {
      block = 0
      entries.length = 0
    },
    forget: () => {
      entries.splice(0, entries.length - 5_000)
    },
    end: () => answered({ block }),
    after(position) {
      reads += 1
      const found = following(position).filter(({ result }) => result.role !== 'shadow')
      const page = found.slice(0, rowsMax)
      const last = page.at(-1)?.position ?? position
      const isCut = found.length > page.length || page.length === rowsMax
      const end = page.length === 0 || isCut ? last : { block: last.block }
      return answered({ entries: page, position: end, isCut })
    },
    remove(isRemoved) {
      const kept = entries.filter(({ result }) => !isRemoved(result))
      entries.splice(0, entries.length, ...kept)
    },
    forgottenMark: () => answered(log.mark),
    countAfter: (position, max) => answered(Math.min(max, following(position).length)),
  }
  const answered = <T>(value: T): Promise<T> =>
    log.failure === undefined ? Promise.resolve(value) : Promise.reject(log.failure)
  return log
}
