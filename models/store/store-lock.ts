// A lock between processes on a directory of the model store, as a file with a heartbeat. It
// prevents duplicate work and torn `.part` files. A failed lock cannot damage the store, because
// finished files appear by rename and are verified by hash.
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WinnowError } from '../../schemas/errors.ts'

const heartbeatMs = 2_000
// After five missed heartbeats, the holder or its machine has crashed.
const staleAfterMs = 10_000
const pollMs = 100

/** How long to wait at least to outlast the lock of a process that was killed. */
export const deadHolderMs = staleAfterMs + heartbeatMs

type LockOptions = {
  readonly path: string
  readonly waitMsMax: number
  readonly signal?: AbortSignal | undefined
}

/** Runs `work` while holding the lock file `path`, and always releases it; see `takeStoreLock`. */
export async function withStoreLock<T>(options: LockOptions, work: () => Promise<T>): Promise<T> {
  const release = await takeStoreLock(options)
  try {
    return await work()
  } finally {
    await release()
  }
}

/**
 * Takes the lock file `path`; the returned function releases it. Waits at most `waitMsMax` for
 * another holder; a holder without a heartbeat for 10 seconds counts as dead. Throws WinnowError
 * 'deadline_exceeded' when the wait is over, and 'cancelled' when `signal` fires.
 */
export async function takeStoreLock(options: LockOptions): Promise<() => Promise<void>> {
  const { path } = options
  const owner = `${process.pid} ${randomUUID()}`
  await mkdir(dirname(path), { recursive: true })
  await acquire({ ...options, owner })
  const heartbeat = setInterval(() => {
    const now = new Date()
    // If this fails, other processes notice a missing heartbeat.
    utimes(path, now, now).catch(() => undefined)
  }, heartbeatMs)
  return async () => {
    clearInterval(heartbeat)
    if ((await readOwner(path)) === owner) await rm(path, { force: true })
  }
}

async function acquire(options: LockOptions & { readonly owner: string }): Promise<void> {
  const deadline = Date.now() + options.waitMsMax
  for (;;) {
    if (options.signal?.aborted) {
      throw new WinnowError('cancelled', `Cancelled while waiting for ${options.path}.`)
    }
    try {
      await writeFile(options.path, options.owner, { flag: 'wx' })
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const age = await ageMs(options.path)
    if (age !== undefined && age > staleAfterMs) {
      await rm(options.path, { force: true })
      continue
    }
    if (Date.now() > deadline) {
      throw new WinnowError(
        'deadline_exceeded',
        `Another process has held ${options.path} for more than ` +
          `${options.waitMsMax / 1_000} s. If none is running, delete that file.`,
        { details: { path: options.path } },
      )
    }
    await delay(pollMs)
  }
}

async function ageMs(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found && Date.now() - found.mtimeMs
}

async function readOwner(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
