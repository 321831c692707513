// Runs an action of a caller with the scope admin and writes how it ended to the audit log. Call it
// within the work of the request: then an action that outlasts its request is recorded too.
import type { Context } from 'hono'
import { WinnowError } from '../../schemas/errors.ts'
import type { AuditEntry, AuditLog } from '../../schemas/ports/audit-log.ts'
import { statusByCode } from '../http/problem.ts'
import type { GatewayEnv } from '../http/request-context.ts'

/** What an action is about, and where it is recorded. */
export type AuditedAction = {
  readonly audit: AuditLog
  readonly clock: () => number
  /** A noun and a verb, such as `models.promote`. */
  readonly action: string
  /** What it is done to, such as `mail@2`. */
  readonly target: string
  /** Why, in the words of the caller; empty if they give none. */
  readonly reason: string
}

/** The name under which a caller acts: that of the API key, or `gateway` in one without keys. */
export function actorOf(c: Context<GatewayEnv>): string {
  return c.get('callerName') ?? 'gateway'
}

/**
 * Runs `work`, records it and returns its result. A failure is recorded and thrown.
 *
 * @example
 * const action = { audit, clock, action: 'dead-letters.replay', target: code, reason: '' }
 * await c.get('work').run(() => audited(c, action, () => replay(code)))
 */
export async function audited<T>(
  c: Context<GatewayEnv>,
  { audit, clock, action, target, reason }: AuditedAction,
  work: () => Promise<T>,
): Promise<T> {
  const entry = { requestId: c.get('requestId'), by: actorOf(c), action, target, reason }
  const record = (ending: Pick<AuditEntry, 'outcome' | 'code' | 'message'>): Promise<void> =>
    audit.write({ atMs: clock(), ...entry, ...ending })
  let result: T
  try {
    result = await work()
  } catch (error) {
    await record(endingOf(error))
    throw error
  }
  await record({ outcome: 'done', code: '', message: '' })
  return result
}

/** What Winnow's own rules refuse has a status below 500; a dependency or a defect has not. */
function endingOf(error: unknown): Pick<AuditEntry, 'outcome' | 'code' | 'message'> {
  if (!(error instanceof WinnowError)) {
    return { outcome: 'failed', code: 'internal', message: 'A defect in Winnow' }
  }
  const { code, message } = error
  return { outcome: statusByCode[code] < 500 ? 'refused' : 'failed', code, message }
}
