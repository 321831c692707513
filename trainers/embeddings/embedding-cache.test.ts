// The cache on disk: it finds embeddings again, is bounded, and survives a killed process.
import { appendFile, mkdtemp, open, readdir, rm, stat, truncate, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmbeddingCache, type EmbeddingSpace } from './embedding-cache.ts'

const space: EmbeddingSpace = { graphSha256: 'g', tokenizerSha256: 't', maxTokens: 128, width: 4 }
let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-embedding-cache-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const entryOf = (n: number) => ({
  text: `text ${n}`,
  embedding: { row: Float32Array.of(n, 0.1, -n, 1e-20), tokens: n + 2 },
})

async function fill(count: number, overrides: Partial<EmbeddingSpace> = {}): Promise<void> {
  const cache = await openEmbeddingCache({ dir, space: { ...space, ...overrides } })
  await cache.put(Array.from({ length: count }, (_, n) => entryOf(n)))
  await cache.close()
}

async function pathOf(kind: 'rows' | 'index'): Promise<string> {
  const name = (await readdir(dir)).find((file) => file.endsWith(`.${kind}`))
  return join(dir, name!)
}

test('returns the same bits after reopening', async () => {
  await fill(3)
  const cache = await openEmbeddingCache({ dir, space })
  expect(cache.embeddings).toBe(3)
  expect(await cache.get('text 2')).toEqual(entryOf(2).embedding)
  expect(await cache.get('text 3')).toBeUndefined()
  await cache.close()
})

test.each([{ graphSha256: 'other' }, { tokenizerSha256: 'other' }, { maxTokens: 64 }])(
  'does not find it in another space: %j',
  async (overrides) => {
    await fill(3)
    const cache = await openEmbeddingCache({ dir, space: { ...space, ...overrides } })
    expect(await cache.get('text 2')).toBeUndefined()
    await cache.close()
  },
)

test.each([
  ['index', 1],
  ['index', 39],
  ['rows', 5],
  ['rows', 16],
] as const)('a %s file cut short by %i bytes loses its last entry only', async (kind, bytes) => {
  await fill(3)
  const path = await pathOf(kind)
  await truncate(path, (await stat(path)).size - bytes)
  const cache = await openEmbeddingCache({ dir, space })
  expect(await cache.get('text 2')).toBeUndefined()
  expect(await cache.get('text 1')).toEqual(entryOf(1).embedding)
  await cache.put([entryOf(9)])
  expect(await cache.get('text 9')).toEqual(entryOf(9).embedding)
  await cache.close()
  const again = await openEmbeddingCache({ dir, space })
  expect(await again.get('text 9')).toEqual(entryOf(9).embedding)
  expect(await again.get('text 1')).toEqual(entryOf(1).embedding)
  await again.close()
})

test('overwrites rows without entries, which a kill between the two writes leaves', async () => {
  await fill(2)
  await appendFile(await pathOf('rows'), Buffer.alloc(37, 1))
  await fill(3)
  const cache = await openEmbeddingCache({ dir, space })
  expect(await cache.get('text 2')).toEqual(entryOf(2).embedding)
  await cache.close()
})

test('treats a row whose bytes changed as absent', async () => {
  await fill(2)
  const file = await open(await pathOf('rows'), 'r+')
  await file.write(Buffer.of(0xff), 0, 1, 18)
  await file.close()
  const cache = await openEmbeddingCache({ dir, space })
  expect(await cache.get('text 1')).toBeUndefined()
  expect(await cache.get('text 0')).toEqual(entryOf(0).embedding)
  await cache.close()
})

test('stops growing at its bound and removes the least recently used space', async () => {
  await fill(10, { graphSha256: 'oldest' })
  const past = new Date(Date.now() - 86_400_000)
  for (const file of await readdir(dir)) await utimes(join(dir, file), past, past)
  await fill(10, { graphSha256: 'recent' })
  // One entry takes 56 bytes: 16 in the rows, 40 in the index.
  const cache = await openEmbeddingCache({ dir, space, bytesMax: 20 * 56 })
  expect((await readdir(dir)).filter((file) => file.endsWith('.rows')).length).toBe(2)
  await cache.put(Array.from({ length: 10 }, (_, n) => entryOf(n)))
  await cache.put([entryOf(10)])
  expect(cache.embeddings).toBe(10)
  await cache.close()
})
