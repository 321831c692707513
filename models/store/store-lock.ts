// A lock between processes on one directory of the model store, held through a file with a
// heartbeat. It saves double work and torn `.part` files; what is finished is published by rename
// and verified by hash, so a lock that fails cannot damage the store.
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WinnowError } from '../../schemas/errors.ts'

const heartbeatMs = 2_000
// Five missed heartbeats: the holder has crashed, or its machine has.
const staleAfterMs = 10_000
const pollMs = 100

/**
 * Runs `work` while holding the lock file `path`, and releases it whatever happens. Waits for
 * another holder at most `waitMsMax`; a holder without a heartbeat for 10 seconds is taken to be
 * dead. Throws WinnowError 'deadline_exceeded' when the wait is over, or 'cancelled' by `signal`.
 */
export async function withStoreLock<T>(
  options: { path: string; waitMsMax: number; signal?: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const { path } = options
  const owner = `${process.pid} ${randomUUID()}`
  await mkdir(dirname(path), { recursive: true })
  await acquire({ ...options, owner })
  const heartbeat = setInterval(() => {
    const now = new Date()
    // A failed touch is noticed by others as a missing heartbeat; there is nothing to do here.
    utimes(path, now, now).catch(() => undefined)
  }, heartbeatMs)
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    if ((await readOwner(path)) === owner) await rm(path, { force: true })
  }
}

async function acquire(options: {
  path: string
  owner: string
  waitMsMax: number
  signal?: AbortSignal | undefined
}): Promise<void> {
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
