// Who has a task, as the log of progress tells. Everyone who reads the log comes to the same
// answer: its order decides, and no clock does.
import type { TaskProgress } from '../../schemas/tasks/task-records.ts'

/** The latest attempt at a task. */
export type TaskClaim = {
  readonly attempt: number
  /** `closed`: it ended, was given back or was revoked. */
  readonly state: 'open' | 'claimed' | 'closed'
  /** Who claimed it. */
  readonly worker?: string | undefined
}

/** A record about one attempt at a task. */
export type AttemptRecord = Extract<TaskProgress, { attempt: number }>

/** Whether a record is about one attempt at a task. */
export function isOfAttempt(record: TaskProgress): record is AttemptRecord {
  return 'attempt' in record
}

/** The claim after an offer; an offer that is repeated, or late, changes nothing. */
export function afterOffer(claim: TaskClaim | undefined, attempt: number): TaskClaim {
  if (claim !== undefined && claim.attempt >= attempt) return claim
  return { attempt, state: 'open' }
}

/** The claim after a record; the same object if the record changes nothing. */
export function afterRecord(claim: TaskClaim | undefined, record: AttemptRecord): TaskClaim {
  const { attempt, kind } = record
  const present = claim === undefined || claim.attempt < attempt ? undefined : claim
  if (present !== undefined && present.attempt > attempt) return present
  if (kind === 'revoked') {
    return present?.state === 'closed' ? present : { ...present, attempt, state: 'closed' }
  }
  const { worker } = record
  if (present === undefined || present.state === 'open') {
    const isEnd = kind === 'ended' || kind === 'released'
    return { attempt, state: isEnd ? 'closed' : 'claimed', worker }
  }
  if (present.state === 'closed' || present.worker !== worker) return present
  return kind === 'ended' || kind === 'released' ? { ...present, state: 'closed' } : present
}

/** Whether a record comes from the worker that has the attempt. */
export function isOfOwner(claim: TaskClaim | undefined, record: AttemptRecord): boolean {
  return (
    claim?.state === 'claimed' &&
    claim.attempt === record.attempt &&
    'worker' in record &&
    claim.worker === record.worker
  )
}
