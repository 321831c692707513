// Question: does `winnow train --method head`, which chooses C by itself, reach scikit-learn's
// LogisticRegression with the best C of 1, 10, 100 as judged on the test set, on the very same
// frozen embeddings? Prints one JSON line a data set; results are kept in RESULTS.md.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { cacheDir, modelStoreDir } from '../configs/paths.ts'
import { ensureBase, type Base } from '../models/base-store.ts'
import { labelIndices, readDataset, trainingLabels, type Dataset } from '../trainers/dataset.ts'
import { openFrozenEncoder } from '../trainers/frozen-encoder.ts'
import { trainHead, type TrainedModel } from '../trainers/train-head.ts'

const usage = 'node bench/head.ts --data-dir DIR [--sets hwu64,sst2,ag_news] [--python python3]'

/** What head_sklearn.py prints. */
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
        readDataset({ kind: 'file', path: join(folder, `${part}.jsonl.gz`) }),
      ),
    )
    const result = await compare({ base, name, train: train!, test: test! })
    console.log(JSON.stringify(result))
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}

async function compare(set: { base: Base; name: string; train: Dataset; test: Dataset }) {
  const { base, name, train, test } = set
  const embeddings = join(cacheDir(), 'embeddings')
  await exportEmbeddings({ ...set, embeddings, folder: scratch })
  const started = performance.now()
  const shared = { train, test, base, name, storeDir: scratch, cacheDir: embeddings }
  // The rival sees the last layer only, and so does the head that is compared with it.
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
    /** Search, fit, measures, publication and verification, with all embeddings cached. */
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
}): Promise<void> {
  const { base, folder } = work
  const encoder = await openFrozenEncoder({
    base,
    cacheDir: work.embeddings,
    maxTokens: base.maxTokens,
    workers: availableParallelism(),
  })
  try {
    const labels = trainingLabels(work.train)
    for (const part of ['train', 'test'] as const) {
      const { rows } = await encoder.embed(work[part].examples.map(({ text }) => text))
      await writeFile(join(folder, `${part}.f32`), rows)
      await writeFile(join(folder, `${part}.i32`), labelIndices(work[part], labels))
    }
    await writeFile(join(folder, 'shape.json'), JSON.stringify({ width: encoder.hidden }))
  } finally {
    await encoder.close()
  }
}
