// Does `winnow train --method head`, which chooses C itself, match scikit-learn's
// LogisticRegression with the best C of 1, 10, 100 on the test set, on the same frozen embeddings?
// With --speed: how long do both take to choose C on the same folds from the same grid, and to fit
// all rows? Prints one JSON line per data set; results are in RESULTS.md.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { cacheDir, modelStoreDir } from '../configs/paths.ts'
import { ensureBase, type Base } from '../models/bases/base-store.ts'
import {
  labelIndices,
  readDataset,
  trainingLabels,
  type Dataset,
} from '../trainers/data/dataset.ts'
import { openFrozenEncoder } from '../trainers/embeddings/frozen-encoder.ts'
import { headProbabilities } from '../trainers/head/head-probabilities.ts'
import {
  regularisationGrid,
  trainLogisticRegression,
} from '../trainers/head/logistic-regression.ts'
import { rowOutcomes } from '../trainers/evaluation/metrics.ts'
import { stratifiedFolds } from '../trainers/data/split.ts'
import { trainHead, type TrainedModel } from '../trainers/head/train-head.ts'
import { stopwatch } from './measuring.ts'

const usage =
  'node bench/head.ts --data-dir DIR [--speed] [--sets hwu64,sst2,ag_news] [--python python3]'

/** The output of head_sklearn.py. */
type Rival = {
  readonly version: string
  readonly trials: readonly {
    readonly C: number
    readonly accuracy: number
    readonly macroF1: number
    readonly logLoss: number
    readonly seconds: number
  }[]
}

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string' },
    sets: { type: 'string', default: 'hwu64,sst2,ag_news' },
    base: { type: 'string', default: 'minilm-l6' },
    python: { type: 'string', default: 'python3' },
    speed: { type: 'boolean', default: false },
  },
})
if (values['data-dir'] === undefined) throw new Error(usage)
const scratch = await mkdtemp(join(tmpdir(), 'winnow-bench-head-'))
try {
  const base = await ensureBase({ name: values.base, storeDir: modelStoreDir() })
  for (const name of values.sets.split(',')) {
    const folder = join(values['data-dir'], name)
    const [train, test] = await Promise.all(
      ['train', 'test'].map((part) =>
        readDataset({ kind: 'file', paths: [join(folder, `${part}.jsonl.gz`)] }),
      ),
    )
    const set = { base, name, train: train!, test: test! }
    const result = values.speed ? await compareSpeed(set) : await compare(set)
    console.log(JSON.stringify(result))
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}

type Set = { base: Base; name: string; train: Dataset; test: Dataset }

async function compare(set: Set) {
  const { base, name, train, test } = set
  const embeddings = join(cacheDir(), 'embeddings')
  await exportEmbeddings({ ...set, embeddings, folder: scratch })
  const started = performance.now()
  const shared = { train, test, base, name, storeDir: scratch, cacheDir: embeddings }
  // The rival sees only the last layer, and so does the head that is compared with it.
  const ours = await trainHead({ ...shared, pooledLayers: 'last' })
  const seconds = (performance.now() - started) / 1_000
  const script = fileURLToPath(new URL('head_sklearn.py', import.meta.url))
  const { stdout } = await promisify(execFile)(values.python, [script, scratch])
  const byDefault = await trainHead({ ...shared, pooledLayers: 'every' })
  return {
    ...summarize(ours, { name, seconds, rival: JSON.parse(stdout) as Rival }),
    accuracyByDefault: byDefault.metrics.accuracy,
  }
}

/** Both run the same search: Winnow's grid and three folds, judged by macro F1. */
async function compareSpeed(set: Set) {
  const { name, train, test } = set
  const embeddings = join(cacheDir(), 'embeddings')
  const exported = await exportEmbeddings({ ...set, embeddings, folder: scratch })
  const { trainRows, testRows, width } = exported
  const labels = trainingLabels(train)
  const foldOf = stratifiedFolds(train.examples, { folds: 3, seed: 1 })
  await writeFile(join(scratch, 'folds.i32'), foldOf)
  const shape = { width, grid: regularisationGrid }
  await writeFile(join(scratch, 'shape.json'), JSON.stringify(shape))
  const truth = labelIndices(train, labels)
  const spent = stopwatch()
  const fit = await trainLogisticRegression({
    training: {
      features: { rows: trainRows, count: train.examples.length, width },
      labels: labels.length,
      truth,
    },
    foldOf,
  })
  const { seconds, cpuSeconds } = spent()
  const testTruth = labelIndices(test, labels)
  const probabilities = headProbabilities(testRows, fit.head, 'softmax')
  const { predicted } = rowOutcomes({ truth: testTruth, probabilities, labels: labels.length })
  const right = predicted.filter((label, row) => label === testTruth[row]).length
  const accuracy = right / testTruth.length
  const script = fileURLToPath(new URL('head_sklearn.py', import.meta.url))
  const { stdout } = await promisify(execFile)(values.python, [script, scratch])
  const rival = JSON.parse(stdout) as { seconds: number }
  return {
    set: name,
    ours: { C: fit.inverseRegularisation, accuracy, seconds, cpuSeconds },
    sklearn: rival,
    ratio: rival.seconds / seconds,
  }
}

function summarize(ours: TrainedModel, run: { name: string; seconds: number; rival: Rival }) {
  const best = run.rival.trials.reduce((a, b) => (b.accuracy > a.accuracy ? b : a))
  const { accuracy, macroF1, logLoss, ece, intervals } = ours.metrics
  return {
    set: run.name,
    train: ours.dataManifest.train.examples,
    test: ours.dataManifest.test?.examples,
    labels: ours.labels.length,
    ours: {
      C: ours.inverseRegularisation,
      accuracy,
      macroF1,
      logLoss,
      ece,
      interval: intervals.accuracy,
    },
    /** Search, fit, evaluation, publication and verification, with all embeddings cached. */
    seconds: run.seconds,
    sklearn: { version: run.rival.version, best, trials: run.rival.trials },
    differencePoints: 100 * (accuracy - best.accuracy),
  }
}

/** Writes both parts as raw float32 rows and int32 label indices for the rival. */
async function exportEmbeddings(work: {
  base: Base
  train: Dataset
  test: Dataset
  embeddings: string
  folder: string
}): Promise<{ trainRows: Float32Array; testRows: Float32Array; width: number }> {
  const { base, folder } = work
  const encoder = await openFrozenEncoder({
    base,
    cacheDir: work.embeddings,
    maxTokens: base.maxTokens,
    workers: availableParallelism(),
  })
  try {
    const labels = trainingLabels(work.train)
    const write = async (part: 'train' | 'test'): Promise<Float32Array> => {
      const { rows } = await encoder.embed(work[part].examples.map(({ text }) => text))
      await writeFile(join(folder, `${part}.f32`), rows)
      await writeFile(join(folder, `${part}.i32`), labelIndices(work[part], labels))
      return rows
    }
    const [trainRows, testRows] = [await write('train'), await write('test')]
    await writeFile(join(folder, 'shape.json'), JSON.stringify({ width: encoder.hidden }))
    return { trainRows, testRows, width: encoder.hidden }
  } finally {
    await encoder.close()
  }
}
