// How a record says in its headers what it stands for: names and form of the headers winnow-origin
// and winnow-attempt. Which of them count is schemas/record.ts.
import type { IHeaders } from 'kafkajs'
import type { Lineage } from '../../schemas/record.ts'

const originHeader = 'winnow-origin'
const attemptHeader = 'winnow-attempt'

/** The headers of a record that stands for another. */
export function lineageHeaders({ origin, attempt }: Lineage): Record<string, string> {
  const { topic, partition, offset, recordTimeMs } = origin
  return {
    [originHeader]: `${topic}/${partition}/${offset}/${recordTimeMs}`,
    [attemptHeader]: String(attempt),
  }
}

/**
 * What the headers of a record say; undefined when they say nothing, or nothing that can be read.
 */
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
  // A header may be there several times; the first one counts.
  const one = Array.isArray(header) ? header[0] : header
  return one === undefined ? undefined : String(one)
}
