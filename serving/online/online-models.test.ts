// The models of the gateway, on real versions: references, what is opened and when it is closed,
// results equal to those of the model that serves.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import type { OnlineModel } from '../../gateway/http/dependencies.ts'
import { createWorkQueue } from '../../gateway/http/work-queue.ts'
import { SwappableModel } from '../../models/inference/swappable-model.ts'
import { setChampion } from '../../models/store/champion.ts'
import { openVersion, writeVersion } from '../../models/store/version-store.ts'
import { uploadVersion } from '../../models/store/version-upload.ts'
import { createMemoryObjects } from '../../tests/support/memory-objects.ts'
import { writeTinyVersion } from '../../tests/support/tiny-version.ts'
import { openModel, type OpenModel } from '../model.ts'
import { createOnlineModels, type OnlineModelsOptions } from './online-models.ts'

let storeDir: string
const closers: (() => Promise<void>)[] = []
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-online-models-'))
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await rm(storeDir, { recursive: true })
})

const config = configSchema.parse({ inference: { workers: 1 }, gateway: { onlineModelsMax: 2 } })
const never = new AbortController().signal

/** Models over versions 1, 2, 3 … of `tiny`, of which one serves. */
async function modelsOver(
  versions: number,
  {
    serving: served,
    ...options
  }: { serving?: string } & Partial<Omit<OnlineModelsOptions, 'serving'>> = {},
) {
  for (let version = 0; version < versions; version += 1) {
    await writeTinyVersion({ storeDir, pooling: version % 2 === 0 ? 'mean' : 'cls' })
  }
  let serving: SwappableModel<OpenModel> | undefined
  if (served !== undefined) {
    const version = await openVersion({ ref: served, storeDir })
    const opened = new SwappableModel(await openModel({ version, config: config.inference }))
    closers.push(() => opened.close())
    serving = opened
  }
  const lines: string[] = []
  const models = createOnlineModels({
    config,
    storeDir,
    objects: undefined,
    queue: createWorkQueue(),
    log: (line) => lines.push(line),
    ...options,
    serving,
  })
  closers.push(() => models.close())
  return { models, serving }
}

const nameOf = ({ name, version }: OnlineModel) => Promise.resolve(`${name}@${version}`)
const probabilitiesOf = async (model: OnlineModel) => {
  const [one] = await model.classify(['a b c'], { signal: never })
  if (one === undefined || 'error' in one) throw new Error('no result')
  return one.probabilities
}

describe('references', () => {
  it('mean the model that serves by its name, and others by version', async () => {
    const { models } = await modelsOver(3, { serving: 'tiny@2' })
    expect(models.serving).toBe('tiny@2')
    for (const [ref, found] of [
      [undefined, 'tiny@2'],
      ['tiny', 'tiny@2'],
      ['tiny@2', 'tiny@2'],
      ['tiny@1', 'tiny@1'],
    ] as const) {
      expect([ref, await models.use(ref, nameOf)]).toEqual([ref, found])
    }
  })

  it('mean the champion, or else the newest version, where no model serves', async () => {
    const { models } = await modelsOver(2)
    expect(models.serving).toBeUndefined()
    expect(await models.use('tiny', nameOf)).toBe('tiny@2')
    await expect(models.use('tiny@champion', nameOf)).rejects.toMatchObject({
      code: 'model_not_found',
    })
    await setChampion({ storeDir, name: 'tiny', version: '1' })
    expect(await models.use('tiny@champion', nameOf)).toBe('tiny@1')
    await expect(models.use(undefined, nameOf)).rejects.toMatchObject({ code: 'model_unavailable' })
  })

  it.each(['other', 'tiny@9', 'tiny@', '../../tiny', 'tiny@1@2', 'x'.repeat(100), '__proto__', ''])(
    'refuses %s without the folders of this machine',
    async (ref) => {
      const { models } = await modelsOver(1)
      const refused: unknown = await models.use(ref, nameOf).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'model_not_found' })
      expect((refused as Error).message).not.toContain(storeDir)
      await expect(models.describe(ref)).rejects.toMatchObject({ code: 'model_not_found' })
    },
  )

  it('to a damaged version are refused, and again', async () => {
    const { models } = await modelsOver(2, { serving: 'tiny@1' })
    await writeFile(join(storeDir, 'versions', 'tiny', '2', 'model.onnx'), 'damaged')
    for (let round = 0; round < 2; round += 1) {
      await expect(models.use('tiny@2', nameOf)).rejects.toMatchObject({ code: 'model_corrupt' })
    }
    expect(await models.use('tiny', nameOf)).toBe('tiny@1')
  })
})

describe('describe', () => {
  it('says which versions there are, without opening any', async () => {
    const { models } = await modelsOver(2, { serving: 'tiny@1' })
    const known = { name: 'tiny', labels: ['a', 'b', 'c'], versions: ['1', '2'] }
    expect(await models.describe('tiny')).toEqual({ ...known, version: '1' })
    expect(await models.describe('tiny@2')).toEqual({ ...known, version: '2' })
  })
})

describe('a version that a request names', () => {
  it('gives the same results as when it serves', async () => {
    const { models } = await modelsOver(2, { serving: 'tiny@2' })
    const named = await models.use('tiny@1', probabilitiesOf)
    const version = await openVersion({ ref: 'tiny@1', storeDir })
    const opened = await openModel({ version, config: config.inference })
    closers.push(() => opened.close())
    const { ids } = opened.classifier.tokenize('a b c')
    const outcome = await opened.classifier.classify(ids)
    expect(outcome).toMatchObject({ probabilities: named })
    expect(await models.use(undefined, probabilitiesOf)).not.toEqual(named)
  })

  it('is opened once for all, and makes room for others when nobody uses it', async () => {
    const { models } = await modelsOver(3)
    const refs = ['tiny@1', 'tiny@1', 'tiny@2', 'tiny@1']
    await Promise.all(refs.map((ref) => models.use(ref, probabilitiesOf)))
    const held = Promise.withResolvers<undefined>()
    const holding = ['tiny@1', 'tiny@2'].map((ref) => models.use(ref, () => held.promise))
    await expect(models.use('tiny@3', nameOf)).rejects.toMatchObject({ code: 'queue_full' })
    held.resolve(undefined)
    await Promise.all(holding)
    expect(await models.use('tiny@3', nameOf)).toBe('tiny@3')
  })

  it('is downloaded if only the artifact store has it', async () => {
    const objects = createMemoryObjects()
    const published = await writeTinyVersion({ storeDir: join(storeDir, 'elsewhere') })
    await uploadVersion({ objects, version: published })
    const { models } = await modelsOver(0, { objects })
    expect(await models.describe('tiny@1')).toMatchObject({ versions: ['1'] })
    expect(await models.use('tiny', nameOf)).toBe('tiny@1')
  })
})

describe('tokenize', () => {
  it('gives places in the text as it was sent', async () => {
    const { models } = await modelsOver(1, { serving: 'tiny@1' })
    const texts = [{ text: ' <i>A</i>  b', cleaned: 'a b' }]
    const [found] = await models.use('tiny', (model) => model.tokenize(texts, { signal: never }))
    expect(found).toEqual({
      truncated: false,
      tokens: [
        { id: 2, text: '[CLS]', start: 0, end: 0, special: true },
        { id: 4, text: 'A', start: 4, end: 5, special: false },
        { id: 5, text: 'b', start: 11, end: 12, special: false },
        { id: 3, text: '[SEP]', start: 12, end: 12, special: true },
      ],
    })
  })

  it('says that a text is longer than the model reads', async () => {
    const { models } = await modelsOver(1, { serving: 'tiny@1' })
    const long = 'a '.repeat(40).trim()
    const texts = [{ text: long, cleaned: long }]
    const [found] = await models.use('tiny', (model) => model.tokenize(texts, { signal: never }))
    expect([found!.truncated, found!.tokens.length]).toEqual([true, 12])
  })
})

describe('embed', () => {
  it('gives vectors of length 1, of any version', async () => {
    const { models } = await modelsOver(2, { serving: 'tiny@1' })
    for (const ref of ['tiny', 'tiny@2']) {
      const embedded = await models.use(ref, (model) =>
        model.embed(['a b', 'c d e'], { signal: never }),
      )
      for (const one of embedded) {
        if ('error' in one) throw new Error('no embedding')
        const squares = one.embedding.reduce((sum, component) => sum + component ** 2, 0)
        expect(squares).toBeCloseTo(1, 5)
      }
      expect(embedded.map((one) => ('error' in one ? 0 : one.tokens))).toEqual([4, 5])
    }
  })

  it('refuses an imported model, whose embedding is unknown', async () => {
    const tiny = await writeTinyVersion({ storeDir })
    const { labels, precision, maxTokens, pooling, hidden } = tiny.manifest
    const known = { labels, precision, maxTokens, pooling, hidden, metrics: {}, trainingRun: null }
    const bytes = await readFile(tiny.modelPath)
    await writeVersion({
      storeDir,
      name: 'imported',
      manifest: { ...known, base: 'export', method: 'import' },
      // As long as the name that it replaces, so that the file stays valid.
      model: {
        bytes: Buffer.from(
          bytes.toString('latin1').replaceAll('head/weight', 'base/weight'),
          'latin1',
        ),
      },
      tokenizer: { path: tiny.tokenizerPath },
    })
    const { models } = await modelsOver(0)
    const embedding = models.use('imported', (model) => model.embed(['a'], { signal: never }))
    await expect(embedding).rejects.toMatchObject({
      code: 'model_incompatible',
      message: expect.stringContaining('gives no embeddings') as string,
    })
    expect(await models.use('imported', probabilitiesOf)).toHaveLength(3)
  })
})
