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
import { openExplainer } from './explain-text.ts'
import type { Explanation, ExplainRequest } from './explanation.ts'

let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'winnow-explain-'))
})
afterAll(() => rm(scratch, { recursive: true }))

const steps = ['unicode', 'control', 'whitespace'] as const

const tinyVersion = (options: TinyVersionOptions = {}) =>
  writeTinyVersion({ storeDir: scratch, ...options })

async function explained(
  version: ModelVersion,
  request: ExplainRequest,
  workers = 1,
): Promise<Explanation> {
  const explainer = await openExplainer({ version, workers, steps })
  try {
    return await explainer.explain(request)
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
    const version = await tinyVersion(options)
    for (const label of ['a', 'b', 'c']) {
      const { method, completenessGap, logOdds, baselineLogOdds, tokens, words } = await explained(
        version,
        { text: 'd e  f g', label },
      )
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

  it('are the same bytes every time, on any number of threads, as is occlusion', async () => {
    const version = await tinyVersion()
    for (const method of ['integrated-gradients', 'occlusion'] as const) {
      const request = { text: 'a b c 😀 d', method }
      const first = JSON.stringify(await explained(version, request))
      for (const workers of [1, 2]) {
        expect(JSON.stringify(await explained(version, request, workers))).toBe(first)
      }
    }
  })
})

describe('occlusion', () => {
  it.each(['roberta', 'xlm-r', 'words'])('explains an imported %s', async (family) => {
    const { version } = await importModel({
      dir: join(exportFixtures, family),
      storeDir: join(scratch, family),
      name: family,
    })
    const text = 'the cat 😀 sat,  שלום 東京'
    const { method, completenessGap, tokens, words, score } = await explained(version, { text })
    expect(method).toBe('occlusion')
    expect(completenessGap).toBeNull()
    expect(score).toBeGreaterThan(0)
    for (const part of [...tokens, ...words]) {
      expect(part.text).toBe(text.slice(part.start, part.end))
      expect(part.attribution).toEqual(expect.any(Number))
    }
    const refused = explained(version, { text, method: 'integrated-gradients' })
    await expect(refused).rejects.toMatchObject({ code: 'usage' })
  })

  it('is the fall of the log-odds, with the sign of the label', async () => {
    const version = await tinyVersion({ draft: { labels: ['a', 'b', 'c'] } })
    const request = { text: 'h i j', method: 'occlusion', label: 'b' } as const
    const whole = await explained(version, request)
    expect(whole.baseline).toBe('unknown')
    const without = await explained(version, { ...request, text: 'h 9 j' })
    expect(whole.words[1]!.attribution).toBeCloseTo(whole.logOdds - without.logOdds, 5)
  })
})

it('refuses empty texts and unknown labels, and says when a text was cut', async () => {
  const version = await tinyVersion()
  await expect(explained(version, { text: ' \n ' })).rejects.toMatchObject({ code: 'usage' })
  await expect(explained(version, { text: 'a', label: 'z' })).rejects.toThrow(/It has: a, b, c/)
  const cut = await explained(version, { text: 'a '.repeat(40) })
  expect(cut.truncated).toBe(true)
  expect(cut.tokens.length).toBe(10)
})
