// State files are computed once per content, are never incomplete, and have a bound on their total
// size.
import { closeSync, readSync, writeSync } from 'node:fs'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStateFile } from './state-files.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-states-'))
})
afterEach(() => rm(dir, { recursive: true }))

/** Opens a file of ten bytes; returns how often it was written. */
async function ask(key: string, bytesMax = 25): Promise<number> {
  let fills = 0
  const fill = (file: number): Promise<void> => {
    fills++
    writeSync(file, key.repeat(10).slice(0, 10))
    return Promise.resolve()
  }
  const file = await openStateFile({ dir, key, bytes: 10, fill, bytesMax })
  const content = Buffer.alloc(10)
  readSync(file, content, 0, 10, 0)
  expect(content.toString()).toBe(key.repeat(10))
  closeSync(file)
  return fills
}

it('writes a file once', async () => {
  expect([await ask('a'), await ask('a'), await ask('b')]).toEqual([1, 0, 1])
})

it('removes the least recently used files', async () => {
  await ask('a')
  await ask('b')
  await utimes(join(dir, 'a.states'), 1, 1)
  await utimes(join(dir, 'b.states'), 2, 2)
  await ask('a')
  await ask('c')
  expect((await readdir(dir)).sort()).toEqual(['a.states', 'c.states'])
})

it('keeps no file that exceeds the bound or is incomplete', async () => {
  expect(await ask('a', 5)).toBe(1)
  const fill = (): Promise<void> => Promise.reject(new Error('killed'))
  await expect(openStateFile({ dir, key: 'b', bytes: 10, fill })).rejects.toThrow('killed')
  expect(await readdir(dir)).toEqual([])
})
