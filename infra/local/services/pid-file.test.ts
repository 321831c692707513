import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { identityOf, isAlive, readPidFile, writePidFile } from './pid-file.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-pid-'))
})
afterEach(() => rm(dir, { recursive: true }))

describe('a process identity', () => {
  it('matches while the process runs, and no longer', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    await once(child, 'spawn')
    const identity = await identityOf(child.pid ?? 0)
    expect(identity).toMatchObject({ pid: child.pid })
    if (identity === undefined) return
    expect(await isAlive(identity)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await isAlive(identity)).toBe(false)
  })

  it('does not match another process with the same pid', async () => {
    expect(await isAlive({ pid: process.pid, startMark: 'another time' })).toBe(false)
  })
})

describe('a pid file', () => {
  it('is read back, and counts as missing if damaged', async () => {
    const path = join(dir, 'x.pid')
    expect(await readPidFile(path)).toBeUndefined()
    await writePidFile(path, { pid: 5, startMark: '99' })
    expect(await readPidFile(path)).toEqual({ pid: 5, startMark: '99' })
    for (const text of ['', '{"pid":', '{"pid":"5","startMark":"9"}', '12']) {
      await writeFile(path, text)
      expect(await readPidFile(path)).toBeUndefined()
    }
  })
})
