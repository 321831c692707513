import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rememberRuns } from './remembered-runs.ts'
import type { RecordedRun } from './tracked-run.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-remembered-'))
})
afterEach(() => rm(dir, { recursive: true }))

function counting() {
  let reads = 0
  const read = rememberRuns((folder) => {
    reads += 1
    return Promise.resolve({ dir: folder, seconds: reads } as RecordedRun)
  })
  return { read: async (folder = dir) => (await read(folder)).seconds, reads: () => reads }
}

describe('rememberRuns', () => {
  it('reads a folder again only when one of its records has changed', async () => {
    const { read } = counting()
    expect([await read(), await read()]).toEqual([1, 1])
    await writeFile(join(dir, 'report.html'), 'a report is no record')
    expect(await read()).toBe(1)
    await writeFile(join(dir, 'trials.jsonl'), 'a')
    expect([await read(), await read()]).toEqual([2, 2])
    await appendFile(join(dir, 'trials.jsonl'), 'b')
    expect(await read()).toBe(3)
    await writeFile(join(dir, 'run.json'), '{}')
    expect(await read()).toBe(4)
  })

  it('keeps folders apart, and a bounded number of them', async () => {
    const { read, reads } = counting()
    const other = join(dir, 'other')
    await mkdir(other)
    expect([await read(), await read(other), await read()]).toEqual([1, 2, 1])
    for (let at = 0; at < 2_000; at++) await read(join(dir, `no-${at}`))
    expect(reads()).toBe(2_002)
    await read()
    expect(reads()).toBe(2_003)
  })

  it('remembers no failure', async () => {
    let isDamaged = true
    const read = rememberRuns((folder) =>
      isDamaged
        ? Promise.reject(new Error('damaged'))
        : Promise.resolve({ dir: folder } as RecordedRun),
    )
    await expect(read(dir)).rejects.toThrow('damaged')
    isDamaged = false
    expect(await read(dir)).toEqual({ dir })
  })
})
