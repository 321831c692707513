import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { withStackLock } from './stack-lock.ts'

let stateDir: string
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'winnow-lock-'))
})
afterEach(() => rm(stateDir, { recursive: true }))

describe('withStackLock', () => {
  it('admits one holder at a time, and leaves nothing behind', async () => {
    let inside = 0
    const visit = () =>
      withStackLock({ stateDir, waitMsMax: 10_000 }, async () => {
        inside += 1
        expect(inside).toBe(1)
        await new Promise(setImmediate)
        inside -= 1
      })
    await Promise.all(Array.from({ length: 8 }, visit))
    expect(await readdir(stateDir)).toEqual([])
  })

  it('breaks the lock of a dead process, and releases it after a failure', async () => {
    const dead = JSON.stringify({ pid: process.pid, startMark: 'long ago' })
    await writeFile(join(stateDir, 'stack.lock'), dead)
    const failing = withStackLock({ stateDir, waitMsMax: 1_000 }, () =>
      Promise.reject(new Error('x')),
    )
    await expect(failing).rejects.toThrow('x')
    expect(await withStackLock({ stateDir, waitMsMax: 0 }, () => Promise.resolve(1))).toBe(1)
  })

  it('gives up on a live holder after the deadline, or when the caller aborts', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>()
    const { promise: entered, resolve: enter } = Promise.withResolvers<undefined>()
    const holder = withStackLock({ stateDir, waitMsMax: 0 }, () => {
      enter(undefined)
      return held
    })
    await entered
    const never = () => Promise.reject(new Error('entered'))
    const late = withStackLock({ stateDir, waitMsMax: 0 }, never)
    await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' })
    const signal = AbortSignal.abort()
    const left = withStackLock({ stateDir, waitMsMax: 5_000, signal }, never)
    await expect(left).rejects.toMatchObject({ code: 'cancelled' })
    release(undefined)
    await holder
  })
})
