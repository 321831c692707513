// Whose labels are known, and how often the store is read for them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { spamManifest } from '../../tests/support/version-draft.ts'
import { createKnownLabels, newestManifest, storedLabelsMsMax } from './known-labels.ts'
import { writeVersion } from './version-store.ts'

let storeDir: string
let nowMs = 0

beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-labels-'))
  nowMs = 0
})

afterEach(() => rm(storeDir, { recursive: true }))

function write(name: string, labels: readonly string[]) {
  return writeVersion({
    storeDir,
    name,
    model: { bytes: Buffer.from('g') },
    tokenizer: { bytes: Buffer.from('t') },
    manifest: { ...spamManifest, labels: [...labels] },
  })
}

const knownLabels = (servingLabels: () => readonly string[] | undefined = () => undefined) =>
  createKnownLabels({ storeDir, servingLabels, nowMs: () => nowMs })

test('are those of the newest version of each model, and of the model that serves', async () => {
  await write('mail', ['ham', 'old'])
  await write('mail', ['ham', 'spam'])
  await write('ticket', ['refund'])
  let serving = ['ham', 'served']
  const known = knownLabels(() => serving)
  expect([...(await known())].sort()).toEqual(['ham', 'refund', 'served', 'spam'])
  // A swap counts at once.
  serving = ['swapped']
  expect([...(await known())].sort()).toEqual(['ham', 'refund', 'spam', 'swapped'])
})

test('are none without a model', async () => {
  expect(await knownLabels()()).toEqual(new Set())
  expect(await newestManifest({ storeDir, name: 'mail' })).toBeUndefined()
})

test('of a damaged version are skipped for those of the one before it', async () => {
  await write('mail', ['ham', 'spam'])
  const { dir } = await write('mail', ['lost'])
  await write('ticket', ['refund'])
  await writeFile(join(dir, 'manifest.json'), '{"formatVersion":1')
  expect(await knownLabels()()).toEqual(new Set(['ham', 'spam', 'refund']))
  expect(await newestManifest({ storeDir, name: 'mail' })).toMatchObject({ version: '1' })
})

test('are read once for all who ask at once, and again when they have become old', async () => {
  await write('mail', ['ham', 'spam'])
  const known = knownLabels()
  const [first, ...others] = await Promise.all(Array.from({ length: 50 }, () => known()))
  expect(others.every((labels) => labels === first)).toBe(true)
  await write('mail', ['ham', 'spam', 'new'])
  nowMs = storedLabelsMsMax - 1
  expect(await known()).toBe(first)
  nowMs = storedLabelsMsMax
  expect(await known()).toEqual(new Set(['ham', 'spam', 'new']))
})

test('are read again after a failure', async () => {
  const versions = join(storeDir, 'versions')
  await writeFile(versions, 'no folder')
  const known = knownLabels()
  await expect(known()).rejects.toThrow()
  await rm(versions)
  await write('mail', ['ham'])
  expect(await known()).toEqual(new Set(['ham']))
})
