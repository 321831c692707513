// Explanations of Winnow's own versions and of imported ones: completeness, places, the same bytes
// every time, and what is refused.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportFixtures } from '../../tests/support/import-exports.ts'
import { tinyHidden, tinyWeights } from '../../tests/support/tiny-encoder.ts'
import {
  tinyHead,
  writeTinyVersion,
  type TinyVersionOptions,
} from '../../tests/support/tiny-version.ts'
import { buildClassifier } from '../graph/encoder.ts'
import { layOutWeights, writeWeights } from '../graph/onnx/external-weights.ts'
import { writeOnnx } from '../graph/onnx/onnx-writer.ts'
import { readPublishedClassifier } from '../graph/published-classifier.ts'
import { importModel } from '../import/import-model.ts'
import { weightsFileName, type ModelVersion } from '../store/version-files.ts'
import { openExplainer, type Explainer } from './explain-text.ts'

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'winnow-explain-'))
})
afterAll(() => rm(scratch, { recursive: true }))

const steps = ['unicode', 'control', 'whitespace'] as const

const tinyVersion = (options: TinyVersionOptions = {}) =>
  writeTinyVersion({ storeDir: scratch, ...options })

async function withExplainer<T>(
  version: ModelVersion,
  work: (explain: Explainer['explain']) => Promise<T>,
  workers = 1,
): Promise<T> {
  const explainer = await openExplainer({ version, workers, steps, samplesMax: 60 })
  try {
    return await work(explainer.explain)
  } finally {
    await explainer.close()
  }
}

const sum = (parts: readonly { attribution: number }[]): number =>
  parts.reduce((total, { attribution }) => total + attribution, 0)

describe('integrated gradients', () => {
  it.each<TinyVersionOptions>([
    { pooledLayers: 'every' },
    { pooledLayers: 'last' },
    { pooling: 'cls', normalize: false },
    { draft: { temperature: 2 } },
    { draft: { task: 'multi-label', thresholds: [0.5, 0.5, 0.5] } },
  ])('add up to the difference from the baseline: %j', async (options) => {
    const explanations = await withExplainer(await tinyVersion(options), (explain) =>
      Promise.all(['a', 'b', 'c'].map((label) => explain({ text: 'd e  f g', label }))),
    )
    for (const { method, completenessGap, logOdds, ...found } of explanations) {
      const { baselineLogOdds, tokens, words } = found
      expect(method).toBe('integrated-gradients')
      expect(completenessGap).toBeLessThanOrEqual(0.01)
      const difference = logOdds - baselineLogOdds!
      expect(Math.abs(sum(tokens) - difference)).toBeLessThan(0.011 * Math.abs(difference) + 1e-4)
      expect(sum(words)).toBeCloseTo(sum(tokens), 10)
      expect(tokens.map(({ text, start }) => [text, start])).toEqual([
        ['d', 0],
        ['e', 2],
        ['f', 5],
        ['g', 7],
      ])
    }
  })

  it('read weights from the file beside the graph', async () => {
    const shape = { padding: 'lengths', normalize: true } as const
    const graph = buildClassifier(tinyWeights(), tinyHead(tinyHidden), shape)
    const weights = layOutWeights(graph, (name) => !name.startsWith('head/'))
    await writeWeights(join(scratch, weightsFileName), weights)
    const modelPath = join(scratch, 'model.onnx')
    const places = { places: weights.places, location: weightsFileName }
    await writeFile(modelPath, writeOnnx(graph, { name: 'tiny', weights: places }))
    const read = await readPublishedClassifier(modelPath, { layerMeans: false })
    expect(read.normalize).toBe(true)
    expect(read.head).toEqual(tinyHead(tinyHidden))
    expect(read.encoder.layers).toEqual(tinyWeights().layers)
  })

  it('are the same bytes every time, on any number of threads, as are the other methods', async () => {
    const version = await tinyVersion()
    const run = (workers: number) =>
      withExplainer(
        version,
        async (explain) => {
          const found: string[] = []
          for (const method of ['integrated-gradients', 'occlusion', 'shapley'] as const) {
            found.push(JSON.stringify(await explain({ text: 'a b c 😀 d', method })))
          }
          return found
        },
        workers,
      )
    const first = await run(1)
    expect(await run(1)).toEqual(first)
    expect(await run(2)).toEqual(first)
  })
})

describe.each(['occlusion', 'shapley'] as const)('%s', (method) => {
  it.each(['roberta', 'xlm-r', 'words'])('explains an imported %s', async (family) => {
    const { version } = await importModel({
      dir: join(exportFixtures, family),
      storeDir: join(scratch, `${family}-${method}`),
      name: family,
    })
    const text = 'the cat 😀 sat,  שלום 東京'
    await withExplainer(version, async (explain) => {
      const found = await explain({ text, method })
      expect(found.method).toBe(method)
      for (const part of [...found.tokens, ...found.words]) {
        expect(part.text).toBe(text.slice(part.start, part.end))
        expect(part.attribution).toEqual(expect.any(Number))
      }
      if (method === 'shapley') {
        expect(sum(found.words)).toBeCloseTo(found.logOdds - found.baselineLogOdds!, 5)
      } else expect(found.completenessGap).toBeNull()
      expect((await explain({ text: 'the cat' })).method).toBe('occlusion')
      await expect(explain({ text, method: 'integrated-gradients' })).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining('it was imported') as unknown,
      })
    })
  })

  it.each([
    {},
    { draft: { task: 'multi-label', thresholds: [0.5, 0.5, 0.5] } },
  ] satisfies TinyVersionOptions[])('is what hiding a lone word changes: %j', async (options) => {
    await withExplainer(await tinyVersion(options), async (explain) => {
      const whole = await explain({ text: 'h', label: 'b', method })
      const without = await explain({ text: '9', label: 'b', method })
      expect(whole.baseline).toBe('unknown')
      expect(whole.words[0]!.attribution).toBeCloseTo(whole.logOdds - without.logOdds, 5)
    })
  })
})

it('refuses empty texts and unknown labels, and says when a text was cut', async () => {
  await withExplainer(await tinyVersion(), async (explain) => {
    await expect(explain({ text: ' \n ' })).rejects.toMatchObject({ code: 'usage' })
    await expect(explain({ text: 'a', label: 'z' })).rejects.toThrow(/It has: a, b, c/)
    const cut = await explain({ text: 'a '.repeat(40) })
    expect(cut.truncated).toBe(true)
    expect(cut.tokens.length).toBe(10)
    expect(cut.words.at(-1)!.end).toBe(19)
  })
})

it('ends when nobody waits', async () => {
  await withExplainer(await tinyVersion(), async (explain) => {
    const { signal } = new AbortController()
    const stop = new AbortController()
    stop.abort()
    for (const method of ['integrated-gradients', 'occlusion', 'shapley'] as const) {
      await expect(explain({ text: 'a b', method }, { signal: stop.signal })).rejects.toThrow()
    }
    expect((await explain({ text: 'a b' }, { signal })).tokens).toHaveLength(2)
  })
})
