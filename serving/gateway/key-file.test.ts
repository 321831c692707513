// The file of API keys: made, listed, revoked, followed by a gateway, and never lost.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createKey, listKeys, openKeyFile, revokeKey } from './key-file.ts'

let dir: string
let path: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-keys-'))
  path = join(dir, 'state', 'keys.json')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const wanted = { name: 'shop', scopes: ['ingest' as const], expiresMs: null, nowMs: 1_000 }

/** Waits until the gateway has seen a change of the file. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('the change was not seen')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('a key', () => {
  it('is shown once; the file holds its hash and is private', async () => {
    const { key, id } = await createKey(path, wanted)
    expect(key).toMatch(new RegExp(`^winnow_${id}_[\\w-]{43}$`))
    const text = await readFile(path, 'utf8')
    expect(text).not.toContain(key)
    expect(text).not.toContain(key.split('_')[2])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('expires, is revoked by id or name, and stays in the list', async () => {
    const { id } = await createKey(path, { ...wanted, expiresMs: 2_000 })
    await createKey(path, { ...wanted, name: 'desk' })
    expect((await listKeys(path, 1_999)).map(({ name, state }) => [name, state])).toEqual([
      ['desk', 'valid'],
      ['shop', 'valid'],
    ])
    expect((await listKeys(path, 2_000)).at(-1)!.state).toBe('expired')
    await revokeKey(path, id, 2_000)
    expect((await revokeKey(path, 'desk', 3_000)).revokedMs).toBe(3_000)
    expect((await listKeys(path, 3_000)).map(({ state }) => state)).toEqual(['revoked', 'revoked'])
    await expect(revokeKey(path, 'desk', 3_000)).rejects.toMatchObject({ code: 'usage' })
  })

  it('needs a name that no valid key has', async () => {
    await createKey(path, wanted)
    await expect(createKey(path, wanted)).rejects.toMatchObject({ code: 'usage' })
    await revokeKey(path, 'shop', 1_000)
    await createKey(path, wanted)
  })

  it('is not lost when several are made at once', async () => {
    const names = Array.from({ length: 8 }, (_, at) => `key ${at}`)
    await Promise.all(names.map((name) => createKey(path, { ...wanted, name })))
    expect((await listKeys(path, 0)).map(({ name }) => name).sort()).toEqual(names)
  })
})

describe('a gateway', () => {
  it('sees keys that are made and revoked while it runs', async () => {
    const ring = await openKeyFile(path, () => undefined)
    expect([ring.isUsed(), ring.keys()]).toEqual([false, []])
    await createKey(path, wanted)
    await until(() => ring.keys().length === 1)
    expect(ring.keys()[0]).toMatchObject({ name: 'shop', scopes: ['ingest'] })
    await revokeKey(path, 'shop', 2_000)
    await until(() => ring.keys().length === 0)
    expect(ring.isUsed()).toBe(true)
    await ring.close()
  })

  it('keeps what it knows if the file is damaged or removed', async () => {
    await createKey(path, wanted)
    const problems: string[] = []
    const ring = await openKeyFile(path, (line) => problems.push(line))
    await writeFile(path, '{"keys": [{"id": 1}]}')
    await until(() => problems.length > 0)
    expect(problems[0]).toContain('is damaged')
    await rm(path)
    expect(ring.keys()).toHaveLength(1)
    await writeFile(path, '{"keys": []}')
    await until(() => ring.keys().length === 0)
    expect(ring.isUsed()).toBe(true)
    await ring.close()
    await writeFile(path, 'x')
    await expect(openKeyFile(path, () => undefined)).rejects.toThrow(/is damaged/)
  })

  it('notes when each key was last used', async () => {
    await createKey(path, { ...wanted, name: 'revoked before' })
    await revokeKey(path, 'revoked before', 1_000)
    await createKey(path, wanted)
    const ring = await openKeyFile(path, () => undefined)
    ring.onUse(ring.keys()[0]!, 5_000)
    await ring.close()
    const listed = await listKeys(path, 6_000)
    expect(listed.map(({ name, lastUsedMs }) => [name, lastUsedMs])).toEqual([
      ['shop', 5_000],
      ['revoked before', null],
    ])
  })
})
