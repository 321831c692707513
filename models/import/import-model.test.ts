// Exports of all families become versions that give what the references give; damaged ones are refused with
// a code and leave nothing behind. The fixtures say how they were made: tests/fixtures/make-imports.py.
import { readFileSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClassifier, type Classification, type Classifier } from '../classifier.ts'
import { decodeModel, encodeModel } from '../graph/onnx-wire.ts'
import { batchTextsOf } from '../manifest.ts'
import { loadTokenizer } from '../tokenizer.ts'
import type { ModelVersion } from '../version-files.ts'
import { importModel } from './import-model.ts'

const fixtures = fileURLToPath(new URL('../../tests/fixtures/imports/', import.meta.url))
/** The tokenizer of `words` is none of Winnow's own kinds. */
const families = ['bert', 'distilbert', 'roberta', 'xlm-r', 'modernbert', 'words'] as const

type Golden = {
  text: string
  ids: number[]
  truncated: boolean
  label: string
  logits: number[]
  probabilities: number[]
}

const goldenOf = (family: string): Golden[] =>
  JSON.parse(readFileSync(join(fixtures, family, 'golden.json'), 'utf8')) as Golden[]

let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'winnow-import-'))
})

afterAll(() => rm(scratch, { recursive: true, force: true }))

/** Opens a version as every command does. */
async function open({ manifest, modelPath, tokenizerPath }: ModelVersion): Promise<Classifier> {
  const { labels, maxTokens, thresholds } = manifest
  return openClassifier({
    ...{ modelPath, labels, maxTokens, thresholds, workers: 2 },
    tokenizer: loadTokenizer({ json: await readFile(tokenizerPath) }),
    batchTextsMax: batchTextsOf(manifest),
  })
}

async function classified(classifier: Classifier, ids: Int32Array): Promise<Classification> {
  const outcome = await classifier.classify(ids)
  if (outcome.kind !== 'ok') throw new Error(outcome.error.message)
  return outcome
}

describe.each(families)('an export of %s', (family) => {
  test('gives the ids, logits and labels of the references, alone and in batches', async () => {
    const { version, check } = await importModel({
      ...{ dir: join(fixtures, family), storeDir: join(scratch, family), name: family },
    })
    expect(version.manifest).toMatchObject({ method: 'import', maxTokens: 48, precision: 'fp32' })
    expect(version.manifest.tokenizerEngine).toBe(family === 'words' ? 'library' : 'own')
    expect(check.idTexts).toBe(goldenOf(family).length)
    expect(check.largestDifference).toBeLessThan(1e-5)
    const classifier = await open(version)
    try {
      const golden = goldenOf(family)
      const encoded = golden.map(({ text }) => classifier.tokenize(text))
      const together = await Promise.all(encoded.map(({ ids }) => classified(classifier, ids)))
      for (const [index, reference] of golden.entries()) {
        const { ids, truncated } = encoded[index]!
        expect(Array.from(ids)).toEqual(reference.ids)
        expect(truncated).toBe(reference.truncated)
        const { logits, probabilities } = together[index]!
        for (const [i, logit] of reference.logits.entries()) {
          expect(logits[i]).toBeCloseTo(logit, 4)
          expect(probabilities[i]).toBeCloseTo(reference.probabilities[i]!, 4)
        }
        expect(classifier.labels[logits.indexOf(Math.max(...logits))]).toBe(reference.label)
        const alone = await classified(classifier, ids)
        expect(alone.logits).toEqual(logits)
      }
    } finally {
      await classifier.close()
    }
  })
})

test('labels of a multi-label export apply or not by themselves', async () => {
  const dir = join(fixtures, 'roberta')
  const { version } = await importModel({ dir, storeDir: join(scratch, 'multi'), name: 'multi' })
  expect(version.manifest).toMatchObject({
    task: 'multi-label',
    labels: ['anger', 'joy', 'fear', 'surprise'],
    thresholds: [0.5, 0.5, 0.5, 0.5],
  })
})

test('weights in a file of their own end up in the one graph, the same each time', async () => {
  const inOne = await importModel({
    ...{ dir: join(fixtures, 'xlm-r'), storeDir: join(scratch, 'layout'), name: 'one' },
  })
  const again = await importModel({
    ...{ dir: join(fixtures, 'xlm-r'), storeDir: join(scratch, 'layout'), name: 'one' },
  })
  expect(again.version.ref).toBe('one@2')
  expect(again.version.manifest.graphSha256).toBe(inOne.version.manifest.graphSha256)
  expect(await readdir(again.version.dir)).not.toContain('model.onnx_data')
})

test('a text is cut where it is asked, within what the export takes', async () => {
  const options = { dir: join(fixtures, 'distilbert'), storeDir: join(scratch, 'cut'), name: 'cut' }
  await rm(join(scratch, 'shorter'), { recursive: true, force: true })
  await cp(options.dir, join(scratch, 'shorter'), { recursive: true })
  await rm(join(scratch, 'shorter', 'golden.json'))
  const dir = join(scratch, 'shorter')
  const { version } = await importModel({ ...options, dir, maxTokens: 16 })
  expect(version.manifest.maxTokens).toBe(16)
  for (const maxTokens of [4, 49]) {
    await expect(importModel({ ...options, dir, maxTokens })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/8 to 48/),
    })
  }
})

type Json = Record<string, unknown>

/** Changes a JSON file of an export. */
const json =
  (file: string, change: (value: Json) => unknown) =>
  async (dir: string): Promise<void> => {
    const value = JSON.parse(await readFile(join(dir, file), 'utf8')) as Json
    await writeFile(join(dir, file), JSON.stringify(change(value) ?? value))
  }
const config = (change: Json) => json('config.json', (value) => Object.assign(value, change))
const golden = (change: Json) =>
  json('golden.json', (texts) => {
    Object.assign((texts as unknown as Json[])[7]!, change)
  })
type Model = ReturnType<typeof decodeModel>
const graph =
  (change: (graph: NonNullable<Model['graph']>) => NonNullable<Model['graph']>) =>
  async (dir: string): Promise<void> => {
    const model = decodeModel(await readFile(join(dir, 'model.onnx')))
    await writeFile(join(dir, 'model.onnx'), encodeModel({ ...model, graph: change(model.graph!) }))
  }
const without = (file: string) => (dir: string) => rm(join(dir, file))
const cut = (file: string, bytes: number) => (dir: string) => truncate(join(dir, file), bytes)

type Defect = [what: string, code: string, message: RegExp, damage: (dir: string) => Promise<void>]

const defects: Record<string, Defect[]> = {
  words: [
    [
      'ids of the library that are not the golden ones',
      'golden_mismatch',
      /token ids \[1,2\] expected/,
      golden({ ids: [1, 2] }),
    ],
    [
      'a tokenizer that nobody knows',
      'model_incompatible',
      /"Nmt" is not known/,
      json('tokenizer.json', (file) => Object.assign(file, { normalizer: { type: 'Nmt' } })),
    ],
  ],
  bert: [
    ['no graph', 'export_invalid', /no model\.onnx and no onnx/, without('model.onnx')],
    ['no configuration', 'export_invalid', /no config\.json/, without('config.json')],
    ['no tokenizer', 'export_invalid', /no tokenizer\.json/, without('tokenizer.json')],
    ['a configuration that is cut off', 'export_invalid', /not valid JSON/, cut('config.json', 99)],
    ['a tokenizer that is cut off', 'model_corrupt', /not valid JSON/, cut('tokenizer.json', 999)],
    ['a graph that is cut off', 'export_invalid', /not an ONNX model/, cut('model.onnx', 99_999)],
    ['no labels', 'export_invalid', /has no id2label/, config({ id2label: undefined })],
    [
      'a hole in the labels',
      'export_invalid',
      /3 labels and none for 2/,
      config({ id2label: { 0: 'a', 1: 'b', 3: 'c' } }),
    ],
    [
      'a label twice',
      'export_invalid',
      /'a' twice/,
      config({ id2label: { 0: 'a', 1: 'b', 2: 'a' } }),
    ],
    [
      'more logits than labels',
      'export_invalid',
      /3 logits for the 2 labels/,
      config({ id2label: { 0: 'a', 1: 'b' } }),
    ],
    ['another family', 'model_incompatible', /family 'gpt2'/, config({ model_type: 'gpt2' })],
    [
      'another task',
      'model_incompatible',
      /BertForTokenClassification, not a sequence classifier/,
      config({ architectures: ['BertForTokenClassification'] }),
    ],
    ['a regression', 'model_incompatible', /regression/, config({ problem_type: 'regression' })],
    [
      'a tokenizer for another model',
      'export_invalid',
      /knows 99 tokens/,
      config({ vocab_size: 99 }),
    ],
    [
      'positions that the graph does not have',
      'model_incompatible',
      /fails on a text of 500 tokens/,
      async (dir) => {
        await config({ max_position_embeddings: 500 })(dir)
        await rm(join(dir, 'tokenizer_config.json'))
        await rm(join(dir, 'golden.json'))
      },
    ],
    [
      'a graph of hidden states',
      'model_incompatible',
      /no output logits \[batch, labels\] \(found: logits\)/,
      graph((one) => {
        const dims = ['batch', 'tokens', 'hidden'].map((parameter) => ({ parameter }))
        const type = { tensor: { elementType: 1, shape: { dims } } }
        return { ...one, outputs: [{ name: 'logits', type }] }
      }),
    ],
    [
      'an input that nobody can fill',
      'model_incompatible',
      /the input 'pixel_values'/,
      graph((one) => ({
        ...one,
        inputs: [...one.inputs!, { ...one.inputs![0]!, name: 'pixel_values' }],
      })),
    ],
    [
      'weights that are not numbers',
      'golden_mismatch',
      /logits/,
      graph((one) => ({
        ...one,
        initializers: one.initializers!.map((tensor) =>
          tensor.raw !== undefined && tensor.elementType === 1
            ? { ...tensor, raw: new Uint8Array(tensor.raw.length).fill(0xff) }
            : tensor,
        ),
      })),
    ],
    [
      'golden texts that are none',
      'export_invalid',
      /golden\.json/,
      json('golden.json', () => [1]),
    ],
    ['other golden ids', 'golden_mismatch', /token ids \[1,2\] expected/, golden({ ids: [1, 2] })],
    [
      'other golden logits',
      'golden_mismatch',
      /logits \[0,0,0\] expected/,
      golden({ logits: [0, 0, 0] }),
    ],
    [
      'other golden probabilities',
      'golden_mismatch',
      /probabilities \[1,0,0\] expected/,
      golden({ probabilities: [1, 0, 0] }),
    ],
    ['another golden label', 'golden_mismatch', /label "eggs" expected/, golden({ label: 'eggs' })],
  ],
  'xlm-r': [
    ['no weights', 'export_invalid', /cannot be read/, without('model.onnx_data')],
    ['weights cut off', 'export_invalid', /end at byte/, cut('model.onnx_data', 1_000)],
    [
      'weights elsewhere',
      'export_invalid',
      /outside the export/,
      graph((one) => ({
        ...one,
        initializers: one.initializers!.map((tensor) => ({
          ...tensor,
          externalLocation: tensor.externalLocation?.map((entry) =>
            entry.key === 'location' ? { ...entry, value: '../model.onnx_data' } : entry,
          ),
        })),
      })),
    ],
  ],
}

describe.each(Object.entries(defects))('%s is refused', (family, cases) => {
  test.each(cases)('with %s: %s', async (_, code, message, damage) => {
    const dir = await mkdtemp(join(scratch, 'export-'))
    const storeDir = await mkdtemp(join(scratch, 'store-'))
    await cp(join(fixtures, family), dir, { recursive: true })
    await damage(dir)
    await expect(importModel({ dir, storeDir, name: 'damaged' })).rejects.toMatchObject({
      ...{ name: 'WinnowError', code, message: expect.stringMatching(message) },
    })
    expect(await readdir(storeDir)).toEqual([])
  })
})

test('a golden mismatch names the text, what was expected and what was found', async () => {
  const dir = await mkdtemp(join(scratch, 'export-'))
  await cp(join(fixtures, 'bert'), dir, { recursive: true })
  await golden({ logits: [0, 0, 0] })(dir)
  const { text, logits } = goldenOf('bert')[7]!
  const refused = importModel({ dir, storeDir: join(scratch, 'named'), name: 'named' })
  const error = (await refused.catch((thrown: unknown) => thrown)) as { details: Json }
  expect(error.details).toMatchObject({ text, what: 'logits', expected: [0, 0, 0] })
  const found = error.details['found'] as number[]
  for (const [i, logit] of logits.entries()) expect(found[i]).toBeCloseTo(logit, 4)
})
