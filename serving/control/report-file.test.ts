import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readReport } from './report-file.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-report-'))
})
afterEach(() => rm(dir, { recursive: true }))

const file = 'report.html'

describe('readReport', () => {
  it('gives the bytes of the file, and undefined without one', async () => {
    expect(await readReport(dir, { file })).toBeUndefined()
    await writeFile(join(dir, file), '<p>a</p>')
    expect(Buffer.from((await readReport(dir, { file }))!).toString()).toBe('<p>a</p>')
    expect(await readReport(join(dir, file), { file })).toBeUndefined()
  })

  it('follows no link, and takes no folder for a report', async () => {
    await writeFile(join(dir, 'secret'), 'secret')
    await symlink(join(dir, 'secret'), join(dir, file))
    expect(await readReport(dir, { file })).toBeUndefined()
    await rm(join(dir, file))
    await mkdir(join(dir, file))
    expect(await readReport(dir, { file })).toBeUndefined()
  })

  it('refuses a report that is too large', async () => {
    await writeFile(join(dir, file), 'abc')
    await expect(readReport(dir, { file, bytesMax: 2 })).rejects.toMatchObject({
      code: 'body_too_large',
    })
    expect(await readReport(dir, { file, bytesMax: 3 })).toBeDefined()
  })
})
