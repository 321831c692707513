// Built pages on disk: what is served, and that nothing outside of the folder is.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPageFiles } from './page-files.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-pages-'))
  await mkdir(join(dir, 'built', 'assets'), { recursive: true })
  await writeFile(join(dir, 'secret.html'), 'secret')
  await writeFile(join(dir, 'built', '.built'), 'stamp')
  await writeFile(join(dir, 'built', 'index.html'), '<p>'.repeat(1_000))
  await writeFile(join(dir, 'built', 'assets', 'app-0a1b2c3d.js'), 'a()')
  await symlink(join(dir, 'secret.html'), join(dir, 'built', 'link.html'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

it('gives files with type, compressed form and entity tag', async () => {
  const pages = createPageFiles(join(dir, 'built'))
  const page = (await pages.read('index.html'))!
  expect(page.type).toBe('text/html; charset=utf-8')
  expect(gunzipSync(page.gzipped!)).toEqual(Buffer.from(page.bytes))
  expect(page.etag).toMatch(/^"[\w-]{22}"$/)
  expect(page.isNamedByHash).toBe(false)
  const script = (await pages.read('assets/app-0a1b2c3d.js'))!
  expect(script.isNamedByHash).toBe(true)
  expect(script.gzipped).toBeUndefined()
})

it.each(['../secret.html', 'assets/../../secret.html', 'link.html', '.built', 'assets', ''])(
  'has no file %s',
  async (path) => {
    expect(await createPageFiles(join(dir, 'built')).read(path)).toBeUndefined()
  },
)

it('says what to do if the pages are not built, and finds them once they are', async () => {
  const later = join(dir, 'later')
  const pages = createPageFiles(later)
  await expect(pages.read('index.html')).rejects.toMatchObject({ code: 'prerequisite_missing' })
  await mkdir(later)
  await writeFile(join(later, 'index.html'), 'now')
  expect((await pages.read('index.html'))?.type).toBe('text/html; charset=utf-8')
})
