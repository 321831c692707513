// The bytes of task records: JSON out, and checked JSON in. What others wrote is never trusted.
import type { z } from 'zod'
import { errorMessage } from '../errors.ts'
import { issueSentence } from '../issue-text.ts'
import { taskOffer, taskProgress, type TaskOffer, type TaskProgress } from './task-records.ts'

/** A record as read: its value, or what is wrong with it. */
export type ReadTask<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'rejected'; readonly message: string }

/** Most bytes of a record; larger ones are not parsed. */
export const taskBytesMax = 1_048_576

/** The value of a record. */
export function taskValue(record: TaskOffer | TaskProgress): string {
  return JSON.stringify(record)
}

/** Reads a record of winnow.trials. */
export function readOffer(value: Buffer | null): ReadTask<TaskOffer> {
  return read(taskOffer, value)
}

/** Reads a record of winnow.trial-progress. */
export function readProgress(value: Buffer | null): ReadTask<TaskProgress> {
  return read(taskProgress, value)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function read<Schema extends z.ZodType>(
  schema: Schema,
  value: Buffer | null,
): ReadTask<z.output<Schema>> {
  if (value === null) return { kind: 'rejected', message: 'it has no value' }
  if (value.length > taskBytesMax) {
    return { kind: 'rejected', message: `it has ${value.length} bytes, more than ${taskBytesMax}` }
  }
  let json: unknown
  try {
    json = JSON.parse(utf8.decode(value))
  } catch (error) {
    return { kind: 'rejected', message: `it is not JSON: ${errorMessage(error)}` }
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return { kind: 'ok', value: parsed.data }
  const [issue] = parsed.error.issues
  return { kind: 'rejected', message: issueSentence(issue!, json) }
}
