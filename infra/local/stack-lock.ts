// One starter or stopper of a stack at a time. The lock is a file that names its holder; the lock
// of a process that has died is broken.
import { randomUUID } from 'node:crypto'
import { link, mkdir, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { WinnowError } from '../../schemas/errors.ts'
import { identityOf, isAlive, readPidFile } from './services/pid-file.ts'
import type { ProcessIdentity } from './services/pid-file.ts'

/**
 * Runs `work` while holding the lock of the stack in `stateDir`; waits for another holder first.
 *
 * @throws WinnowError `deadline_exceeded` after `waitMsMax`, `cancelled` when `signal` fires.
 */
export async function withStackLock<T>(
  options: { stateDir: string; waitMsMax: number; signal?: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(options.stateDir, { recursive: true })
  const path = join(options.stateDir, 'stack.lock')
  const deadline = performance.now() + options.waitMsMax
  while (!(await tryLock(path))) {
    if (options.signal?.aborted === true) {
      throw new WinnowError('cancelled', 'Stopped while waiting for another command on this stack.')
    }
    if (performance.now() > deadline) {
      const holder = await readPidFile(path)
      const text =
        `Process ${String(holder?.pid)} has been starting or stopping this stack for too long. End it, ` +
        'then run the command again.'
      throw new WinnowError('deadline_exceeded', text)
    }
    await delay(50)
  }
  try {
    return await work()
  } finally {
    await rm(path, { force: true })
  }
}

/**
 * Takes the lock if it is free or its holder is dead. Linking makes file and content appear at
 * once.
 */
async function tryLock(path: string): Promise<boolean> {
  const holder = await readPidFile(path)
  if (holder !== undefined && !(await isAlive(holder))) await breakLock(path, holder)
  const own = await identityOf(process.pid)
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(own))
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await unlink(draft)
  }
}

/** Of several that see the same dead holder, one rename succeeds; the others just try again. */
async function breakLock(path: string, dead: ProcessIdentity): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const moved = await readPidFile(aside)
  // Somebody else broke the lock and took it in between: give it back.
  if (moved?.pid !== dead.pid) await link(aside, path).catch(() => undefined)
  await unlink(aside)
}
