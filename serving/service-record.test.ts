import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readService, recordService } from './service-record.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-service-'))
})
afterEach(() => rm(dir, { recursive: true }))

const gateway = { name: 'gateway', url: 'http://127.0.0.1:8080' }

describe('a service record', () => {
  it('tells where a living process listens, until it is removed', async () => {
    const stateDir = join(dir, 'state')
    const remove = await recordService(stateDir, gateway)
    expect(await readService(stateDir, 'gateway')).toEqual({ ...gateway, pid: process.pid })
    await remove()
    expect(await readService(stateDir, 'gateway')).toBeUndefined()
    await remove()
  })

  it('is one a service; the later replaces the earlier', async () => {
    await recordService(dir, gateway)
    await recordService(dir, { ...gateway, url: 'http://127.0.0.1:9090' })
    await recordService(dir, { ...gateway, name: 'stream' })
    expect(await readService(dir, 'gateway')).toMatchObject({ url: 'http://127.0.0.1:9090' })
    expect(await readService(dir, 'stream')).toMatchObject({ url: gateway.url })
    expect(await readdir(dir)).toHaveLength(2)
  })

  it.each([
    ['of a process that is gone', JSON.stringify({ ...gateway, pid: 2 ** 22 + 1 })],
    ['that is damaged', '{"name":"gate'],
    ['of another shape', JSON.stringify({ ...gateway, pid: 'seven' })],
  ])('%s is none', async (_what, text) => {
    await recordService(dir, gateway)
    const [file] = await readdir(dir)
    await writeFile(join(dir, file!), text)
    expect(await readService(dir, 'gateway')).toBeUndefined()
  })

  it('is none where no service ever was', async () => {
    expect(await readService(join(dir, 'nowhere'), 'gateway')).toBeUndefined()
  })
})
