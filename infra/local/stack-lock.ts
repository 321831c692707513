// A lock that lets one process at a time start or stop a stack. It is a file that names its holder;
// the lock of a dead process is broken.
import { randomUUID } from 'node:crypto'
import { link, mkdir, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { WinnowError } from '../../schemas/errors.ts'
import { identityOf, isAlive, readPidFile } from './services/pid-file.ts'
import type { ProcessIdentity } from './services/pid-file.ts'

/**
 * Runs `work` while holding the lock of the stack in `stateDir`; first waits for another holder.
 *
 * @throws WinnowError `deadline_exceeded` after `waitMsMax`, `cancelled` if `signal` aborts.
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
 * Takes the lock if it is free or its holder is dead. Creating it as a link makes the file appear
 * with its content.
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

/** If several processes see the same dead holder, one rename succeeds and the others try again. */
async function breakLock(path: string, dead: ProcessIdentity): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const moved = await readPidFile(aside)
  // Another process broke the lock and took it meanwhile, so give it back.
  if (moved?.pid !== dead.pid) await link(aside, path).catch(() => undefined)
  await unlink(aside)
}
