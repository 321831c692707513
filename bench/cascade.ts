// How good is the small model of a cascade as a classifier of its own, beside TF-IDF and logistic
// regression of scikit-learn on the same texts? And with --model: what does a whole cascade answer
// and lose on test texts that had no part in it? Prints one JSON line per question; results are in
// RESULTS.md.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildCascade, cascadeDefaults } from '../library/cascade.ts'
import { createSmallModel } from '../models/cascade/small-model.ts'
import { readSmallModel, writeSmallModel } from '../models/cascade/small-model-file.ts'
import { ensureBase } from '../models/bases/base-store.ts'
import { modelStoreDir } from '../configs/paths.ts'
import { seededRandom } from '../models/runtime/seeded-random.ts'
import { openVersion } from '../models/store/version-store.ts'
import { openVersionModel } from '../models/inference/version-model.ts'
import { fitSmallModel } from '../trainers/cascade/fit-small-model.ts'
import { logitRows, predictionsOf } from '../trainers/cascade/small-predictions.ts'
import { staticVectors } from '../trainers/cascade/static-vectors.ts'
import { readDataset, type Dataset } from '../trainers/data/dataset.ts'
import { openBaseEncoder } from '../trainers/embeddings/frozen-encoder.ts'
import type { TextEncoder } from '../models/inference/text-encoder.ts'
import type { ModelVersion } from '../models/store/version-files.ts'
import { parseDatasetSource } from '../trainers/files/dataset-source.ts'
import type { Example } from '../trainers/files/source-row.ts'

/** Of the base encoder. */
const vocabularySize = 30_522

const usage =
  'node bench/cascade.ts --data-dir DIR [--sets hwu64,sst2,ag_news] [--sizes 1000,all] [--python python3]\n' +
  'node bench/cascade.ts --model REF --data FILE --held-out FILE --test FILE [--risk R] [--confidence C]'

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    sets: { type: 'string', default: 'hwu64,sst2,ag_news' },
    sizes: { type: 'string', default: '1000,all' },
    python: { type: 'string', default: 'python3' },
    model: { type: 'string' },
    data: { type: 'string' },
    'held-out': { type: 'string' },
    test: { type: 'string' },
    risk: { type: 'string', default: String(cascadeDefaults.risk) },
    confidence: { type: 'string', default: '0.95' },
  },
})
const { model, data, test: testFile, 'data-dir': dataDir } = values
if (model !== undefined && data !== undefined && testFile !== undefined) {
  await measureCascade({ model, data, heldOut: values['held-out'], testFile })
} else if (dataDir !== undefined) {
  await compareSmallModels(dataDir)
} else {
  throw new Error(usage)
}

/** The small model alone beside scikit-learn. */
async function compareSmallModels(folder: string): Promise<void> {
  const base = await ensureBase({ name: 'minilm-l6', storeDir: modelStoreDir() })
  const workers = availableParallelism()
  const opened = await openBaseEncoder({ base, maxTokens: 256, workers })
  const encoder = remembering(opened.encoder)
  try {
    for (const name of values.sets.split(',')) {
      const read = (part: string): Promise<Dataset> =>
        readDataset(parseDatasetSource(join(folder, name, `${part}.jsonl.gz`)))
      const train = await read('train')
      const test = (await read('test')).examples
      for (const size of values.sizes.split(',')) {
        const shuffled = seededRandom(1).shuffle([...train.examples])
        const examples = size === 'all' ? shuffled : shuffled.slice(0, Number(size))
        const accuracy = await smallAccuracy(examples, { test, encoder })
        const rival = await rivalAccuracies(examples, test)
        console.log(JSON.stringify({ set: name, examples: examples.length, accuracy, rival }))
      }
    }
  } finally {
    await opened.close()
  }
}

type Encoder = Pick<TextEncoder, 'embed' | 'hidden' | 'tokenize'>

/** Every size and set needs vectors of the same tokens. */
function remembering(encoder: Encoder): Encoder {
  const known = new Map<string, ReturnType<Encoder['embed']>>()
  return {
    hidden: encoder.hidden,
    tokenize: (text) => encoder.tokenize(text),
    embed(ids) {
      const key = ids.join()
      const outcome = known.get(key) ?? encoder.embed(ids)
      known.set(key, outcome)
      return outcome
    },
  }
}

async function smallAccuracy(
  examples: readonly Example[],
  { test, encoder }: { test: readonly Example[]; encoder: Encoder },
): Promise<number> {
  const labels = [...new Set(examples.map(({ label }) => label))].sort()
  const targets = new Float32Array(examples.length * labels.length)
  for (const [at, { label }] of examples.entries()) {
    targets[at * labels.length + labels.indexOf(label)] = 1
  }
  const texts = examples.map(({ text }) => encoder.tokenize(text).ids)
  const vectors = await staticVectors({ encoder, vocabulary: vocabularySize, texts })
  const file = writeSmallModel(fitSmallModel({ texts, targets, labels: labels.length, vectors }))
  const small = createSmallModel(readSmallModel(file, { labels: labels.length }))
  const ids = test.map(({ text }) => encoder.tokenize(text).ids)
  const found = predictionsOf(logitRows(ids, small), 1).labels
  return test.filter(({ label }, at) => labels[found[at]!] === label).length / test.length
}

/** The accuracies of scikit-learn by C. */
async function rivalAccuracies(
  examples: readonly Example[],
  test: readonly Example[],
): Promise<unknown> {
  const script = fileURLToPath(new URL('cascade_sklearn.py', import.meta.url))
  const child = spawn(values.python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const rows = (all: readonly Example[]): string[][] => all.map(({ text, label }) => [text, label])
  child.stdin.end(
    JSON.stringify({ train: rows(examples), test: rows(test), strengths: [1, 10, 100] }),
  )
  return JSON.parse(await readAll(child.stdout)) as unknown
}

/** A cascade, measured on texts that had no part in it. */
async function measureCascade(given: {
  model: string
  data: string
  heldOut: string | undefined
  testFile: string
}): Promise<void> {
  const { model, data, heldOut, testFile } = given
  const [risk, confidence] = [Number(values.risk), Number(values.confidence)]
  const built = await buildCascade({ model, data, heldOut, risk, confidence })
  const { examples } = await readDataset(parseDatasetSource(testFile))
  const full = await openVersion({ ref: built.cascade.full, storeDir: modelStoreDir() })
  const [before, after] = [
    await answersOf(full, examples),
    await answersOf(built.version, examples),
  ]
  const count = examples.length
  const isRight = (answers: readonly Answer[], at: number): boolean =>
    answers[at]!.label === examples[at]!.label
  const share = (holds: (at: number) => boolean): number =>
    examples.filter((_, at) => holds(at)).length / count
  console.log(
    JSON.stringify({
      model: built.version.ref,
      heldOut: built.cascade,
      test: {
        texts: count,
        answered: share((at) => after[at]!.by === 'small'),
        full: share((at) => isRight(before, at)),
        cascade: share((at) => isRight(after, at)),
        lost: share((at) => isRight(before, at) && !isRight(after, at)),
        won: share((at) => !isRight(before, at) && isRight(after, at)),
      },
    }),
  )
}

type Answer = { readonly label: string; readonly by: string }

async function answersOf(version: ModelVersion, examples: readonly Example[]): Promise<Answer[]> {
  const { classifier } = await openVersionModel({ version, workers: availableParallelism() })
  const answers: Answer[] = []
  try {
    for await (const { outcome } of classifier.classifyAll(examples.map(({ text }) => text))) {
      if (outcome.kind === 'rejected') throw new Error(outcome.error.message)
      answers.push({ label: outcome.label, by: outcome.answeredBy })
    }
    return answers
  } finally {
    await classifier.close()
  }
}
