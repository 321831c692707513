// The disk that versions take: shared files count once, and are freed with their last name.
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { diskUse } from './version-size.ts'

let dir: string
const at = (folder: string, file: string) => join(dir, folder, file)

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-size-'))
  for (const folder of ['a', 'b', 'c']) {
    await mkdir(join(dir, folder))
    await writeFile(at(folder, 'own'), Buffer.alloc(10))
  }
  await writeFile(at('a', 'shared'), Buffer.alloc(1_000))
  await link(at('a', 'shared'), at('b', 'shared'))
})

afterEach(() => rm(dir, { recursive: true }))

const use = (...folders: string[]) => diskUse(folders.map((folder) => join(dir, folder)))

test('a shared file counts once, and is nobody’s own', async () => {
  expect(await use('a')).toEqual({ bytes: 1_010, ownBytes: 10 })
  expect(await use('a', 'b', 'c')).toEqual({ bytes: 1_030, ownBytes: 1_030 })
  expect(await use('a', 'c')).toEqual({ bytes: 1_020, ownBytes: 20 })
})

test('the last version that has it owns it', async () => {
  await rm(at('b', 'shared'))
  expect(await use('a')).toEqual({ bytes: 1_010, ownBytes: 1_010 })
})

test('a folder that is not there takes nothing', async () => {
  expect(await use('nowhere')).toEqual({ bytes: 0, ownBytes: 0 })
})
