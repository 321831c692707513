// Question: does `winnow cv --method head` give the mean accuracy of scikit-learn's cross_val_score
// on the very same embeddings and folds, and does it take at most 1.3 times as long as one
// `winnow train` and the fits of the other folds? Prints one JSON line; RESULTS.md keeps them.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { modelStoreDir } from '../configs/paths.ts'
import { ensureBase, type Base } from '../models/bases/base-store.ts'
import { crossValidate } from '../trainers/cross-validation/cross-validate.ts'
import type { CrossValidated } from '../trainers/cross-validation/cv-record.ts'
import { openHeadFolds } from '../trainers/cross-validation/head-folds.ts'
import { planFolds } from '../trainers/cross-validation/folds.ts'
import { applyDataRules, defaultDataRules } from '../trainers/data/data-rules.ts'
import {
  labelIndices,
  readDataset,
  trainingLabels,
  type Dataset,
} from '../trainers/data/dataset.ts'
import { openFrozenEncoder } from '../trainers/embeddings/frozen-encoder.ts'
import { trainHead } from '../trainers/head/train-head.ts'
import { stopwatch, type Spent } from './measuring.ts'

// Without --python, only the time is measured.
const usage = 'node bench/cv.ts --data FILE [--folds 5] [--base minilm-l6] [--python PYTHON]'
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    folds: { type: 'string', default: '5' },
    base: { type: 'string', default: 'minilm-l6' },
    python: { type: 'string' },
  },
})
if (values.data === undefined) throw new Error(usage)
const folds = Number(values.folds)
const seed = 1
const scratch = await mkdtemp(join(tmpdir(), 'winnow-bench-cv-'))
try {
  const base = await ensureBase({ name: values.base, storeDir: modelStoreDir() })
  const read = await readDataset({ kind: 'file', paths: [values.data] })
  const { train: dataset } = applyDataRules({ train: read }, defaultDataRules)
  // Neither finds embeddings of the other.
  const train = await timeTraining({ dataset, base, storeDir: join(scratch, 'train') })
  const storeDir = join(scratch, 'cv')
  const cv = await timeFolds({ dataset, base, storeDir })
  const { result } = cv
  const rival =
    values.python === undefined
      ? undefined
      : await scoreRival(values.python, { dataset, base, storeDir, result })
  const accuracy = result.mean['accuracy']!
  const allowed = (train: Spent, fit: Spent, kind: keyof Spent): number =>
    train[kind] + (folds - 1) * fit[kind]
  console.log(
    JSON.stringify({
      data: dataset.manifest.source,
      examples: dataset.examples.length,
      labels: result.labels.length,
      ours: { mean: accuracy, deviation: result.deviation['accuracy'], folds: result.folds },
      sklearn: rival,
      differencePoints: rival && 100 * (accuracy - rival.accuracy.mean),
      spent: { cv: cv.spent, ...train },
      ratio: cv.spent.seconds / allowed(train.train, train.fit, 'seconds'),
      ratioOfProcessor: cv.spent.cpuSeconds / allowed(train.train, train.fit, 'cpuSeconds'),
    }),
  )
} finally {
  await rm(scratch, { recursive: true, force: true })
}

type Work = { dataset: Dataset; base: Base; storeDir: string }

/** One training, and the part of it that is not embedding or publishing. */
async function timeTraining({
  dataset,
  base,
  storeDir,
}: Work): Promise<{ train: Spent; fit: Spent }> {
  const train = stopwatch()
  let sinceEmbedding = train
  let fit = train()
  await trainHead({
    train: dataset,
    base,
    storeDir,
    name: 'bench',
    seed,
    onProgress({ kind }) {
      if (kind === 'embedding') sinceEmbedding = stopwatch()
      if (kind === 'reporting') fit = sinceEmbedding()
    },
  })
  return { train: train(), fit }
}

async function timeFolds({
  dataset,
  base,
  storeDir,
}: Work): Promise<{ result: CrossValidated; spent: Spent }> {
  const spent = stopwatch()
  const labels = trainingLabels(dataset)
  const { result } = await crossValidate({
    dataset,
    labels,
    storeDir,
    name: 'bench',
    folds,
    seed,
    openTrainer: () => openHeadFolds({ dataset, labels, base, storeDir }),
  })
  return { result, spent: spent() }
}

async function scoreRival(
  python: string,
  work: Work & { result: CrossValidated },
): Promise<{ accuracy: { mean: number } }> {
  await exportFolds({ ...work, chosen: work.result.folds.map(({ chosen }) => chosen) })
  const script = fileURLToPath(new URL('cv_sklearn.py', import.meta.url))
  const { stdout } = await promisify(execFile)(python, [script, scratch])
  return JSON.parse(stdout) as { accuracy: { mean: number } }
}

/** Writes embeddings, labels, folds and each fold's C for the rival. */
async function exportFolds(
  work: Work & { chosen: readonly Readonly<Record<string, number>>[] },
): Promise<void> {
  const { dataset, base, storeDir } = work
  const encoder = await openFrozenEncoder({
    base,
    cacheDir: join(storeDir, 'embeddings'),
    maxTokens: base.maxTokens,
    workers: availableParallelism(),
    pooledLayers: 'every',
  })
  const texts = dataset.examples.map(({ text }) => text)
  const { rows, width } = await encoder.embed(texts).finally(() => encoder.close())
  const foldOf = new Int32Array(dataset.examples.length)
  for (const { fold, test } of planFolds(dataset.examples, { folds, seed })) {
    for (const index of test) foldOf[index] = fold - 1
  }
  const strengths = work.chosen.map(({ inverseRegularisation }) => inverseRegularisation)
  await writeFile(join(scratch, 'rows.f32'), rows)
  await writeFile(join(scratch, 'truth.i32'), labelIndices(dataset, trainingLabels(dataset)))
  await writeFile(join(scratch, 'folds.i32'), foldOf)
  await writeFile(join(scratch, 'shape.json'), JSON.stringify({ width, strengths }))
}
