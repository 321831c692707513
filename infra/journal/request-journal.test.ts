// The journal of requests: what survives a restart or a crash, and that the file stays small.
import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openRequestJournal } from './request-journal.ts'

let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-journal-'))
  path = join(dir, 'state', 'requests.jsonl')
})
afterEach(() => rm(dir, { recursive: true }))

const entry = (key: string, isDone = false, atMs = Date.now()) => ({
  key,
  bodySha256: 'b',
  atMs,
  isDone,
})

it('has the last entry of each key when it is opened again', async () => {
  const journal = await openRequestJournal(path)
  expect(journal.entries).toEqual([])
  await Promise.all([journal.write(entry('a')), journal.write(entry('b'))])
  await journal.write(entry('a', true))
  // Not closed, as after a crash, which may also cut off a line.
  await appendFile(path, '{"key":"c","bo')
  const again = await openRequestJournal(path)
  expect(again.entries.map(({ key, isDone }) => [key, isDone])).toEqual([
    ['b', false],
    ['a', true],
  ])
  await again.close()
  await journal.close()
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

it('forgets what is too old or one too many, and rewrites a file that grows too large', async () => {
  const limits = { keptMsMax: 60_000, entriesMax: 3, fileBytesMax: 2_000 }
  const journal = await openRequestJournal(path, limits)
  for (let at = 0; at < 100; at += 1) await journal.write(entry(`k${at}`))
  expect((await readFile(path, 'utf8')).length).toBeLessThan(2_200)
  await journal.write(entry('old', true, Date.now() - 70_000))
  await journal.close()
  const again = await openRequestJournal(path, limits)
  expect(again.entries.map(({ key }) => key)).toEqual(['k97', 'k98', 'k99'])
  await again.close()
})

it('rejects a write that fails', async () => {
  const journal = await openRequestJournal(path)
  await journal.close()
  await expect(journal.write(entry('a'))).rejects.toThrow()
})
