// What keeps an announced version from working, and what is said of it. Models are stand-ins whose
// answers a test decides; tests/integration/hot-swap.test.ts loads real ones.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configSchema } from '../configs/schema.ts'
import { describeRelease, promoted } from '../models/store/release-state.ts'
import { versionNumbers, type ModelVersion } from '../models/store/version-files.ts'
import { uploadVersion } from '../models/store/version-upload.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { ReleasedVersion } from '../schemas/model-announcement.ts'
import { createMemoryObjects, type MemoryObjects } from '../tests/support/memory-objects.ts'
import { registryInMemory } from '../tests/support/registry-in-memory.ts'
import type { OpenModel } from './model.ts'
import {
  loadVersion,
  prefetchVersion,
  type LoaderOptions,
  type LoadRequest,
} from './version-loader.ts'

let dir: string
let storeDir: string
let objects: MemoryObjects
let version: ModelVersion
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-loader-'))
  storeDir = join(dir, 'here')
  objects = createMemoryObjects()
  version = await registryInMemory(join(dir, 'there')).write('graph')
  await uploadVersion({ objects, version })
})
afterEach(() => rm(dir, { recursive: true }))

/** The state that names the version, with what a test says of it. */
async function stateWith(fields: Partial<ReleasedVersion> = {}) {
  const released = { ...(await describeRelease(version, 'memory://')), ...fields }
  return promoted(undefined, { name: 'mail', released, by: 'ann', reason: '', atMs: 5 })
}

type Answer = Awaited<ReturnType<OpenModel['classifier']['classifyWhenRoom']>>['result']

/** A model that answers every text so. */
function modelOf(answer: () => Answer): OpenModel & { closed: () => number } {
  let closed = 0
  return {
    manifest: version.manifest,
    ref: version.ref,
    classifier: {
      tokenize: () => ({ ids: Int32Array.of(2, 7, 8, 3), truncated: false }),
      classifyWhenRoom: () => Promise.resolve({ result: answer() }),
      raisePriority: () => undefined,
    },
    close() {
      closed++
      return Promise.resolve()
    },
    closed: () => closed,
  } as unknown as OpenModel & { closed: () => number }
}
const good = () => modelOf(() => Promise.resolve({ kind: 'ok' }) as Answer)

function loader(options: Partial<LoaderOptions> = {}) {
  const told = { records: [] as string[], refusals: [] as string[], lines: [] as string[] }
  const points: string[] = []
  const given: LoaderOptions = {
    objects,
    storeDir,
    config: configSchema.parse({}).inference,
    by: 'host/7',
    record({ kind, model, reason }) {
      told.records.push(`${kind} ${model.name}@${model.version} ${reason}`)
      return Promise.resolve()
    },
    onRefusal: (reason) => told.refusals.push(reason),
    log: (line) => told.lines.push(line),
    reach(point) {
      points.push(point)
      return undefined
    },
    ...options,
  }
  return {
    told,
    points,
    load: async (request: Partial<LoadRequest> = {}, fields: Partial<ReleasedVersion> = {}) =>
      loadVersion(given, {
        state: await stateWith(fields),
        version: '1',
        open: () => Promise.resolve(good()),
        rival: undefined,
        otherwise: 'mail@0 goes on',
        signal: new AbortController().signal,
        ...request,
      }),
    prefetch: async (signal = new AbortController().signal) =>
      prefetchVersion(given, await stateWith(), signal),
  }
}

const nothingSaid = { records: [], refusals: [], lines: [] }

describe('loadVersion', () => {
  it('fetches, compares, opens and tries a version, and gives it open', async () => {
    const { load, told, points } = loader()
    const model = good()
    const opened: string[] = []
    const result = await load({
      open({ ref }) {
        opened.push(ref)
        return Promise.resolve(model)
      },
    })
    expect(result).toEqual({ kind: 'ready', model })
    expect(opened).toEqual(['mail@1'])
    expect(points).toEqual(['swap-fetched', 'swap-loaded'])
    expect(model.closed()).toBe(0)
    expect(await versionNumbers(storeDir, 'mail')).toEqual(['1'])
    expect(told).toEqual(nothingSaid)
  })

  it.each([
    ['labels_differ', { labelsSha256: '0'.repeat(64) }],
    ['tokenizer_differs', { tokenizerSha256: '0'.repeat(64) }],
    ['corrupt', { graphSha256: '0'.repeat(64) }],
  ])('refuses what is not as announced: %s', async (reason, fields) => {
    const { load, told } = loader()
    const open = () => Promise.reject(new Error('it must not be opened'))
    expect(await load({ open }, fields)).toEqual({ kind: 'refused' })
    expect(told.refusals).toEqual([reason])
    expect(told.records).toEqual([expect.stringContaining(`refusal mail@1 ${reason}: `)])
    expect(told.lines).toEqual([
      expect.stringMatching(new RegExp(`^mail@1 is refused \\(${reason}\\): .*; mail@0 goes on$`)),
    ])
  })

  it.each([
    ['unreachable', 'unreachable', new WinnowError('store_unavailable', 'away')],
    ['refused', 'unloadable', new Error('a bug of the disk')],
  ] as const)('is %s where fetching fails: %s', async (kind, reason, error) => {
    objects.before = (call) => {
      if (call === 'stream') throw error
    }
    const { load, told } = loader()
    expect(await load()).toEqual({ kind })
    expect(told.refusals).toEqual([reason])
  })

  it.each([
    ['corrupt', new WinnowError('model_corrupt', 'half')],
    ['unloadable', new WinnowError('session_failed', 'no such operator')],
    ['unloadable', new TypeError('a bug')],
  ])('is refused as %s where it cannot be opened', async (reason, error) => {
    const { load, told } = loader()
    expect(await load({ open: () => Promise.reject(error) })).toEqual({ kind: 'refused' })
    expect(told.refusals).toEqual([reason])
    expect(told.records[0]).toContain(error.message)
  })

  it('closes a version that does not answer its trial with numbers', async () => {
    const error = { code: 'output_invalid', message: 'NaN' }
    const model = modelOf(() => Promise.resolve({ kind: 'rejected', error }) as Answer)
    const { load, told } = loader()
    expect(await load({ open: () => Promise.resolve(model) })).toEqual({ kind: 'refused' })
    expect(told.refusals).toEqual(['not_finite'])
    expect(model.closed()).toBe(1)
  })

  it('says nothing of a version that nobody wants any more, and leaves it closed', async () => {
    const stop = new AbortController()
    const model = modelOf(() => {
      stop.abort()
      return Promise.resolve({ kind: 'ok' }) as Answer
    })
    const { load, told } = loader()
    const open = () => Promise.resolve(model)
    expect(await load({ open, signal: stop.signal })).toEqual({ kind: 'refused' })
    expect(model.closed()).toBe(1)
    const failing = { open: () => Promise.reject(new Error('closed')), signal: stop.signal }
    expect(await load(failing)).toEqual({ kind: 'refused' })
    expect(told).toEqual(nothingSaid)
  })

  it('opens the version of this store where there is no artifact store', async () => {
    const { load, told } = loader({ objects: undefined, storeDir: join(dir, 'there') })
    expect(await load()).toMatchObject({ kind: 'ready' })
    await writeFile(version.modelPath, 'broken')
    expect(await load()).toEqual({ kind: 'refused' })
    expect(told.refusals).toEqual(['corrupt'])
  })
})

describe('prefetchVersion', () => {
  it('brings a published version here', async () => {
    const { prefetch } = loader()
    await prefetch()
    expect(await versionNumbers(storeDir, 'mail')).toEqual(['1'])
  })

  it('leaves failures to be reported when the version is wanted', async () => {
    objects.before = () => {
      throw new WinnowError('store_unavailable', 'away')
    }
    const { prefetch, told } = loader()
    await prefetch()
    expect(told).toEqual(nothingSaid)
    expect(await versionNumbers(storeDir, 'mail')).toEqual([])
    await loader({ objects: undefined }).prefetch()
  })
})
