// The lock of a study: one process at a time continues it. It holds the store's lock for as long as
// the journal is open.
import { withStoreLock } from '../../models/store/store-lock.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Longer than the lock of a killed process lasts, so that a tune can be resumed at once. */
const waitMsMaxDefault = 12_000

/**
 * Takes the lock of a journal; the caller releases it.
 *
 * @throws WinnowError `resume_refused` if another process holds it.
 */
export async function lockJournal({
  path,
  run,
  waitMsMax = waitMsMaxDefault,
}: {
  readonly path: string
  readonly run: string
  readonly waitMsMax?: number | undefined
}): Promise<() => Promise<void>> {
  let letGo: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let locked: Promise<void> = Promise.resolve()
  await new Promise<void>((resolve, reject) => {
    locked = withStoreLock({ path: `${path}.lock`, waitMsMax }, () => {
      resolve()
      return released
    }).catch((cause: unknown) => {
      const isHeld = cause instanceof WinnowError && cause.code === 'deadline_exceeded'
      reject(isHeld ? heldElsewhere(run, cause) : (cause as Error))
    })
  })
  return () => {
    letGo()
    return locked
  }
}

function heldElsewhere(run: string, cause: WinnowError): WinnowError {
  const message =
    `Another process is working on the run ${run}. Wait until it has ended, or stop it; ` +
    'then resume the run.'
  return new WinnowError('resume_refused', message, { cause, details: { run } })
}
