// The headers winnow-origin and winnow-attempt, which say which event a record stands for. Which
// lineage is trusted is schemas/record.ts.
import type { IHeaders } from 'kafkajs'
import type { Lineage } from '../../schemas/record.ts'

const originHeader = 'winnow-origin'
const attemptHeader = 'winnow-attempt'

/** The headers of a record that stands for another one. */
export function lineageHeaders({ origin, attempt }: Lineage): Record<string, string> {
  const { topic, partition, offset, recordTimeMs } = origin
  return {
    [originHeader]: `${topic}/${partition}/${offset}/${recordTimeMs}`,
    [attemptHeader]: String(attempt),
  }
}

/** The lineage in the headers of a record; undefined if it is absent or cannot be read. */
export function lineageFromHeaders(headers: IHeaders | undefined): Lineage | undefined {
  const from = textOf(headers?.[originHeader])
  if (from === undefined) return undefined
  // A topic name has at most 249 characters, and no slash.
  const match = /^([A-Za-z0-9._-]{1,249})\/(\d{1,10})\/(\d{1,16})\/(\d{1,16})$/.exec(from)
  const attempt = /^\d{1,9}$/.exec(textOf(headers?.[attemptHeader]) ?? '0')
  if (match === null || attempt === null) return undefined
  const [, topic, ...numbers] = match
  const [partition, offset, recordTimeMs] = numbers.map(Number) as [number, number, number]
  return { origin: { topic: topic!, partition, offset, recordTimeMs }, attempt: Number(attempt[0]) }
}

function textOf(header: IHeaders[string]): string | undefined {
  // A header can occur several times; the first one counts.
  const one = Array.isArray(header) ? header[0] : header
  return one === undefined ? undefined : String(one)
}
