// Which texts of a report are explained, how many at most, and that what is kept says where each
// word stands.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { writeTinyVersion } from '../../tests/support/tiny-version.ts'
import type { ConfusedTexts } from '../evaluation/confused-texts.ts'
import { explainMistakes } from './explain-mistakes.ts'

let storeDir: string
let version: ModelVersion
beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-mistakes-'))
  version = await writeTinyVersion({ storeDir })
})
afterAll(() => rm(storeDir, { recursive: true }))

const few = [{ text: 'a b c' }]

/** Seven pairs of three texts each. */
function confused(text: (number: number) => string): ConfusedTexts[] {
  return Array.from({ length: 7 }, (_, pair) => ({
    truth: 'a',
    predicted: 'bc'[pair % 2]!,
    texts: [0, 1, 2].map((place) => ({ text: text(3 * pair + place), confidence: 0.9 })),
  }))
}

/** The places in the list of pairs at which a text is explained. */
function explainedPlaces(pairs: readonly ConfusedTexts[]): number[][] {
  return pairs.map(({ texts }) =>
    [...texts.keys()].filter((place) => texts[place]!.explained !== undefined),
  )
}

it('explains two texts of the first five pairs for the wrong label, the same every time', async () => {
  const pairs = confused((number) => `d ${['e', 'f', 'g'][number % 3]} b`)
  const found = await explainMistakes(pairs, { version, workers: 1, readTexts: few })
  expect(explainedPlaces(found)).toEqual([[0, 1], [0, 1], [0, 1], [0, 1], [0, 1], [], []])
  const { text, explained } = found[1]!.texts[0]!
  expect(explained).toMatchObject({ method: 'integrated-gradients' })
  expect(explained!.score).toBeGreaterThan(0)
  expect(explained!.words.map(({ start, end }) => text.slice(start, end))).toEqual(text.split(' '))
  expect(explained!.words.some(({ attribution }) => attribution !== 0)).toBe(true)
  const again = await explainMistakes(pairs, { version, workers: 2, readTexts: few })
  expect(JSON.stringify(again)).toBe(JSON.stringify(found))
})

it('explains fewer long texts, the first of each pair before the second ones', async () => {
  const pairs = confused((number) => 'abcd'[number % 4]!.padEnd(200, ' e'))
  const explained = async (characters: number) =>
    explainedPlaces(
      await explainMistakes(pairs, {
        version,
        workers: 1,
        readTexts: [{ text: 'a'.repeat(characters) }],
      }),
    )
  expect(await explained(1_000)).toEqual([[0], [0], [0], [], [], [], []])
  expect(await explained(700_000)).toEqual([[0, 1], [0, 1], [0], [0], [0], [], []])
})

it('leaves out the mark of a text that was cut', async () => {
  const [first] = await explainMistakes(
    confused(() => 'd e…'),
    { version, workers: 1, readTexts: few },
  )
  expect(first!.texts[0]!.explained!.words.at(-1)!.end).toBe(3)
})

it('hides words where the version has no gradients, and opens nothing without mistakes', async () => {
  const imported = { ...version, manifest: { ...version.manifest, method: 'import' as const } }
  const options = { version: imported, workers: 1, readTexts: few }
  const [first] = await explainMistakes(
    confused(() => 'd e'),
    options,
  )
  expect(first!.texts[0]!.explained!.method).toBe('occlusion')
  const gone = { ...version, modelPath: '/nowhere', tokenizerPath: '/nowhere' }
  expect(await explainMistakes([], { ...options, version: gone })).toEqual([])
})
