// The lock of a study: one process at a time continues it. It holds the store's lock for as long as
// the journal is open.
import { deadHolderMs, takeStoreLock } from '../../models/store/store-lock.ts'
import { WinnowError } from '../../schemas/errors.ts'

/**
 * Takes the lock of a journal; the caller releases it. By default it waits long enough for a tune
 * to be resumed right after a kill.
 *
 * @throws WinnowError `resume_refused` if another process holds it.
 */
export async function lockJournal({
  path,
  run,
  waitMsMax = deadHolderMs,
}: {
  readonly path: string
  readonly run: string
  readonly waitMsMax?: number | undefined
}): Promise<() => Promise<void>> {
  try {
    return await takeStoreLock({ path: `${path}.lock`, waitMsMax })
  } catch (cause) {
    const isHeld = cause instanceof WinnowError && cause.code === 'deadline_exceeded'
    throw isHeld ? heldElsewhere(run, cause) : cause
  }
}

function heldElsewhere(run: string, cause: WinnowError): WinnowError {
  const message =
    `Another process is working on the run ${run}. Wait until it has ended, or stop it; ` +
    'then resume the run.'
  return new WinnowError('resume_refused', message, { cause, details: { run } })
}
