// The store of base encoders with a small catalog and a real HTTP server as the hub. The Maven
// route with the real artifact is tests/integration/base-from-maven.test.ts.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { baseCatalog, findBase, type BaseCatalogEntry, type PinnedFile } from './base-catalog.ts'
import type { BaseProgress } from './base-sources.ts'
import { ensureBase, listBases, openBase } from './base-store.ts'

const model = Buffer.from('the bytes of a model\n'.repeat(500))
const tokenizer = Buffer.from('{"model":{"type":"WordPiece"}}')

function pin(path: string, bytes: Buffer): PinnedFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { path, sha256, bytes: bytes.length }
}

const facts = { hidden: 4, layers: 1, heads: 1, maxTokens: 8, positions: 16 } as const
const entry: BaseCatalogEntry = {
  name: 'tiny',
  aliases: ['org/Tiny'],
  ...facts,
  pooling: 'mean',
  normalize: true,
  sources: [
    {
      kind: 'hub',
      repository: 'org/Tiny',
      revision: 'abc123',
      model: pin('onnx/model.onnx', model),
      tokenizer: pin('tokenizer.json', tokenizer),
    },
    {
      kind: 'maven',
      artifact: 'org.example:tiny:1',
      model: pin('tiny.onnx', Buffer.from('another export')),
      tokenizer: pin('tiny.json', Buffer.from('another tokenizer')),
    },
  ],
}

let root: string
let storeDir: string
let hub: { endpoint: string; requests: string[]; files: Record<string, Buffer>; server: Server }

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'winnow-bases-'))
  storeDir = join(root, 'store')
  const requests: string[] = []
  const prefix = '/org/Tiny/resolve/abc123'
  const files: Record<string, Buffer> = {
    [`${prefix}/onnx/model.onnx`]: model,
    [`${prefix}/tokenizer.json`]: tokenizer,
  }
  const server = createServer(({ url = '' }, response) => {
    requests.push(url)
    const body = files[url]
    response.writeHead(body ? 200 : 404).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  hub = { endpoint, requests, files, server }
})

afterEach(async () => {
  hub.server.closeAllConnections()
  await new Promise((resolve) => hub.server.close(resolve))
  await rm(root, { recursive: true })
})

function pull(more: Partial<Parameters<typeof ensureBase>[0]> = {}) {
  return ensureBase({
    name: 'tiny',
    storeDir,
    endpoint: hub.endpoint,
    catalog: [entry],
    limits: { backoffMs: 5 },
    mavenCommand: join(root, 'no-such-maven'),
    ...more,
  })
}

const stored = { storeDir: '', catalog: [entry] }
const openStored = () => openBase({ ...stored, storeDir, name: 'tiny' })

describe('pulling', () => {
  test('a base comes from the hub once, and is opened without a network from then on', async () => {
    const progress: BaseProgress[] = []
    const base = await pull({ onProgress: (step) => progress.push(step) })
    expect(base).toEqual({
      name: 'tiny',
      ...facts,
      pooling: 'mean',
      normalize: true,
      dir: join(storeDir, 'bases', 'tiny'),
      modelPath: join(storeDir, 'bases', 'tiny', 'model.onnx'),
      tokenizerPath: join(storeDir, 'bases', 'tiny', 'tokenizer.json'),
      modelSha256: entry.sources[0]!.model.sha256,
      tokenizerSha256: entry.sources[0]!.tokenizer.sha256,
    })
    expect(await readFile(base.modelPath)).toEqual(model)
    expect(progress.at(-1)).toMatchObject({ file: 'model.onnx', receivedBytes: model.length })
    const requests = hub.requests.length
    expect(await pull()).toEqual(base)
    expect(await openStored()).toEqual(base)
    expect(hub.requests.length).toBe(requests)
  })

  test('when every source fails, the error names each with its reason', async () => {
    hub.files['/org/Tiny/resolve/abc123/onnx/model.onnx'] = Buffer.alloc(model.length)
    const failure = await pull().catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'download_failed',
      details: {
        sources: [
          { source: `hub ${hub.endpoint.slice(0, -1)}`, code: 'hash_mismatch' },
          { source: 'maven org.example:tiny:1', code: 'prerequisite_missing' },
        ],
      },
    })
    expect((failure as Error).message).toMatch(/instead of.*\n.*Maven is needed.*\n.*--from FOLDER/)
    await expect(openStored()).rejects.toMatchObject({ code: 'base_not_found' })
  })

  test('gives up on an unreachable hub quickly', async () => {
    await new Promise((resolve) => hub.server.close(resolve))
    const started = performance.now()
    await expect(pull()).rejects.toThrow(/ECONNREFUSED/)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  test('deletes what a failed source left, after another source has delivered', async () => {
    const path = '/org/Tiny/resolve/abc123/onnx/model.onnx'
    hub.files[path] = model.subarray(0, 5_000)
    await expect(pull()).rejects.toMatchObject({ code: 'download_failed' })
    const dir = join(storeDir, 'bases', 'tiny')
    expect((await readdir(dir)).some((file) => file.endsWith('.part'))).toBe(true)
    const from = join(root, 'stick')
    await mkdir(from)
    await writeFile(join(from, 'model.onnx'), model)
    await writeFile(join(from, 'tokenizer.json'), tokenizer)
    await pull({ from })
    expect((await readdir(dir)).sort()).toEqual(['model.onnx', 'receipt.json', 'tokenizer.json'])
  })

  test('two concurrent calls download each file once', async () => {
    const [one, other] = await Promise.all([pull(), pull()])
    expect(one).toEqual(other)
    expect(hub.requests.length).toBe(2)
  })

  test('a lock left by a crash is taken over', async () => {
    const lock = join(storeDir, 'bases', 'tiny.lock')
    await mkdir(join(storeDir, 'bases'), { recursive: true })
    await writeFile(lock, '1 crashed')
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(lock, longAgo, longAgo)
    await pull()
    await expect(stat(lock)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('cancelling while another process holds the lock ends the wait', async () => {
    await mkdir(join(storeDir, 'bases'), { recursive: true })
    await writeFile(join(storeDir, 'bases', 'tiny.lock'), '1 alive')
    const signal = AbortSignal.timeout(150)
    await expect(pull({ signal })).rejects.toMatchObject({ code: 'cancelled' })
  })

  test('an unknown name lists the known ones', async () => {
    await expect(pull({ name: 'tiney' })).rejects.toMatchObject({
      code: 'base_not_found',
      message: expect.stringContaining('Known: tiny'),
    })
  })
})

describe('from a directory', () => {
  test.each(['model.onnx', 'onnx/model.onnx'])('the layout with %s is taken', async (path) => {
    const from = join(root, 'stick')
    await mkdir(join(from, 'onnx'), { recursive: true })
    await writeFile(join(from, path), model)
    await writeFile(join(from, 'tokenizer.json'), tokenizer)
    const base = await pull({ from })
    expect(await readFile(base.modelPath)).toEqual(model)
    expect(hub.requests).toEqual([])
  })

  test('missing and foreign files are refused by name', async () => {
    const from = join(root, 'stick')
    await mkdir(from)
    await expect(pull({ from })).rejects.toThrow(/stick\/model\.onnx is missing/)
    await writeFile(join(from, 'model.onnx'), 'foreign')
    await expect(pull({ from })).rejects.toThrow(/stick\/model\.onnx has the SHA-256/)
    expect(hub.requests).toEqual([])
  })
})

describe('what lies in the store', () => {
  test('a missing base is named with the command that downloads it', async () => {
    await expect(openStored()).rejects.toMatchObject({
      code: 'base_not_found',
      message: expect.stringContaining('winnow base pull tiny'),
    })
    expect(await listBases({ ...stored, storeDir })).toMatchObject([
      { name: 'tiny', state: 'absent', bytes: 0 },
    ])
  })

  test('a damaged file is noticed, and pulled again', async () => {
    const { modelPath } = await pull()
    await writeFile(modelPath, Buffer.alloc(model.length, 1))
    await expect(openStored()).rejects.toMatchObject({ code: 'hash_mismatch' })
    expect(await listBases({ ...stored, storeDir })).toMatchObject([{ state: 'damaged' }])
    await pull()
    expect(await readFile(modelPath)).toEqual(model)
    expect(await listBases({ ...stored, storeDir })).toMatchObject([
      { state: 'present', bytes: model.length + tokenizer.length },
    ])
  })

  test('a model and a tokenizer of different sources do not make a base', async () => {
    const { tokenizerPath } = await pull()
    await writeFile(tokenizerPath, 'another tokenizer')
    await expect(openStored()).rejects.toMatchObject({ code: 'hash_mismatch' })
  })

  test('files with the size and time of the receipt are not hashed again', async () => {
    const { modelPath } = await pull()
    const time = new Date('2024-05-06T07:08:09Z')
    await utimes(modelPath, time, time)
    await openStored()
    await writeFile(modelPath, Buffer.alloc(model.length, 1))
    await utimes(modelPath, time, time)
    await expect(openStored()).resolves.toBeDefined()
    await rm(join(storeDir, 'bases', 'tiny', 'receipt.json'))
    await expect(openStored()).rejects.toMatchObject({ code: 'hash_mismatch' })
  })

  test('a damaged file is replaced by one of the same size and time', async () => {
    const from = join(root, 'stick')
    await mkdir(from)
    await writeFile(join(from, 'model.onnx'), model)
    await writeFile(join(from, 'tokenizer.json'), tokenizer)
    const { dir, modelPath } = await pull({ from })
    const before = await stat(modelPath)
    await writeFile(modelPath, Buffer.alloc(model.length, 1))
    await utimes(modelPath, before.atime, before.mtime)
    await rm(join(dir, 'receipt.json'))
    await expect(openStored()).rejects.toMatchObject({ code: 'hash_mismatch' })
    await pull({ from })
    expect(await readFile(modelPath)).toEqual(model)
  })

  test('hashes the files again if the receipt is unreadable', async () => {
    const { dir } = await pull()
    await writeFile(join(dir, 'receipt.json'), '{"format"')
    await openStored()
    expect(JSON.parse(await readFile(join(dir, 'receipt.json'), 'utf8'))).toMatchObject({
      format: 1,
    })
  })
})

test('the catalog pins every file, and finds a base by any of its names', () => {
  for (const { sources } of baseCatalog) {
    for (const file of sources.flatMap((source) => [source.model, source.tokenizer])) {
      expect(file.sha256).toMatch(/^[0-9a-f]{64}$/)
      expect(file.bytes).toBeGreaterThan(0)
    }
  }
  for (const name of ['minilm-l6', 'all-minilm-l6-v2', 'sentence-transformers/all-MiniLM-L6-v2']) {
    expect(findBase(name, baseCatalog).name).toBe('minilm-l6')
  }
})
