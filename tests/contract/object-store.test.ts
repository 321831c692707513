// The object store port: a folder, a real S3-compatible server and the fake must behave the same.
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openS3Objects } from '../../infra/store/s3-objects.ts'
import { openFolderObjects } from '../../models/store/folder-objects.ts'
import type { ObjectStore } from '../../schemas/object-store.ts'
import { createMemoryObjects } from '../support/memory-objects.ts'
import { newBucket, openS3Server } from '../support/s3-server.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-objects-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const openS3 = async (): Promise<ObjectStore> => {
  const { endpoint } = await openS3Server(inject('stack').stateDir)
  return openS3Objects((await newBucket(endpoint)).store)
}

async function bytesOf(stream: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream ?? []) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe.each([
  ['a folder', () => Promise.resolve(openFolderObjects(join(dir, 'shared')))],
  ['an S3 server', openS3],
  ['memory', () => Promise.resolve<ObjectStore>(createMemoryObjects())],
])('%s', (_name, open) => {
  let store: ObjectStore
  beforeAll(async () => {
    store = await open()
  })
  afterAll(() => store.close())
  const write = (key: string, text: string) => store.write(key, { bytes: Buffer.from(text) })
  const textOf = async (key: string) => (await bytesOf(await store.stream(key))).toString()

  it('is empty, and says where it is', async () => {
    expect(store.url).toMatch(/^\w+:\/\/.*\/$/)
    expect(await store.list('')).toEqual([])
    expect(await store.stream('no/such/key')).toBeUndefined()
  })

  it('keeps what was written last', async () => {
    await write('versions/mail/1/manifest.json', 'first')
    await write('versions/mail/1/manifest.json', 'second')
    expect(await textOf('versions/mail/1/manifest.json')).toBe('second')
  })

  it('lists by prefix, in order, with sizes', async () => {
    await write('listed/b/2', 'four')
    await write('listed/a', '')
    await write('listed/b/10', 'xy')
    await write('listed-not/a', 'z')
    expect(await store.list('listed/')).toEqual([
      { key: 'listed/a', bytes: 0 },
      { key: 'listed/b/10', bytes: 2 },
      { key: 'listed/b/2', bytes: 4 },
    ])
    expect(await store.list('listed/b/1')).toEqual([{ key: 'listed/b/10', bytes: 2 }])
  })

  it('lets exactly one of many writers create an object', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, async (_, writer) => {
        const outcome = await store.create('claims/1', Buffer.from(`writer ${writer}`))
        return { outcome, writer }
      }),
    )
    const [created, ...others] = outcomes.filter(({ outcome }) => outcome === 'created')
    expect(others).toEqual([])
    expect(await textOf('claims/1')).toBe(`writer ${created!.writer}`)
    expect(await store.create('claims/1', Buffer.from('late'))).toBe('exists')
  })

  it('keeps large files to the byte and gives them from any offset', async () => {
    const bytes = createHash('shake256', { outputLength: 20_000_001 }).update('noise').digest()
    const path = join(dir, 'large')
    await writeFile(path, bytes)
    await store.write('large/model.onnx', { path })
    expect((await bytesOf(await store.stream('large/model.onnx'))).equals(bytes)).toBe(true)
    const tail = await bytesOf(await store.stream('large/model.onnx', { fromByte: 19_999_990 }))
    expect(tail.equals(bytes.subarray(19_999_990))).toBe(true)
    const after = await store.stream('large/model.onnx', { fromByte: bytes.length })
    expect(await bytesOf(after)).toHaveLength(0)
  })

  it('stops when told to', async () => {
    const signal = AbortSignal.abort()
    await expect(
      store.write('cancelled', { bytes: Buffer.from('x') }, { signal }),
    ).rejects.toMatchObject({ code: 'cancelled' })
    await expect(store.stream('large/model.onnx', { signal })).rejects.toMatchObject({
      code: 'cancelled',
    })
    expect(await store.list('cancelled')).toEqual([])
  })
})

describe('an S3 server that is not as it should be', () => {
  it('is told apart: away, without the bucket, without a bucket named', async () => {
    const server = await openS3Server(inject('stack').stateDir)
    const { store } = await newBucket(server.endpoint)
    const open = (changed: Partial<typeof store>) => openS3Objects({ ...store, ...changed })
    const missing = await open({ bucket: 'no-such-bucket-here' })
    await expect(missing.stream('any')).rejects.toMatchObject({
      code: 'store_refused',
      message: expect.stringContaining('s3://no-such-bucket-here/models/') as string,
    })
    const away = await open({ endpoint: 'http://127.0.0.1:9', triesMax: 2 })
    await expect(away.list('')).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(open({ bucket: undefined })).rejects.toMatchObject({ code: 'config_invalid' })
    for (const one of [missing, away]) one.close()
  })

  it('is tried again when a connection breaks, and given up when it stays silent', async () => {
    const server = await openS3Server(inject('stack').stateDir)
    const { store } = await newBucket(server.endpoint)
    const proxy = await openTcpProxy(new URL(server.endpoint).host)
    const endpoint = `http://${proxy.address}`
    const objects = await openS3Objects({ ...store, endpoint, requestMsMax: 500, triesMax: 2 })
    await objects.write('a', { bytes: Buffer.from('before') })
    proxy.restore() // Breaks the client's open connection; the next one works.
    expect((await bytesOf(await objects.stream('a'))).toString()).toBe('before')
    proxy.hang()
    await expect(objects.list('')).rejects.toMatchObject({ code: 'store_unavailable' })
    objects.close()
    await proxy.close()
  })

  it('keeps no parts of an upload that was given up', async () => {
    const { endpoint } = await openS3Server(inject('stack').stateDir)
    const { store, client, bucket } = await newBucket(endpoint)
    const objects = await openS3Objects(store)
    const path = join(dir, 'given-up')
    await writeFile(path, Buffer.alloc(40_000_000))
    const stop = new AbortController()
    const upload = objects.write('given-up', { path }, { signal: stop.signal })
    const uploads = async () =>
      (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []
    const outcome = expect(upload).rejects.toMatchObject({ code: 'cancelled' })
    await until('the upload has begun', async () => (await uploads()).length === 1)
    stop.abort()
    await outcome
    expect(await objects.list('')).toEqual([])
    expect(await uploads()).toEqual([])
    objects.close()
    client.destroy()
  })
})
