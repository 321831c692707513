// A whole cascade on a tiny encoder: built, stored, checked, served; the same bytes in any batch.
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openVersionModel } from '../../models/inference/version-model.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { smallModelFileName } from '../../models/store/cascade-section.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { writeTinyVersion } from '../../tests/support/tiny-version.ts'
import { buildCascade, type BuiltCascade, type CascadeText } from './build-cascade.ts'
import { fullAnswers } from './full-answers.ts'

const random = seededRandom(3)
const letters = Array.from('abcdefghijklmnop')
const texts = Array.from({ length: 800 }, () =>
  Array.from({ length: 1 + random.below(7) }, () => letters[random.below(16)]).join(' '),
)
const labels = ['a', 'b', 'c']

let storeDir: string
let full: ModelVersion
let labelled: CascadeText[]
let built: BuiltCascade
const options = () => ({
  storeDir,
  version: full,
  risk: 0.006,
  confidence: 0.9,
  seed: 1,
  workers: 1,
})

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-cascade-'))
  full = await writeTinyVersion({ storeDir })
  const said = await fullAnswers(
    texts.map((text) => ({ text })),
    { version: full, workers: 1 },
  )
  labelled = texts.map((text, at) => ({ text, label: labels[said.labels[at]!]! }))
  built = await buildCascade({
    ...options(),
    training: labelled.slice(0, 400),
    heldOut: labelled.slice(400),
  })
}, 60_000)
afterAll(() => rm(storeDir, { recursive: true }))

type Answer = { label: string; score: number; answeredBy: string; bytes: string }

/** What the version answers, text by text. */
async function answersOf(
  version: ModelVersion,
  given: readonly string[],
  inference: { workers: number; batchTokens?: number },
) {
  const { classifier } = await openVersionModel({ version, ...inference })
  const answers = new Map<string, Answer>()
  try {
    for await (const { outcome } of classifier.classifyAll(given)) {
      if (outcome.kind !== 'ok') throw new Error(outcome.error.message)
      const { label, score, answeredBy, probabilities, logits } = outcome
      const bytes = [probabilities, logits].map((row) => Buffer.from(Float32Array.from(row).buffer))
      const hex = Buffer.concat(bytes).toString('hex')
      answers.set(given[answers.size]!, { label, score, answeredBy, bytes: hex })
    }
    return { answers, stats: classifier.stats() }
  } finally {
    await classifier.close()
  }
}

/** The cascade with thresholds that leave half of the texts to the full model. */
async function withHalfAnswered(given: readonly string[]): Promise<ModelVersion> {
  const { dir, manifest } = built.version
  const { answers } = await answersOf(built.version, given, { workers: 1 })
  const scores = [...answers.values()].map(({ score }) => score).sort((a, b) => a - b)
  const thresholds = labels.map(() => scores[150]!)
  const cascade = { ...manifest.cascade!, thresholds }
  const path = join(await mkdtemp(join(storeDir, 'half-')), 'versions')
  await cp(join(storeDir, 'versions'), path, { recursive: true })
  await writeFile(
    join(path, 'tiny', basename(dir), 'manifest.json'),
    JSON.stringify({ ...manifest, cascade }),
  )
  return openVersion({ ref: 'tiny@2', storeDir: dirname(path) })
}

describe('a cascade', () => {
  it('is the next version of the same name, with the same full model and a checked small one', async () => {
    const { manifest } = built.version
    expect([built.version.ref, manifest.cascade?.full]).toEqual(['tiny@2', 'tiny@1'])
    expect(manifest.graphSha256).toBe(full.manifest.graphSha256)
    expect(built.cascade.answered).toBeGreaterThan(0.2)
    expect(built.cascade.risk).toMatchObject({ max: 0.006, texts: 400, counted: 'wrong answers' })
    expect(built.cascade.risk.bound).toBeLessThanOrEqual(0.006)
    const { accuracy } = built.cascade
    expect(accuracy!.full - accuracy!.cascade).toBeLessThanOrEqual(0.006)
    await expect(openVersion({ ref: 'tiny@2', storeDir })).resolves.toMatchObject({ version: '2' })
  })

  it('gives the same bytes by the same model in any order, batch and number of workers', async () => {
    const given = [...new Set(texts)].slice(0, 300)
    const version = await withHalfAnswered(given)
    const alone = await answersOf(version, given, { workers: 1, batchTokens: 1 })
    const together = await answersOf(version, given.toReversed(), { workers: 2 })
    const before = await answersOf(full, given, { workers: 1 })
    const by = { small: 0, full: 0 }
    for (const text of given) {
      const answer = alone.answers.get(text)!
      expect(together.answers.get(text)).toEqual(answer)
      by[answer.answeredBy as 'small' | 'full']++
      if (answer.answeredBy === 'full') expect(answer.bytes).toBe(before.answers.get(text)!.bytes)
    }
    expect(by.small).toBeGreaterThan(30)
    expect(by.full).toBeGreaterThan(30)
    expect([alone.stats.small.texts, alone.stats.texts]).toEqual([by.small, by.full])
    expect(before.answers.get(given[0]!)!.answeredBy).toBe('')
  })

  it('is built the same again from the same texts', async () => {
    const again = await buildCascade({
      ...options(),
      training: labelled.slice(0, 400),
      heldOut: labelled.slice(400),
    })
    expect(again.version.version).toBe('3')
    expect(again.cascade).toEqual(built.cascade)
  })

  it('bounds the answers that differ when no held-out text has a label', async () => {
    const heldOut = labelled.slice(400).map(({ text }) => ({ text }))
    const { cascade } = await buildCascade({
      ...options(),
      training: labelled.slice(0, 400),
      heldOut,
    })
    expect(cascade.risk.counted).toBe('different answers')
    expect(cascade.accuracy).toBeNull()
    // The labels here are the full model's answers, so both count the same.
    expect(cascade.risk.lost).toBe(built.cascade.risk.lost)
  })
})

describe('no cascade is built', () => {
  const refusal = (change: Partial<Parameters<typeof buildCascade>[0]>) =>
    buildCascade({ ...options(), training: labelled, heldOut: labelled.slice(400), ...change })

  it('with too few held-out texts for the risk', async () => {
    await expect(refusal({ risk: 0.002 })).rejects.toThrow(/takes at least 1,151 texts/)
  })

  it('of a multi-label version, or of a cascade', async () => {
    const draft = { task: 'multi-label' as const, thresholds: [0.5, 0.5, 0.5] }
    const version = await writeTinyVersion({ storeDir, draft })
    await expect(refusal({ version })).rejects.toThrow(/it gives several labels/)
    await expect(refusal({ version: built.version })).rejects.toThrow(/build from tiny@1/)
  })

  it('with a label that the version does not have', async () => {
    const training = [{ text: 'a', label: 'z' }]
    await expect(refusal({ training })).rejects.toMatchObject({ code: 'dataset_invalid' })
  })
})

it('a small model that was changed on disk is refused', async () => {
  await appendFile(join(built.version.dir, smallModelFileName), 'x')
  await expect(openVersion({ ref: 'tiny@2', storeDir })).rejects.toMatchObject({
    code: 'model_corrupt',
  })
})
