// Question: how many labels that were changed on purpose does `winnow labels check` list, and how
// many of those that it lists were changed, beside cleanlab on the same held-out probabilities?
// Prints one JSON line per kind and rate of errors, the mean over the seeds; RESULTS.md keeps them.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { modelStoreDir } from '../configs/paths.ts'
import { ensureBase } from '../models/bases/base-store.ts'
import { applyDataRules, defaultDataRules } from '../trainers/data/data-rules.ts'
import {
  describeExamples,
  labelTruth,
  readDataset,
  trainingLabels,
} from '../trainers/data/dataset.ts'
import { seededRandom } from '../models/runtime/seeded-random.ts'
import { stratifiedFolds } from '../trainers/data/split.ts'
import { openFrozenEncoder } from '../trainers/embeddings/frozen-encoder.ts'
import { withLabels, type Example } from '../trainers/files/source-row.ts'
import { judgedLayers, judgingProbabilities } from '../trainers/head/check-labels.ts'
import { findLabelIssues } from '../trainers/labels/label-issues.ts'
import { fitLabelNoise } from '../trainers/labels/label-noise.ts'
import { findLabelSetIssues } from '../trainers/labels/label-set-issues.ts'
import { fitLabelSetNoise } from '../trainers/labels/label-set-noise.ts'
import { stopwatch } from './measuring.ts'
import { errorKinds, plantErrors, plantSetErrors, similarLabels } from './planted-errors.ts'

const usage =
  'node bench/labels.ts --data FILE [--examples 4000] [--joined 2500] [--kinds uniform,confusable]\n' +
  '  [--rates 0.05,0.1,0.2] [--seeds 1,2,3] [--base minilm-l6] [--python PYTHON]\n' +
  '--joined N makes N texts with sets of labels, each of one to three texts of the file in a row.'
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    examples: { type: 'string', default: '1000000' },
    joined: { type: 'string' },
    kinds: { type: 'string', default: errorKinds.join() },
    rates: { type: 'string', default: '0.05,0.1,0.2' },
    seeds: { type: 'string', default: '1,2,3' },
    base: { type: 'string', default: 'minilm-l6' },
    python: { type: 'string' },
  },
})
if (values.data === undefined) throw new Error(usage)
const numbers = (list: string): number[] => list.split(',').map(Number)
const folds = 5
const scratch = await mkdtemp(join(tmpdir(), 'winnow-bench-labels-'))
try {
  const { examples, labels, rows, width } = await embedded()
  const task = examples[0]!.labels === undefined ? 'single-label' : 'multi-label'
  const dataset = { examples, manifest: describeExamples('bench', examples) }
  const real = labelTruth(dataset, { labels, task })
  const count = labels.length
  const applies = (example: number, label: number): boolean =>
    real.truth === undefined
      ? real.targets[example * count + label] === 1
      : real.truth[example] === label
  const similar = similarLabels({ rows, width }, { labels: count, applies })
  for (const kind of errorKinds.filter((one) => values.kinds.split(',').includes(one))) {
    for (const rate of numbers(values.rates)) {
      const runs: Found[] = []
      for (const seed of numbers(values.seeds)) {
        const rule = { kind, rate, seed, similar }
        const planted =
          real.truth === undefined
            ? plantSetErrors(real.targets, rule)
            : plantErrors(real.truth, rule)
        runs.push(await search(planted, { examples, labels, rows, width }))
      }
      const mean = meanOf(runs)
      console.log(JSON.stringify({ examples: examples.length, labels: count, kind, rate, ...mean }))
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}

type Texts = { examples: Example[]; labels: readonly string[]; rows: Float32Array; width: number }

async function embedded(): Promise<Texts> {
  const read = await readDataset({ kind: 'file', paths: [values.data!] })
  const { train } = applyDataRules({ train: read }, defaultDataRules)
  const single = train.examples.slice(0, Number(values.examples))
  const examples = values.joined === undefined ? single : joined(single, Number(values.joined))
  const labels = trainingLabels({ examples, manifest: describeExamples('bench', examples) })
  const base = await ensureBase({ name: values.base, storeDir: modelStoreDir() })
  const encoder = await openFrozenEncoder({
    base,
    cacheDir: join(modelStoreDir(), 'embeddings'),
    maxTokens: base.maxTokens,
    pooledLayers: judgedLayers(values.joined === undefined ? 'single-label' : 'multi-label'),
    workers: availableParallelism(),
  })
  const texts = examples.map(({ text }) => text)
  const { rows, width } = await encoder.embed(texts).finally(() => encoder.close())
  return { examples, labels, rows, width }
}

function joined(examples: readonly Example[], count: number): Example[] {
  const random = seededRandom(5)
  return Array.from({ length: count }, () => {
    const parts = Array.from(
      { length: 1 + random.below(3) },
      () => examples[random.below(examples.length)]!,
    )
    const text = parts.map((part) => part.text).join('. ')
    return withLabels({ text, label: '' }, [...new Set(parts.map(({ label }) => label))].sort())
  })
}

type Score = { listed: number; precision: number; recall: number; f1: number; auprc?: number }
type Found = { winnow: Score; cpuSeconds: number } & Record<string, Score | number>

/** What both tools find in one data set with planted errors. */
async function search(
  planted: { given: Int32Array | Uint8Array; changed: Uint8Array },
  { examples, labels, rows, width }: Texts,
): Promise<Found> {
  const { given, changed } = planted
  const count = labels.length
  const truth =
    given instanceof Int32Array ? { truth: given } : { targets: given, truth: undefined }
  const relabelled = examples.map((example, at) =>
    truth.truth === undefined
      ? withLabels(
          example,
          labels.filter((_, label) => given[at * count + label] === 1),
        )
      : { ...example, label: labels[given[at]!]! },
  )
  const features = { rows, count: examples.length, width }
  const spent = stopwatch()
  const probabilities = await judgingProbabilities(
    { features, labels: count, ...truth },
    { foldOf: stratifiedFolds(relabelled, { folds, seed: 1 }) },
  )
  const { listed, wrong } = judge({ ...truth, probabilities, labels: count })
  const { cpuSeconds } = spent()
  const winnow = { ...scoreOf(listed, changed), auprc: auprc(wrong, changed) }
  return { winnow, cpuSeconds, ...(await searchRival({ given, changed, probabilities, count })) }
}

function judge(
  judged: { probabilities: Float32Array; labels: number } & (
    { truth: Int32Array } | { truth: undefined; targets: Uint8Array }
  ),
): { listed: readonly number[]; wrong: ArrayLike<number> } {
  if (judged.truth !== undefined) {
    const { issues } = findLabelIssues(judged)
    return { listed: issues.map(({ example }) => example), wrong: fitLabelNoise(judged).wrong }
  }
  const { issues } = findLabelSetIssues(judged)
  const { wrong } = fitLabelSetNoise(judged)
  const sets = Array.from({ length: wrong.length / judged.labels }, (_, example) =>
    wrong
      .subarray(example * judged.labels, (example + 1) * judged.labels)
      .reduce((sum, probability) => sum - Math.log1p(-probability), 0),
  )
  return { listed: issues.map(({ example }) => example), wrong: sets }
}

function scoreOf(listed: readonly number[], changed: Uint8Array): Score {
  const hits = listed.reduce((sum, example) => sum + changed[example]!, 0)
  const all = changed.reduce((sum, one) => sum + one, 0)
  const [precision, recall] = [hits / Math.max(1, listed.length), hits / all]
  const f1 = (2 * hits) / (listed.length + all)
  return { listed: listed.length, precision, recall, f1 }
}

/** The area under the precision-recall curve, as average precision. */
function auprc(scores: ArrayLike<number>, changed: Uint8Array): number {
  const order = [...changed.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b)
  let [hits, sum] = [0, 0]
  for (const [index, example] of order.entries()) {
    if (changed[example] === 0) continue
    hits++
    sum += hits / (index + 1)
  }
  return sum / hits
}

async function searchRival(found: {
  given: Int32Array | Uint8Array
  changed: Uint8Array
  probabilities: Float32Array
  count: number
}): Promise<Record<string, Score>> {
  if (values.python === undefined) return {}
  await writeFile(join(scratch, 'given'), found.given)
  await writeFile(join(scratch, 'changed'), found.changed)
  await writeFile(join(scratch, 'probabilities'), found.probabilities)
  const task = found.given instanceof Int32Array ? 'single' : 'sets'
  const script = fileURLToPath(new URL('labels_cleanlab.py', import.meta.url))
  const argv = [script, scratch, task, String(found.count)]
  const { stdout } = await promisify(execFile)(values.python, argv)
  return JSON.parse(stdout) as Record<string, Score>
}

/** The mean of each number over the runs. */
function meanOf(runs: readonly Found[]): Record<string, unknown> {
  const mean = (of: readonly unknown[]): unknown => {
    const [first] = of
    if (typeof first === 'number') {
      const sum = (of as number[]).reduce((total, value) => total + value, 0)
      return Number((sum / of.length).toFixed(4))
    }
    return Object.fromEntries(
      Object.keys(first as object).map((key) => [
        key,
        mean(of.map((one) => (one as Record<string, unknown>)[key])),
      ]),
    )
  }
  return mean(runs) as Record<string, unknown>
}
